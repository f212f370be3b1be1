package op

import (
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Binary is an element-wise function of two tensors that broadcast against each other.
type Binary struct {
	Name string
	f32  func(dst, a, b []float32)
	f64  func(dst, a, b []float64)
}

func (o *Binary) String() string { return o.Name }

func (o *Binary) Bind(b *Binding) Task {
	if b.F64 {
		return bindBinary(b, o.f64)
	}
	return bindBinary(b, o.f32)
}

// bindBinary walks the result in rows; each operand's row is a part of it, the same row again, or one number.
func bindBinary[T kernel.Float](b *Binding, f func(dst, a, b []T)) Task {
	dst := Vec[T](b.Out)
	layouts, row := patterns(b.Out.Shape, b.In[0].Shape, b.In[1].Shape)
	x, y := newRowReader[T](b.In[0], layouts[0], row), newRowReader[T](b.In[1], layouts[1], row)
	return func() error {
		for r, i := 0, 0; i < len(dst); r, i = r+1, i+row {
			f(dst[i:i+row], x.row(r), y.row(r))
		}
		return nil
	}
}

// Differences, products and quotients. Sums have Add, which takes any number of operands.
var (
	Sub = &Binary{Name: "sub", f32: kernel.Sub[float32], f64: kernel.Sub[float64]}
	Mul = &Binary{Name: "mul", f32: kernel.Mul[float32], f64: kernel.Mul[float64]}
	Div = &Binary{Name: "div", f32: kernel.Div[float32], f64: kernel.Div[float64]}
)

// The gradients through the gates, from the gradient of the result and the result y itself: one pass instead of three.
var (
	SigmoidGrad = &Binary{Name: "sigmoid'", f32: kernel.SigmoidGrad[float32], f64: kernel.SigmoidGrad[float64]}
	TanhGrad    = &Binary{Name: "tanh'", f32: kernel.TanhGrad[float32], f64: kernel.TanhGrad[float64]}
	ReLUGrad    = &Binary{Name: "relu'", f32: kernel.ReLUGrad[float32], f64: kernel.ReLUGrad[float64]}
)

// Differences of functions of the gamma function, at a+b and at a.
var (
	LogRisingFactorial = &Binary{
		Name: "log rising factorial", f32: kernel.LogRisingFactorial[float32], f64: kernel.LogRisingFactorial[float64],
	}
	DigammaDifference = &Binary{Name: "digamma difference", f32: kernel.DigammaDifference[float32], f64: kernel.DigammaDifference[float64]}
)

// Add is the sum of any number of tensors, which broadcast against each other. Gradient sums are add nodes too.
type Add struct{}

func (Add) String() string { return "add" }

func (o Add) Bind(b *Binding) Task { return pick(b, bindSum[float32], bindSum[float64]) }

// bindSum adds the operands row by row, from left to right.
func bindSum[T kernel.Float](b *Binding) Task {
	dst := Vec[T](b.Out)
	shapes := make([][]int, len(b.In))
	for i, in := range b.In {
		shapes[i] = in.Shape
	}
	layouts, row := patterns(b.Out.Shape, shapes...)
	readers := make([]*rowReader[T], len(b.In))
	for i, in := range b.In {
		readers[i] = newRowReader[T](in, layouts[i], row)
	}
	return func() error {
		for r, i := 0, 0; i < len(dst); r, i = r+1, i+row {
			out := dst[i : i+row]
			if len(readers) == 1 {
				copy(out, readers[0].row(r))
				continue
			}
			kernel.Add(out, readers[0].row(r), readers[1].row(r))
			for _, x := range readers[2:] {
				kernel.AddTo(out, x.row(r))
			}
		}
		return nil
	}
}

// JointShape is the shape that two shapes broadcast to, and whether they do: aligned at the right, their dimensions are
// equal, or one of the two is 1.
func JointShape(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := Clone(a)
	for i := range b {
		j := len(a) - len(b) + i
		switch {
		case a[j] == b[i] || b[i] == 1:
		case a[j] == 1:
			out[j] = b[i]
		default:
			return nil, false
		}
	}
	return out, true
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
