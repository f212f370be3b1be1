package graph

import (
	"github.com/unroll-go/unroll/internal/op"
)

// Softmax turns the logits along one axis into probabilities. It is safe for logits of any size.
func (g *Graph) Softmax(x Node, axis int) Node { return g.alongAxis("Softmax", op.Softmax{}, x, axis) }

// LogSoftmax is the logarithm of Softmax, computed without taking that logarithm.
func (g *Graph) LogSoftmax(x Node, axis int) Node {
	return g.alongAxis("LogSoftmax", op.LogSoftmax{}, x, axis)
}

// alongAxis applies a row operation along any axis, by swapping that axis with the last one.
func (g *Graph) alongAxis(name string, o op.Op, x Node, axis int) Node {
	axis, ok := g.axis(name, x, axis)
	if !ok {
		return Node{}
	}
	last := x.Rank() - 1
	if axis == last {
		return g.apply(o, op.Clone(x.shape()), x)
	}
	perm := make([]int, x.Rank())
	for i := range perm {
		perm[i] = i
	}
	perm[axis], perm[last] = last, axis
	t := g.Transpose(x, perm...)
	return g.Transpose(g.apply(o, op.Clone(t.shape()), t), perm...)
}

// LogSumExp is log Σexp(x) along one axis, which disappears. It is safe for elements of any size.
func (g *Graph) LogSumExp(x Node, axis int) Node {
	axis, ok := g.axis("LogSumExp", x, axis)
	if !ok {
		return Node{}
	}
	last := x.Rank() - 1
	if axis != last { // move the axis to the end
		perm := make([]int, 0, x.Rank())
		for i := range x.Rank() {
			if i != axis {
				perm = append(perm, i)
			}
		}
		x = g.Transpose(x, append(perm, axis)...)
	}
	return g.apply(op.LogSumExp{}, op.Without(x.shape(), last), x)
}

func init() {
	differentiate(func(_ op.Softmax, d derivation) []Node {
		return []Node{d.g.apply(op.SoftmaxGrad{}, op.Clone(d.out.shape()), d.out, d.grad)}
	})
	differentiate(func(_ op.SoftmaxGrad, d derivation) []Node {
		g, y, dy, up := d.g, d.in[0], d.in[1], d.grad
		shape := append(op.Clone(y.shape()[:y.Rank()-1]), 1)
		inner := func(a, b Node) Node { return g.Reshape(g.Sum(g.Mul(a, b), -1), shape...) }
		toY := g.Sub(g.Mul(up, g.Sub(dy, inner(y, dy))), g.Mul(dy, inner(up, y)))
		return []Node{toY, g.apply(op.SoftmaxGrad{}, op.Clone(y.shape()), y, up)}
	})
	differentiate(func(_ op.LogSoftmax, d derivation) []Node {
		g := d.g
		shape := append(op.Clone(d.out.shape()[:d.out.Rank()-1]), 1)
		total := g.Reshape(g.Sum(d.grad, -1), shape...)
		return []Node{g.Sub(d.grad, g.Mul(g.Exp(d.out), total))}
	})
	differentiate(func(_ op.LogSumExp, d derivation) []Node {
		shape := append(op.Clone(d.out.shape()), 1)
		return []Node{d.g.Mul(d.g.apply(op.Softmax{}, op.Clone(d.in[0].shape()), d.in[0]), d.g.Reshape(d.grad, shape...))}
	})
}
