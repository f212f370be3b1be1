//go:build amd64 && !noasm

package kernel

// peakLoop is the loop that finds how many multiply-adds the processor can do, and the operations of a turn; nil
// without assembly.
func peakLoop() (loop func(n int), operations int) {
	const chains = 12
	switch {
	case hasAVX512:
		return peak32AVX512, 2 * chains * 16
	case hasAVX2:
		return peak32AVX2, 2 * chains * 8
	}
	return nil, 0
}
