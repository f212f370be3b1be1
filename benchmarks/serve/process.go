package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// process is that of a service on this machine, as /proc of Linux tells of it.
type process struct {
	pid          int
	early, late  float64       // MB of memory after 10 s, and at the end
	before, used time.Duration // of processors
}

// watch looks at the process until the function that it returns is called. It may be nil, or no process.
func (p *process) watch() (stop func()) {
	if p == nil || p.pid == 0 {
		return func() {}
	}
	p.before, _ = p.now()
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		select {
		case <-time.After(10 * time.Second):
			_, p.early = p.now()
		case <-done:
		}
	})
	return func() {
		close(done)
		all.Wait()
		p.used, p.late = p.now()
		p.used -= p.before
	}
}

// now is the time of processors that the process has taken, and its resident memory in MB; zero where there is no /proc.
func (p *process) now() (used time.Duration, memory float64) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return 0, 0
	}
	// The name of the program, in brackets, may have blanks. utime and stime are the 14th and 15th fields, rss the 24th (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system, pages float64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12]+" "+fields[21], &user, &system, &pages); err != nil {
		return 0, 0
	}
	const tick = 10 * time.Millisecond // of USER_HZ, 100 on all that Go runs on
	return time.Duration(user+system) * tick, pages * float64(os.Getpagesize()) / 1e6
}

// text tells what was seen of n requests.
func (p *process) text(n int) string {
	if p == nil || p.pid == 0 || n == 0 {
		return ""
	}
	return fmt.Sprintf(", the service took %.3f ms of processors for each, %.0f MB after 10 s, %.0f MB at the end",
		p.used.Seconds()*1000/float64(n), p.early, p.late)
}
