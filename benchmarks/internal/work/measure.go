package work

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	settling = 2 // steps before the clock counts: compiling, first touch of memory
	least    = 3 // steps that count, however long they take
)

// Measure calls step again and again, for a while after the first few calls, and returns the median of its times. base
// is the memory before the work, as PeakMB gives it.
func Measure(w Work, d time.Duration, base float64, step func() error) (Result, error) {
	for range settling {
		if err := step(); err != nil {
			return Result{}, err
		}
	}
	var times []time.Duration
	for start := time.Now(); len(times) < least || time.Since(start) < d; {
		before := time.Now()
		if err := step(); err != nil {
			return Result{}, err
		}
		times = append(times, time.Since(before))
	}
	slices.Sort(times)
	median := float64(times[len(times)/2].Nanoseconds())
	return Result{
		Work: w, Threads: runtime.GOMAXPROCS(0), Steps: len(times), Nanoseconds: median,
		TokensPerSecond: float64(w.Tokens()) * 1e9 / median, PeakMB: PeakMB(), BaseMB: base,
	}, nil
}

// PeakMB is the most memory that the process has had resident so far, in 10⁶ bytes; 0 where the system does not say.
// Linux's getrusage would count what the parent process held before it started this one.
func PeakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return peakMB(string(status))
}

func peakMB(status string) float64 {
	for line := range strings.Lines(status) {
		if size, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(size), "kB")), 64)
			if err != nil {
				return 0
			}
			return kib * 1024 / 1e6
		}
	}
	return 0
}

// Falls guards a benchmark of training: its step must return a finite loss that is lower in the end than at first,
// which it is when the same batch is learned again and again. A benchmark of something that does not learn is none.
func Falls(first, last float64) error {
	if !(last < first) {
		return fmt.Errorf("work: the loss went from %v to %v; want it to fall", first, last)
	}
	return nil
}
