package graph

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// unaryOp is an element-wise function of one tensor.
type unaryOp struct {
	name string
	f32  func(dst, x []float32)
	f64  func(dst, x []float64)
}

func (u *unaryOp) String() string { return u.name }

func (u *unaryOp) bind(b *binding) task {
	if b.f64 {
		return bindUnary(b, u.f64)
	}
	return bindUnary(b, u.f32)
}

func bindUnary[T kernel.Float](b *binding, f func(dst, x []T)) task {
	dst, x := vec[T](b.out), vec[T](b.in[0])
	return func() error { f(dst, x); return nil }
}

var (
	opSigmoid  = &unaryOp{name: "sigmoid", f32: kernel.Sigmoid[float32], f64: kernel.Sigmoid[float64]}
	opTanh     = &unaryOp{name: "tanh", f32: kernel.Tanh[float32], f64: kernel.Tanh[float64]}
	opReLU     = &unaryOp{name: "relu", f32: kernel.ReLU[float32], f64: kernel.ReLU[float64]}
	opExp      = &unaryOp{name: "exp", f32: kernel.Exp[float32], f64: kernel.Exp[float64]}
	opLog      = &unaryOp{name: "log", f32: kernel.Log[float32], f64: kernel.Log[float64]}
	opSqrt     = &unaryOp{name: "sqrt", f32: kernel.Sqrt[float32], f64: kernel.Sqrt[float64]}
	opSquare   = &unaryOp{name: "square", f32: kernel.Square[float32], f64: kernel.Square[float64]}
	opSoftplus = &unaryOp{name: "softplus", f32: kernel.Softplus[float32], f64: kernel.Softplus[float64]}
	opErf      = &unaryOp{name: "erf", f32: kernel.Erf[float32], f64: kernel.Erf[float64]}
	opNeg      = &unaryOp{name: "neg", f32: kernel.Neg[float32], f64: kernel.Neg[float64]}
	opAbs      = &unaryOp{name: "abs", f32: kernel.Abs[float32], f64: kernel.Abs[float64]}
	opSign     = &unaryOp{name: "sign", f32: sign[float32], f64: sign[float64]}
)

func sign[T kernel.Float](dst, x []T) {
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

func (g *Graph) unary(o *unaryOp, x Node) Node {
	if !g.floats(o.name, x) {
		return Node{}
	}
	return g.apply(o, x.shape(), x)
}

// floats reports whether all nodes can be operands of a float operation of this graph.
func (g *Graph) floats(op string, nodes ...Node) bool {
	if g.err != nil {
		return false
	}
	for i, n := range nodes {
		switch {
		case !n.Valid():
			g.failf(op, "operand %d is an invalid node", i)
		case n.c != g.core:
			g.failf(op, "operand %d (%v) belongs to another graph", i, n)
		case n.IsIDs():
			g.failf(op, "operand %d (%v) holds ids; want %v", i, n, g.dtype)
		default:
			continue
		}
		return false
	}
	return true
}

// Sigmoid is 1/(1+exp(-x)), element by element.
func (g *Graph) Sigmoid(x Node) Node { return g.unary(opSigmoid, x) }

// Tanh is the hyperbolic tangent, element by element.
func (g *Graph) Tanh(x Node) Node { return g.unary(opTanh, x) }

// ReLU is max(x, 0), element by element.
func (g *Graph) ReLU(x Node) Node { return g.unary(opReLU, x) }

// Exp is e to the power of x, element by element.
func (g *Graph) Exp(x Node) Node { return g.unary(opExp, x) }

// Log is the natural logarithm, element by element.
func (g *Graph) Log(x Node) Node { return g.unary(opLog, x) }

// Sqrt is the square root, element by element.
func (g *Graph) Sqrt(x Node) Node { return g.unary(opSqrt, x) }

// Square is x·x, element by element.
func (g *Graph) Square(x Node) Node { return g.unary(opSquare, x) }

// Softplus is log(1+exp(x)), element by element.
func (g *Graph) Softplus(x Node) Node { return g.unary(opSoftplus, x) }

// Erf is the error function, 2/√π·∫exp(-t²) from 0 to x, element by element. In float32 it is right to 2e-7.
func (g *Graph) Erf(x Node) Node { return g.unary(opErf, x) }

// Neg is -x.
func (g *Graph) Neg(x Node) Node { return g.unary(opNeg, x) }

// Abs is |x|, element by element; its derivative at 0 is 0.
func (g *Graph) Abs(x Node) Node { return g.unary(opAbs, x) }

// affine is mul·x + add.
type affine struct {
	mul, add float64
}

func (o affine) String() string {
	switch {
	case o.add == 0:
		return fmt.Sprintf("scale %g", o.mul)
	case o.mul == 1:
		return fmt.Sprintf("shift %g", o.add)
	}
	return fmt.Sprintf("affine %g %g", o.mul, o.add)
}

func (o affine) bind(b *binding) task {
	if b.f64 {
		return bindUnary(b, func(dst, x []float64) { kernel.Affine(dst, x, o.mul, o.add) })
	}
	return bindUnary(b, func(dst, x []float32) { kernel.Affine(dst, x, float32(o.mul), float32(o.add)) })
}

// Affine is mul·x + add with two constants: 1-x is Affine(x, -1, 1).
func (g *Graph) Affine(x Node, mul, add float64) Node {
	if !g.floats("Affine", x) {
		return Node{}
	}
	if math.IsNaN(mul) || math.IsNaN(add) || math.IsInf(mul, 0) || math.IsInf(add, 0) {
		return g.failf("Affine", "constants %g and %g; want finite numbers", mul, add)
	}
	if mul == 1 && add == 0 {
		return x
	}
	return g.apply(affine{mul: mul, add: add}, x.shape(), x)
}

// AddScalar is x + c.
func (g *Graph) AddScalar(x Node, c float64) Node { return g.Affine(x, 1, c) }

// MulScalar is c·x.
func (g *Graph) MulScalar(x Node, c float64) Node { return g.Affine(x, c, 0) }

// clamp limits x to [low, high].
type clamp struct {
	low, high float64
}

func (o clamp) String() string { return fmt.Sprintf("clamp %g %g", o.low, o.high) }

func (o clamp) bind(b *binding) task { return pick(b, bindClamp[float32](o), bindClamp[float64](o)) }

func bindClamp[T kernel.Float](o clamp) func(*binding) task {
	return func(b *binding) task { return bindUnary(b, clampInto[T](o)) }
}

func clampInto[T kernel.Float](o clamp) func(dst, x []T) {
	low, high := T(o.low), T(o.high)
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

// Clamp limits every element to [low, high]. The gradient is passed on inside the interval, its ends included, and
// is zero outside, as PyTorch does.
func (g *Graph) Clamp(x Node, low, high float64) Node {
	if !g.floats("Clamp", x) {
		return Node{}
	}
	if !(low <= high) {
		return g.failf("Clamp", "low %g is above high %g", low, high)
	}
	return g.apply(clamp{low: low, high: high}, x.shape(), x)
}

// within is 1 where low <= x <= high and 0 elsewhere: the derivative of clamp.
type within struct{ low, high float64 }

func (o within) String() string { return fmt.Sprintf("within %g %g", o.low, o.high) }

func (o within) bind(b *binding) task { return pick(b, bindWithin[float32](o), bindWithin[float64](o)) }

func bindWithin[T kernel.Float](o within) func(*binding) task {
	return func(b *binding) task { return bindUnary(b, withinInto[T](o)) }
}

func withinInto[T kernel.Float](o within) func(dst, x []T) {
	low, high := T(o.low), T(o.high)
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

// unaryGrads builds dx from x, the result y, and the gradient of the result.
var unaryGrads map[*unaryOp]func(g *Graph, x, y, dy Node) Node

func init() {
	unaryGrads = map[*unaryOp]func(g *Graph, x, y, dy Node) Node{
		opSigmoid:  func(g *Graph, _, y, dy Node) Node { return g.binary(opSigmoidGrad, y, dy) },
		opTanh:     func(g *Graph, _, y, dy Node) Node { return g.binary(opTanhGrad, y, dy) },
		opReLU:     func(g *Graph, _, y, dy Node) Node { return g.binary(opReLUGrad, y, dy) },
		opExp:      func(g *Graph, _, y, dy Node) Node { return g.Mul(dy, y) },
		opLog:      func(g *Graph, x, _, dy Node) Node { return g.Div(dy, x) },
		opSqrt:     func(g *Graph, _, y, dy Node) Node { return g.Div(dy, g.MulScalar(y, 2)) },
		opSquare:   func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.MulScalar(x, 2)) },
		opSoftplus: func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.Sigmoid(x)) },
		opErf: func(g *Graph, x, _, dy Node) Node { // 2/√π·exp(-x²)
			return g.Mul(dy, g.MulScalar(g.Exp(g.Neg(g.Square(x))), 2/math.Sqrt(math.Pi)))
		},
		opNeg:  func(g *Graph, _, _, dy Node) Node { return g.Neg(dy) },
		opAbs:  func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.unary(opSign, x)) },
		opSign: func(g *Graph, x, _, _ Node) Node { return g.MulScalar(x, 0) },
	}
	differentiate(func(o *unaryOp, d derivation) []Node { return []Node{unaryGrads[o](d.g, d.in[0], d.out, d.grad)} })
	differentiate(func(o affine, d derivation) []Node { return []Node{d.g.MulScalar(d.grad, o.mul)} })
	differentiate(func(o clamp, d derivation) []Node {
		inside := d.g.apply(within{low: o.low, high: o.high}, d.in[0].shape(), d.in[0])
		return []Node{d.g.Mul(d.grad, inside)}
	})
	constant[within]()
}
