package graph

import (
	"math"

	"github.com/unroll-go/unroll/internal/op"
)

func (g *Graph) unary(o *op.Unary, x Node) Node {
	if !g.floats(o.Name, x) {
		return Node{}
	}
	return g.apply(o, x.shape(), x)
}

// floats reports whether all nodes can be operands of a float operation of this graph.
func (g *Graph) floats(what string, nodes ...Node) bool {
	if g.err != nil {
		return false
	}
	for i, n := range nodes {
		switch {
		case !n.Valid():
			g.failf(what, "operand %d is an invalid node", i)
		case n.c != g.core:
			g.failf(what, "operand %d (%v) belongs to another graph", i, n)
		case n.IsIDs():
			g.failf(what, "operand %d (%v) holds ids; want %v", i, n, g.dtype)
		default:
			continue
		}
		return false
	}
	return true
}

// Sigmoid is 1/(1+exp(-x)), element by element.
func (g *Graph) Sigmoid(x Node) Node { return g.unary(op.Sigmoid, x) }

// Tanh is the hyperbolic tangent, element by element.
func (g *Graph) Tanh(x Node) Node { return g.unary(op.Tanh, x) }

// ReLU is max(x, 0), element by element.
func (g *Graph) ReLU(x Node) Node { return g.unary(op.ReLU, x) }

// Exp is e to the power of x, element by element.
func (g *Graph) Exp(x Node) Node { return g.unary(op.Exp, x) }

// Log is the natural logarithm, element by element.
func (g *Graph) Log(x Node) Node { return g.unary(op.Log, x) }

// Sqrt is the square root, element by element.
func (g *Graph) Sqrt(x Node) Node { return g.unary(op.Sqrt, x) }

// Square is x·x, element by element.
func (g *Graph) Square(x Node) Node { return g.unary(op.Square, x) }

// Softplus is log(1+exp(x)), element by element.
func (g *Graph) Softplus(x Node) Node { return g.unary(op.Softplus, x) }

// Erf is the error function, 2/√π·∫exp(-t²) from 0 to x, element by element. In float32 it is right to 2e-7.
func (g *Graph) Erf(x Node) Node { return g.unary(op.Erf, x) }

// Sin is the sine of x radians, element by element.
func (g *Graph) Sin(x Node) Node { return g.unary(op.Sin, x) }

// Cos is the cosine of x radians, element by element.
func (g *Graph) Cos(x Node) Node { return g.unary(op.Cos, x) }

// Neg is -x.
func (g *Graph) Neg(x Node) Node { return g.unary(op.Neg, x) }

// Abs is |x|, element by element; its derivative at 0 is 0.
func (g *Graph) Abs(x Node) Node { return g.unary(op.Abs, x) }

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
	return g.apply(op.Affine{Mul: mul, Add: add}, x.shape(), x)
}

// AddScalar is x + c.
func (g *Graph) AddScalar(x Node, c float64) Node { return g.Affine(x, 1, c) }

// MulScalar is c·x.
func (g *Graph) MulScalar(x Node, c float64) Node { return g.Affine(x, c, 0) }

// Clamp limits every element to [low, high]. The gradient is passed on inside the interval, its ends included, and
// is zero outside, as PyTorch does.
func (g *Graph) Clamp(x Node, low, high float64) Node {
	if !g.floats("Clamp", x) {
		return Node{}
	}
	if !(low <= high) {
		return g.failf("Clamp", "low %g is above high %g", low, high)
	}
	return g.apply(op.Clamp{Low: low, High: high}, x.shape(), x)
}

// unaryGrads builds dx from x, the result y, and the gradient of the result.
var unaryGrads map[*op.Unary]func(g *Graph, x, y, dy Node) Node

func init() {
	unaryGrads = map[*op.Unary]func(g *Graph, x, y, dy Node) Node{
		op.Sigmoid:  func(g *Graph, _, y, dy Node) Node { return g.binary(op.SigmoidGrad, y, dy) },
		op.Tanh:     func(g *Graph, _, y, dy Node) Node { return g.binary(op.TanhGrad, y, dy) },
		op.ReLU:     func(g *Graph, _, y, dy Node) Node { return g.binary(op.ReLUGrad, y, dy) },
		op.Exp:      func(g *Graph, _, y, dy Node) Node { return g.Mul(dy, y) },
		op.Log:      func(g *Graph, x, _, dy Node) Node { return g.Div(dy, x) },
		op.Sqrt:     func(g *Graph, _, y, dy Node) Node { return g.Div(dy, g.MulScalar(y, 2)) },
		op.Square:   func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.MulScalar(x, 2)) },
		op.Softplus: func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.Sigmoid(x)) },
		op.Erf: func(g *Graph, x, _, dy Node) Node { // 2/√π·exp(-x²)
			return g.Mul(dy, g.MulScalar(g.Exp(g.Neg(g.Square(x))), 2/math.Sqrt(math.Pi)))
		},
		op.Log1p:    func(g *Graph, x, _, dy Node) Node { return g.Div(dy, g.AddScalar(x, 1)) },
		op.LogGamma: func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.Digamma(x)) },
		op.Neg:      func(g *Graph, _, _, dy Node) Node { return g.Neg(dy) },
		op.Abs:      func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.unary(op.Sign, x)) },
		op.Sin:      func(g *Graph, x, _, dy Node) Node { return g.Mul(dy, g.Cos(x)) },
		op.Cos:      func(g *Graph, x, _, dy Node) Node { return g.Neg(g.Mul(dy, g.Sin(x))) },
		op.Sign:     func(g *Graph, x, _, _ Node) Node { return g.MulScalar(x, 0) },
	}
	differentiate(func(o *op.Unary, d derivation) []Node { return []Node{unaryGrads[o](d.g, d.in[0], d.out, d.grad)} })
	differentiate(func(o op.Affine, d derivation) []Node { return []Node{d.g.MulScalar(d.grad, o.Mul)} })
	differentiate(func(o op.Clamp, d derivation) []Node {
		inside := d.g.apply(op.Within(o), d.in[0].shape(), d.in[0])
		return []Node{d.g.Mul(d.grad, inside)}
	})
	constant[op.Within]()
}
