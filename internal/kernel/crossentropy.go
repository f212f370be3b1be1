package kernel

import "math"

// largeLogit is the size of logits beyond which ln Σeˣ, rounded to their size, would lose digits that count. Rows of
// larger ones take the differences of logits first.
const largeLogit = 1 << 10

// CrossEntropyRow is ln Σeˣ - x[target], the cross-entropy of the softmax of x for one target.
func CrossEntropyRow[T Float](x []T, target int) T {
	m := Max(x)
	if math.IsInf(float64(m), 0) || m != m {
		return m - x[target]
	}
	log := T(math.Log(sumExp(x, m)))
	if isLarge(m) {
		return (m - x[target]) + log
	}
	return m + log - x[target]
}

// isLarge tells whether a logit, or a sum or difference of them, is beyond that.
func isLarge[T Float](x T) bool { return math.Abs(float64(x)) > largeLogit }

// gradientPiece is the number of elements of a row that are finished before the next are begun: they stay in the
// first-level cache.
const gradientPiece = 2048

// CrossEntropyGradRow is dst = (softmax(x) - onehot(target))·dy, where loss is CrossEntropyRow(x, target): it gives back
// ln Σeˣ, so that no sum is taken again. An exponential is: e^(x - ln Σeˣ) has not the bits of e^(x-m)/Σe^(x-m). dst may
// be x.
func CrossEntropyGradRow[T Float](dst, x []T, target int, loss, dy T) {
	dst = dst[:len(x)]
	log := loss + x[target]
	if isLarge(log) || isLarge(loss) {
		SoftmaxRow(dst, x)
		dst[target]--
		Affine(dst, dst, dy, 0)
		return
	}
	for i := 0; i < len(x); i += gradientPiece {
		end := min(i+gradientPiece, len(x))
		out := dst[i:end]
		expSub(out, x[i:end], log)
		if i <= target && target < end {
			out[target-i]--
		}
		Affine(out, out, dy, 0)
	}
}
