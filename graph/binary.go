package graph

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/internal/op"
)

// binary adds a node for o(a, b), broadcasting the operands to their common shape.
func (g *Graph) binary(o *op.Binary, a, b Node) Node {
	if !g.floats(o.Name, a, b) {
		return Node{}
	}
	in, shape := g.broadcast(o.Name, a, b)
	return g.apply(o, shape, in...)
}

// Sub is a - b, broadcasting.
func (g *Graph) Sub(a, b Node) Node { return g.binary(op.Sub, a, b) }

// Mul is the element-wise (Hadamard) product, broadcasting.
func (g *Graph) Mul(a, b Node) Node { return g.binary(op.Mul, a, b) }

// Div is the element-wise quotient, broadcasting.
func (g *Graph) Div(a, b Node) Node { return g.binary(op.Div, a, b) }

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
	return g.apply(op.Add{}, shape, in...)
}

// broadcast returns the operands and their common shape by NumPy's rule: shapes are aligned at the right, and a
// dimension of 1 stretches. Operands whose pattern the row kernels do not know are expanded.
func (g *Graph) broadcast(what string, in ...Node) ([]Node, []int) {
	var shape []int
	for _, n := range in {
		joint, ok := op.JointShape(shape, n.shape())
		if !ok {
			var shapes strings.Builder
			for _, m := range in {
				fmt.Fprintf(&shapes, " %v", m.shape())
			}
			g.failf(what, "shapes do not broadcast:%s", shapes.String())
			return nil, nil
		}
		shape = joint
	}
	if !g.validShape(what, shape) {
		return nil, nil
	}
	row := 0
	out := append([]Node{}, in...)
	for i, n := range in {
		l := op.PatternOf(shape, n.shape())
		if l.Kind == op.WholeRows || l.Kind == op.ScalarRow {
			continue
		}
		if row == 0 && l.Kind != op.NoRows {
			row = l.Row
		}
		if l.Kind == op.NoRows || l.Row != row {
			out[i] = g.BroadcastTo(n, shape...)
		}
	}
	return out, shape
}

// binaryGrads builds the gradients of a and b from both, the result y and its gradient, all of the result's shape; they
// are summed over broadcast dimensions afterwards.
var binaryGrads map[*op.Binary]func(g *Graph, a, b, y, dy Node) (da, db Node)

func init() {
	binaryGrads = map[*op.Binary]func(g *Graph, a, b, y, dy Node) (da, db Node){
		op.Sub: func(g *Graph, _, _, _, dy Node) (Node, Node) { return dy, g.Neg(dy) },
		op.Mul: func(g *Graph, a, b, _, dy Node) (Node, Node) { return g.Mul(dy, b), g.Mul(dy, a) },
		op.Div: func(g *Graph, _, b, y, dy Node) (Node, Node) {
			da := g.Div(dy, b)
			return da, g.Neg(g.Mul(da, y)) // d(a/b)/db = -(a/b)/b
		},
		op.Pow: func(g *Graph, a, b, _, dy Node) (Node, Node) {
			return g.Mul(dy, g.Mul(b, g.Pow(a, g.AddScalar(b, -1)))), g.Mul(dy, g.binary(op.PowLog, a, b))
		},
		op.PowLog: func(g *Graph, a, b, y, dy Node) (Node, Node) { // aᵇ·log a
			less := g.AddScalar(b, -1)
			da := g.Add(g.Pow(a, less), g.Mul(b, g.binary(op.PowLog, a, less)))
			return g.Mul(dy, da), g.Mul(dy, g.Mul(y, g.Log(a)))
		},
		op.SigmoidGrad: func(g *Graph, y, dy, _, up Node) (Node, Node) {
			return g.Mul(up, g.Mul(dy, g.Affine(y, -2, 1))), g.binary(op.SigmoidGrad, y, up)
		},
		op.TanhGrad: func(g *Graph, y, dy, _, up Node) (Node, Node) {
			return g.Mul(up, g.Mul(dy, g.MulScalar(y, -2))), g.binary(op.TanhGrad, y, up)
		},
		op.ReLUGrad: func(g *Graph, y, _, _, up Node) (Node, Node) {
			return g.MulScalar(y, 0), g.binary(op.ReLUGrad, y, up)
		},
		op.LogRisingFactorial: func(g *Graph, x, n, _, dy Node) (Node, Node) {
			return g.Mul(dy, g.binary(op.DigammaDifference, x, n)), g.Mul(dy, g.Digamma(g.Add(x, n)))
		},
		op.DigammaDifference: func(g *Graph, x, n, _, dy Node) (Node, Node) {
			end := g.polygamma(1, g.Add(x, n))
			return g.Mul(dy, g.Sub(end, g.polygamma(1, x))), g.Mul(dy, end)
		},
	}
	differentiate(func(o *op.Binary, d derivation) []Node {
		da, db := binaryGrads[o](d.g, d.in[0], d.in[1], d.out, d.grad)
		return []Node{d.g.SumTo(da, d.in[0].shape()...), d.g.SumTo(db, d.in[1].shape()...)}
	})
	differentiate(func(_ op.Add, d derivation) []Node {
		out := make([]Node, len(d.in))
		for i, n := range d.in {
			out[i] = d.g.SumTo(d.grad, n.shape()...)
		}
		return out
	})
}
