package op

import (
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
