package op

import (
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Rounding makes numbers whole. It is a type of its own as its derivative is 0 wherever there is one: nothing is learned through it.
type Rounding struct{ *Unary }

// The ways to round: to the nearest, of two as near to the even one; down; towards zero.
var (
	Round    = Rounding{&Unary{Name: "round", f32: rounded32, f64: each(math.RoundToEven)}}
	Floor    = Rounding{&Unary{Name: "floor", f32: through64(math.Floor), f64: each(math.Floor)}}
	Truncate = Rounding{&Unary{Name: "truncate", f32: through64(math.Trunc), f64: each(math.Trunc)}}
)

// rounded32 adds and takes away a number beside which float32 has no place for fractions: that rounds, ties to even.
func rounded32(dst, x []float32) {
	const whole = 3 << 22
	for i, v := range x {
		if r := float32(v+whole) - whole; v > -1<<22 && v < 1<<22 {
			dst[i] = r
		} else {
			dst[i] = float32(math.RoundToEven(float64(v)))
		}
	}
}

func through64(f func(float64) float64) func(dst, x []float32) {
	return func(dst, x []float32) {
		for i, v := range x {
			dst[i] = float32(f(float64(v)))
		}
	}
}

func each[T kernel.Float](f func(T) T) func(dst, x []T) {
	return func(dst, x []T) {
		for i, v := range x {
			dst[i] = f(v)
		}
	}
}
