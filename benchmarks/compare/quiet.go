package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Other processes spoil measurements, most of all those with several threads: OpenMP's threads spin while they wait for
// each other, and lose a factor of 30 when one of them has to share its processor. So a measurement waits for the
// machine to be quiet, and is done again if it was disturbed.
const (
	disturbed = 0.10 // others' share of a processor from which on a measurement is repeated
	attempts  = 3    // in all; the least disturbed counts
	patience  = 3    // waits in vain, one after the other, after which the machine is taken to be a busy one
	window    = 200 * time.Millisecond
)

// meter tells how many seconds all processors have worked so far, and whether that is known.
type meter func() (seconds float64, ok bool)

// systemMeter reads Linux's; elsewhere nothing is known.
func systemMeter() (float64, bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	return busySeconds(string(stat))
}

// busySeconds reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in hundredths
// of a second. Stolen time is another virtual machine's, so it disturbs like another process's.
func busySeconds(stat string) (float64, bool) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, false
	}
	ticks := 0.0
	for _, i := range []int{1, 2, 3, 6, 7, 8} {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return 0, false
		}
		ticks += v
	}
	return ticks / 100, true
}

// settle waits for the machine to be quiet, until it has proved to be a busy one. Then nothing is waited for and nothing
// repeated, as that would only take time, and the report says so.
func (c *comparison) settle(ctx context.Context) {
	if c.busy {
		return
	}
	if c.meter.quiet(ctx, c.idle) {
		c.vain = 0
	} else if c.vain++; c.vain == patience {
		c.busy = true
		fmt.Fprintln(c.progress, "the machine does not get quiet: going on without waiting, and without repeating what was disturbed")
	}
}

// quiet waits until others use little of the processors, at most for so long. It returns false if they never did.
func (m meter) quiet(ctx context.Context, most time.Duration) bool {
	for start := time.Now(); time.Since(start) < most && ctx.Err() == nil; {
		before, ok := m()
		if !ok {
			return true
		}
		at := time.Now()
		select {
		case <-ctx.Done():
		case <-time.After(window):
		}
		if after, _ := m(); (after-before)/time.Since(at).Seconds() <= disturbed {
			return true
		}
	}
	return most <= 0 || ctx.Err() != nil
}

// others runs f, which returns the processors' time that it used itself, and returns the share of one processor that
// other processes took meanwhile; 0 if that is not known.
func (m meter) others(f func() (own time.Duration)) float64 {
	before, ok := m()
	start := time.Now()
	own := f()
	wall := time.Since(start).Seconds()
	after, _ := m()
	if !ok || wall <= 0 {
		return 0
	}
	return max(0, after-before-own.Seconds()) / wall
}
