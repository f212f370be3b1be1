package graph

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// binaryOp is an element-wise function of two tensors that broadcast against each other.
type binaryOp struct {
	name string
	f32  func(dst, a, b []float32)
	f64  func(dst, a, b []float64)
}

func (o *binaryOp) String() string { return o.name }

func (o *binaryOp) bind(b *binding) task {
	if b.f64 {
		return bindBinary(b, o.f64)
	}
	return bindBinary(b, o.f32)
}

// bindBinary walks the result in rows; each operand's row is a part of it, the same row again, or one number.
func bindBinary[T kernel.Float](b *binding, f func(dst, a, b []T)) task {
	dst := vec[T](b.out)
	layouts, row := rowLayouts(b.out.shape, b.in[0].shape, b.in[1].shape)
	x, y := newRowReader[T](b.in[0], layouts[0], row), newRowReader[T](b.in[1], layouts[1], row)
	return func() error {
		for r, i := 0, 0; i < len(dst); r, i = r+1, i+row {
			f(dst[i:i+row], x.row(r), y.row(r))
		}
		return nil
	}
}

var (
	opSub = &binaryOp{name: "sub", f32: kernel.Sub[float32], f64: kernel.Sub[float64]}
	opMul = &binaryOp{name: "mul", f32: kernel.Mul[float32], f64: kernel.Mul[float64]}
	opDiv = &binaryOp{name: "div", f32: kernel.Div[float32], f64: kernel.Div[float64]}
	// The derivatives of the gates, from the result y: one pass instead of three.
	opSigmoidGrad = &binaryOp{name: "sigmoid'", f32: kernel.SigmoidGrad[float32], f64: kernel.SigmoidGrad[float64]}
	opTanhGrad    = &binaryOp{name: "tanh'", f32: kernel.TanhGrad[float32], f64: kernel.TanhGrad[float64]}
	opReLUGrad    = &binaryOp{name: "relu'", f32: kernel.ReLUGrad[float32], f64: kernel.ReLUGrad[float64]}
)

// binary adds a node for o(a, b), broadcasting the operands to their common shape.
func (g *Graph) binary(o *binaryOp, a, b Node) Node {
	if !g.floats(o.name, a, b) {
		return Node{}
	}
	in, shape := g.broadcast(o.name, a, b)
	return g.apply(o, shape, in...)
}

// Sub is a - b, broadcasting.
func (g *Graph) Sub(a, b Node) Node { return g.binary(opSub, a, b) }

// Mul is the element-wise (Hadamard) product, broadcasting.
func (g *Graph) Mul(a, b Node) Node { return g.binary(opMul, a, b) }

// Div is the element-wise quotient, broadcasting.
func (g *Graph) Div(a, b Node) Node { return g.binary(opDiv, a, b) }

// add is the sum of any number of tensors, which broadcast against each other. Gradient sums are add nodes too.
type add struct{}

func (add) String() string { return "add" }

func (o add) bind(b *binding) task { return pick(b, bindSum[float32], bindSum[float64]) }

// bindSum adds the operands row by row, from left to right.
func bindSum[T kernel.Float](b *binding) task {
	dst := vec[T](b.out)
	shapes := make([][]int, len(b.in))
	for i, in := range b.in {
		shapes[i] = in.shape
	}
	layouts, row := rowLayouts(b.out.shape, shapes...)
	readers := make([]*rowReader[T], len(b.in))
	for i, in := range b.in {
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

// Add is the sum of all terms, broadcasting: Add(x·W, h·U, b) is a gate's argument.
func (g *Graph) Add(terms ...Node) Node {
	if len(terms) == 0 {
		return g.failf("Add", "no terms")
	}
	if !g.floats("Add", terms...) {
		return Node{}
	}
	if len(terms) == 1 {
		return terms[0]
	}
	in, shape := g.broadcast("Add", terms...)
	return g.apply(add{}, shape, in...)
}

// broadcast returns the operands and their common shape by NumPy's rule: shapes are aligned at the right, and a
// dimension of 1 stretches. Operands whose pattern the row kernels do not know are expanded.
func (g *Graph) broadcast(op string, in ...Node) ([]Node, []int) {
	var shape []int
	for _, n := range in {
		joint, ok := jointShape(shape, n.shape())
		if !ok {
			shapes := ""
			for _, m := range in {
				shapes += fmt.Sprintf(" %v", m.shape())
			}
			g.failf(op, "shapes do not broadcast:%s", shapes)
			return nil, nil
		}
		shape = joint
	}
	if !g.validShape(op, shape) {
		return nil, nil
	}
	row := 0
	out := append([]Node{}, in...)
	for i, n := range in {
		l := layoutOf(shape, n.shape())
		if l.kind == wholeRows || l.kind == scalarRow {
			continue
		}
		if row == 0 && l.kind != noRows {
			row = l.row
		}
		if l.kind == noRows || l.row != row {
			out[i] = g.BroadcastTo(n, shape...)
		}
	}
	return out, shape
}

func jointShape(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := cloneInts(a)
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

// binaryGrads builds the gradients of a and b from both, the result y and its gradient, all of the result's shape; they
// are summed over broadcast dimensions afterwards.
var binaryGrads map[*binaryOp]func(g *Graph, a, b, y, dy Node) (da, db Node)

func init() {
	binaryGrads = map[*binaryOp]func(g *Graph, a, b, y, dy Node) (da, db Node){
		opSub: func(g *Graph, _, _, _, dy Node) (Node, Node) { return dy, g.Neg(dy) },
		opMul: func(g *Graph, a, b, _, dy Node) (Node, Node) { return g.Mul(dy, b), g.Mul(dy, a) },
		opDiv: func(g *Graph, _, b, y, dy Node) (Node, Node) {
			da := g.Div(dy, b)
			return da, g.Neg(g.Mul(da, y)) // d(a/b)/db = -(a/b)/b
		},
		opSigmoidGrad: func(g *Graph, y, dy, _, up Node) (Node, Node) {
			return g.Mul(up, g.Mul(dy, g.Affine(y, -2, 1))), g.binary(opSigmoidGrad, y, up)
		},
		opTanhGrad: func(g *Graph, y, dy, _, up Node) (Node, Node) {
			return g.Mul(up, g.Mul(dy, g.MulScalar(y, -2))), g.binary(opTanhGrad, y, up)
		},
		opReLUGrad: func(g *Graph, y, _, _, up Node) (Node, Node) {
			return g.MulScalar(y, 0), g.binary(opReLUGrad, y, up)
		},
	}
	differentiate(func(o *binaryOp, d derivation) []Node {
		da, db := binaryGrads[o](d.g, d.in[0], d.in[1], d.out, d.grad)
		return []Node{d.g.SumTo(da, d.in[0].shape()...), d.g.SumTo(db, d.in[1].shape()...)}
	})
	differentiate(func(_ add, d derivation) []Node {
		out := make([]Node, len(d.in))
		for i, n := range d.in {
			out[i] = d.g.SumTo(d.grad, n.shape()...)
		}
		return out
	})
}
