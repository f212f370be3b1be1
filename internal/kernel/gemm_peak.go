//go:build amd64 && !noasm

package kernel

import (
	"sync"
	"time"
)

// PeakFMA measures how many 10⁹ operations a second so many processors at a time do in multiply-adds of vectors of
// float32: the limit of matrix products. It takes about 10 ms. Without assembly it is 0.
func PeakFMA(processors int) float64 {
	loop, lanes := peak32AVX2, 8
	switch {
	case hasAVX512:
		loop, lanes = peak32AVX512, 16
	case !hasAVX2:
		return 0
	}
	rates := make([]float64, processors)
	var running sync.WaitGroup
	for i := range rates {
		running.Go(func() { rates[i] = bestRate(loop, lanes) })
	}
	running.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum
}

// bestRate is the largest rate among many short runs.
func bestRate(loop func(int), lanes int) (best float64) {
	const turns, chains = 5000, 12
	for start := time.Now(); time.Since(start) < 10*time.Millisecond; {
		begin := time.Now()
		loop(turns)
		best = max(best, float64(2*turns*chains*lanes)/float64(time.Since(begin).Nanoseconds()))
	}
	return best
}
