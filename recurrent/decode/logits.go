package decode

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// checkLogits reports logits with which no decoder can work: NaN, +Inf, or -Inf throughout. A single -Inf is legal: its token
// never comes. Every decoder calls it for each row that it reads.
func checkLogits[F float32 | float64](logits []F) error {
	some := false
	for i, v := range logits {
		if v != v || math.IsInf(float64(v), 1) {
			return errors.Errorf("logit %d is %v", i, v)
		}
		some = some || !math.IsInf(float64(v), -1)
	}
	if !some {
		return errors.New("no token has a finite logit")
	}
	return nil
}

// widened returns the numbers as float64, in room if it is large enough.
func widened[F float32 | float64](room []float64, x []F) []float64 {
	out := slices.Grow(room[:0], len(x))[:len(x)]
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// first is the index of the largest number, the smallest index among equals.
func first[F float32 | float64](x []F) int {
	top := 0
	for i, v := range x {
		if v > x[top] {
			top = i
		}
	}
	return top
}

// logSoftmax turns logits that passed checkLogits into log-probabilities, in place.
func logSoftmax(x []float64) {
	top, sum := slices.Max(x), 0.0
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	log := top + math.Log(sum)
	for i := range x {
		x[i] -= log
	}
}

// framesOf is the number of frames of sequence b: steps where none are given.
func framesOf(frames []int, b, steps int) (int, error) {
	if frames == nil {
		return steps, nil
	}
	if n := frames[b]; n < 0 || n > steps {
		return 0, errors.Errorf("%d frames of sequence %d; want 0 to %d", n, b, steps)
	}
	return frames[b], nil
}
