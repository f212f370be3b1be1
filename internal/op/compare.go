package op

import (
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Comparison is 1 where it holds and 0 elsewhere; none holds for a NaN. It is a type of its own as it has no derivative.
type Comparison struct{ *Binary }

// The comparisons that the others are made of.
var (
	Less        = Comparison{&Binary{Name: "less", f32: less[float32], f64: less[float64]}}
	LessOrEqual = Comparison{&Binary{Name: "less or equal", f32: lessOrEqual[float32], f64: lessOrEqual[float64]}}
	Equal       = Comparison{&Binary{Name: "equal", f32: equal[float32], f64: equal[float64]}}
)

func less[T kernel.Float](dst, a, b []T) {
	for i, v := range a {
		dst[i] = truth[T](v < b[i])
	}
}

func lessOrEqual[T kernel.Float](dst, a, b []T) {
	for i, v := range a {
		dst[i] = truth[T](v <= b[i])
	}
}

func equal[T kernel.Float](dst, a, b []T) {
	for i, v := range a {
		dst[i] = truth[T](v == b[i])
	}
}

func truth[T kernel.Float](holds bool) T {
	if holds {
		return 1
	}
	return 0
}

// Pow is a to the power of b, and PowLog that times log a, 0 where a is 0: a part of its derivative.
var (
	Pow    = &Binary{Name: "pow", f32: power[float32], f64: power[float64]}
	PowLog = &Binary{Name: "pow log", f32: powerLog[float32], f64: powerLog[float64]}
)

func power[T kernel.Float](dst, a, b []T) {
	for i, v := range a {
		dst[i] = T(math.Pow(float64(v), float64(b[i])))
	}
}

func powerLog[T kernel.Float](dst, a, b []T) {
	for i, v := range a {
		x := float64(v)
		dst[i] = 0
		if x != 0 {
			dst[i] = T(math.Pow(x, float64(b[i])) * math.Log(x))
		}
	}
}
