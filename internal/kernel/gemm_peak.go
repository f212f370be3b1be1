//go:build amd64 && !noasm

package kernel

import "time"

// PeakFMA measures how many 10⁹ operations a second one processor does in multiply-adds of vectors of float32, the
// limit of a matrix product; it takes about 5 ms. Without assembly it is 0.
func PeakFMA() float64 {
	loop, lanes := peak32AVX2, 8.0
	switch {
	case hasAVX512:
		loop, lanes = peak32AVX512, 16
	case !hasAVX2:
		return 0
	}
	const turns, chains = 5000, 12
	best := 0.0
	for range 200 {
		start := time.Now()
		loop(turns)
		best = max(best, 2*turns*chains*lanes/float64(time.Since(start).Nanoseconds()))
	}
	return best
}
