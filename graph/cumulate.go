package graph

import (
	"github.com/unroll-go/unroll/internal/op"
)

// CumSum is the sum of all entries of an axis up to each one, which is part of it: x has its shape afterwards. A negative
// axis counts from the end.
func (g *Graph) CumSum(x Node, axis int) Node {
	return g.cumulate("CumSum", x, axis, func(a op.Along) op.Op { return op.CumSum{Along: a} })
}

// CumSumReverse is CumSum from the last entry: the sum of each entry and all that follow it.
func (g *Graph) CumSumReverse(x Node, axis int) Node {
	return g.cumulate("CumSumReverse", x, axis, func(a op.Along) op.Op {
		a.Reverse = true
		return op.CumSum{Along: a}
	})
}

// CumProd is the product of all entries of an axis up to each one, which is part of it. Its gradient is right where entries
// are zero, too.
func (g *Graph) CumProd(x Node, axis int) Node {
	return g.cumulate("CumProd", x, axis, func(a op.Along) op.Op { return op.CumProd{Along: a} })
}

// CumProdReverse is CumProd from the last entry: the product of each entry and all that follow it.
func (g *Graph) CumProdReverse(x Node, axis int) Node {
	return g.cumulate("CumProdReverse", x, axis, func(a op.Along) op.Op {
		a.Reverse = true
		return op.CumProd{Along: a}
	})
}

func (g *Graph) cumulate(what string, x Node, axis int, operator func(op.Along) op.Op) Node {
	axis, ok := g.axis(what, x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := op.Split(x.shape(), axis)
	return g.apply(operator(op.Along{Outer: outer, N: n, Inner: inner}), op.Clone(x.shape()), x)
}

func init() {
	differentiate(func(o op.CumSum, d derivation) []Node {
		o.Reverse = !o.Reverse
		return []Node{d.g.apply(o, op.Clone(d.out.shape()), d.grad)}
	})
	differentiate(func(o op.CumProd, d derivation) []Node {
		return []Node{d.g.apply(op.CumProdGrad(o), op.Clone(d.out.shape()), d.in[0], d.out, d.grad)}
	})
	differentiate(func(o op.CumProdGrad, d derivation) []Node {
		d.g.failf("CumProd", "it has no second derivative")
		return []Node{{}, {}, {}}
	}, 2)
}
