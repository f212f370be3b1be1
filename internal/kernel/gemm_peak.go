//go:build (amd64 || arm64) && !noasm

package kernel

import (
	"sync"
	"time"
)

// PeakFMA measures how many 10⁹ operations a second so many processors at a time do in multiply-adds of vectors of
// float32: the limit of matrix products. It takes about 10 ms. Without assembly it is 0.
func PeakFMA(processors int) float64 {
	loop, operations := peakLoop()
	if loop == nil {
		return 0
	}
	rates := make([]float64, processors)
	var running sync.WaitGroup
	for i := range rates {
		running.Go(func() { rates[i] = bestRate(loop, operations) })
	}
	running.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum
}

// bestRate is the largest rate among many short runs of a loop that does so many operations a turn.
func bestRate(loop func(int), operations int) (best float64) {
	const turns = 5000
	for start := time.Now(); time.Since(start) < 10*time.Millisecond; {
		begin := time.Now()
		loop(turns)
		best = max(best, float64(turns*operations)/float64(time.Since(begin).Nanoseconds()))
	}
	return best
}
