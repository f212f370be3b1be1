package op

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Unary is an element-wise function of one tensor.
type Unary struct {
	Name string
	f32  func(dst, x []float32)
	f64  func(dst, x []float64)
}

func (u *Unary) String() string { return u.Name }

func (u *Unary) Bind(b *Binding) Task {
	if b.F64 {
		return bindUnary(b, u.f64)
	}
	return bindUnary(b, u.f32)
}

func bindUnary[T kernel.Float](b *Binding, f func(dst, x []T)) Task {
	dst, x := Vec[T](b.Out), Vec[T](b.In[0])
	return func() error { f(dst, x); return nil }
}

// The functions of one number. The gradients through Sigmoid, Tanh and ReLU have operators of their own, see SigmoidGrad.
var (
	Sigmoid  = &Unary{Name: "sigmoid", f32: kernel.Sigmoid[float32], f64: kernel.Sigmoid[float64]}
	Tanh     = &Unary{Name: "tanh", f32: kernel.Tanh[float32], f64: kernel.Tanh[float64]}
	ReLU     = &Unary{Name: "relu", f32: kernel.ReLU[float32], f64: kernel.ReLU[float64]}
	Exp      = &Unary{Name: "exp", f32: kernel.Exp[float32], f64: kernel.Exp[float64]}
	Log      = &Unary{Name: "log", f32: kernel.Log[float32], f64: kernel.Log[float64]}
	Sqrt     = &Unary{Name: "sqrt", f32: kernel.Sqrt[float32], f64: kernel.Sqrt[float64]}
	Square   = &Unary{Name: "square", f32: kernel.Square[float32], f64: kernel.Square[float64]}
	Softplus = &Unary{Name: "softplus", f32: kernel.Softplus[float32], f64: kernel.Softplus[float64]}
	Erf      = &Unary{Name: "erf", f32: kernel.Erf[float32], f64: kernel.Erf[float64]}
	Log1p    = &Unary{Name: "log1p", f32: kernel.Log1p[float32], f64: kernel.Log1p[float64]}
	LogGamma = &Unary{Name: "log gamma", f32: kernel.LogGamma[float32], f64: kernel.LogGamma[float64]}
	Neg      = &Unary{Name: "neg", f32: kernel.Neg[float32], f64: kernel.Neg[float64]}
	Abs      = &Unary{Name: "abs", f32: kernel.Abs[float32], f64: kernel.Abs[float64]}
	Sign     = &Unary{Name: "sign", f32: signs[float32], f64: signs[float64]}
	Sin      = &Unary{Name: "sin", f32: each[float32](math.Sin), f64: each[float64](math.Sin)}
	Cos      = &Unary{Name: "cos", f32: each[float32](math.Cos), f64: each[float64](math.Cos)}
)

// each computes a function in float64, number by number.
func each[T kernel.Float](f func(float64) float64) func(dst, x []T) {
	return func(dst, x []T) {
		for i, v := range x {
			dst[i] = T(f(float64(v)))
		}
	}
}

func signs[T kernel.Float](dst, x []T) {
	for i, v := range x {
		switch {
		case v > 0:
			dst[i] = 1
		case v < 0:
			dst[i] = -1
		default:
			dst[i] = v // ±0 and NaN
		}
	}
}

// Affine is mul·x + add.
type Affine struct {
	Mul, Add float64
}

func (o Affine) String() string {
	switch {
	case o.Add == 0:
		return fmt.Sprintf("scale %g", o.Mul)
	case o.Mul == 1:
		return fmt.Sprintf("shift %g", o.Add)
	}
	return fmt.Sprintf("affine %g %g", o.Mul, o.Add)
}

func (o Affine) Bind(b *Binding) Task {
	if b.F64 {
		return bindUnary(b, func(dst, x []float64) { kernel.Affine(dst, x, o.Mul, o.Add) })
	}
	return bindUnary(b, func(dst, x []float32) { kernel.Affine(dst, x, float32(o.Mul), float32(o.Add)) })
}

// Clamp limits x to [low, high].
type Clamp struct {
	Low, High float64
}

func (o Clamp) String() string { return fmt.Sprintf("clamp %g %g", o.Low, o.High) }

func (o Clamp) Bind(b *Binding) Task { return pick(b, bindClamp[float32](o), bindClamp[float64](o)) }

func bindClamp[T kernel.Float](o Clamp) func(*Binding) Task {
	return func(b *Binding) Task { return bindUnary(b, clampInto[T](o)) }
}

func clampInto[T kernel.Float](o Clamp) func(dst, x []T) {
	low, high := T(o.Low), T(o.High)
	return func(dst, x []T) {
		for i, v := range x {
			switch { // written so that NaN passes through
			case v < low:
				v = low
			case v > high:
				v = high
			}
			dst[i] = v
		}
	}
}

// Within is 1 where low <= x <= high and 0 elsewhere: the derivative of clamp.
type Within struct{ Low, High float64 }

func (o Within) String() string { return fmt.Sprintf("within %g %g", o.Low, o.High) }

func (o Within) Bind(b *Binding) Task { return pick(b, bindWithin[float32](o), bindWithin[float64](o)) }

func bindWithin[T kernel.Float](o Within) func(*Binding) Task {
	return func(b *Binding) Task { return bindUnary(b, withinInto[T](o)) }
}

func withinInto[T kernel.Float](o Within) func(dst, x []T) {
	low, high := T(o.Low), T(o.High)
	return func(dst, x []T) {
		for i, v := range x {
			inside := v >= low && v <= high
			dst[i] = 0
			if inside {
				dst[i] = 1
			}
		}
	}
}
