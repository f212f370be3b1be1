package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/cpu"
)

// work is a job that falls into parts that may be done in any order and side by side.
type work interface {
	// part does part number i. Each goroutine has a scratch of its own.
	part(i int, s *scratch)
}

// team is a set of goroutines that share a job with its caller. A job takes a few dozen microseconds, less than it
// takes to wake a goroutine, so members look out for the next one for a while before they sleep.
type team struct {
	caller  sync.Mutex   // held by the one caller whose job runs
	started atomic.Int32 // members there are; grows only

	// What several processors write lies in cache lines of its own: handing a line over takes a processor some 100 ns.

	_ cpu.CacheLinePad
	// state is a job's number (32 bits), the number of members it wants (16) and of parts that nobody has taken yet
	// (16). A part is taken by counting down; the number keeps a late member from taking a part of a job that it
	// did not see begin.
	state atomic.Uint64
	_     cpu.CacheLinePad
	job   work // may be read by who has taken a part
	_     cpu.CacheLinePad
	done  atomic.Int32 // parts done, of those who found none left
	_     cpu.CacheLinePad

	asleep atomic.Int32
	wake   chan struct{}
}

const (
	maxMembers = 255
	maxParts   = 1<<16 - 1
	lookout    = 50 * time.Microsecond // for which a member without a job stays awake
)

var theTeam = team{wake: make(chan struct{}, maxMembers)}

// run does the parts of a job, with up to helpers members beside the caller. Without helpers, or while another
// caller has the team, the caller works alone.
func (t *team) run(job work, parts, helpers int) {
	s := takeScratch()
	defer giveScratch(s)
	helpers = min(helpers, parts-1, maxMembers)
	if helpers <= 0 || parts > maxParts || !t.caller.TryLock() {
		for i := range parts {
			job.part(i, s)
		}
		return
	}
	defer t.caller.Unlock()
	for id := int(t.started.Load()); id < helpers; id++ {
		go t.member(id)
		t.started.Add(1)
	}
	t.job = job
	t.done.Store(0)
	number := t.state.Load()>>32 + 1
	t.state.Store(number<<32 | uint64(helpers)<<16 | uint64(parts))
	t.rouse(helpers)
	t.help(s)
	for i := 0; int(t.done.Load()) < parts; i++ {
		if i < 4000 {
			pause(1)
		} else {
			runtime.Gosched() // a member lost its processor in the middle of a part
		}
	}
	t.job = nil
}

// awake tells whether members look out for a job.
func (t *team) awake() bool { return t.asleep.Load() < t.started.Load() }

// help does parts until none is left. The job does not end, and no other begins, before they are counted.
func (t *team) help(s *scratch) {
	n := int32(0)
	for t.take(s) {
		n++
	}
	if n > 0 {
		t.done.Add(n)
	}
}

// take does one part, or tells that none is left.
func (t *team) take(s *scratch) bool {
	for {
		v := t.state.Load()
		left := int(v & 0xffff)
		if left == 0 {
			return false
		}
		if t.state.CompareAndSwap(v, v-1) {
			t.job.part(left-1, s)
			return true
		}
	}
}

// rouse wakes members, n at most.
func (t *team) rouse(n int) {
	for range n {
		for {
			a := t.asleep.Load()
			if a == 0 {
				return
			}
			if t.asleep.CompareAndSwap(a, a-1) {
				t.wake <- struct{}{}
				break
			}
		}
	}
}

// member helps with jobs for ever.
func (t *team) member(id int) {
	s := takeScratch()
	for {
		for t.wanted(id) {
			t.help(s)
		}
		if t.lookOut(id) {
			continue
		}
		t.asleep.Add(1)
		// A job that began before the line above did not see this member asleep.
		if t.wanted(id) {
			if a := t.asleep.Load(); a > 0 && t.asleep.CompareAndSwap(a, a-1) {
				continue
			}
		}
		<-t.wake
	}
}

// wanted tells whether there is something to do for member id.
func (t *team) wanted(id int) bool {
	v := t.state.Load()
	return v&0xffff > 0 && id < int(v>>16&0xffff)
}

// lookOut waits a while for a job for member id.
func (t *team) lookOut(id int) bool {
	for start := time.Now(); time.Since(start) < lookout; {
		for range 32 {
			if t.wanted(id) {
				return true
			}
			pause(1)
		}
	}
	return false
}
