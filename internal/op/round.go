package op

import (
	"math"
)

// Rounding makes numbers whole. It is a type of its own as its derivative is 0 wherever there is one: nothing is learned through it.
type Rounding struct{ *Unary }

// The ways to round: to the nearest, of two as near to the even one; down; towards zero.
var (
	Round    = Rounding{&Unary{Name: "round", f32: rounded32, f64: each[float64](math.RoundToEven)}}
	Floor    = Rounding{&Unary{Name: "floor", f32: each[float32](math.Floor), f64: each[float64](math.Floor)}}
	Truncate = Rounding{&Unary{Name: "truncate", f32: each[float32](math.Trunc), f64: each[float64](math.Trunc)}}
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
