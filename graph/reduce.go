package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// Sum adds up all elements, giving a scalar.
func (g *Graph) Sum(x Node) Node {
	if !g.floats("Sum", x) {
		return Node{}
	}
	return g.apply(op.Sum{Outer: 1, N: x.size(), Inner: 1}, []int{}, x)
}

// Mean is the mean of all elements, a scalar.
func (g *Graph) Mean(x Node) Node { return g.MulScalar(g.Sum(x), 1/float64(max(x.size(), 1))) }

// SumAxis adds up along one axis, which disappears.
func (g *Graph) SumAxis(x Node, axis int) Node {
	axis, ok := g.axis("SumAxis", x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := op.Split(x.shape(), axis)
	return g.apply(op.Sum{Outer: outer, N: n, Inner: inner}, op.Without(x.shape(), axis), x)
}

// MeanAxis is the mean along one axis, which disappears.
func (g *Graph) MeanAxis(x Node, axis int) Node {
	resolved, ok := g.axis("MeanAxis", x, axis)
	if !ok {
		return Node{}
	}
	return g.MulScalar(g.SumAxis(x, axis), 1/float64(x.Dim(resolved)))
}

// SumTo adds up the dimensions along which a tensor of the given shape would broadcast to x: the gradient of a
// broadcast.
func (g *Graph) SumTo(x Node, shape ...int) Node {
	if !g.floats("SumTo", x) {
		return Node{}
	}
	if slices.Equal(x.shape(), shape) {
		return x
	}
	joint, ok := op.JointShape(x.shape(), shape)
	if !ok || !slices.Equal(joint, x.shape()) {
		return g.failf("SumTo", "%v does not broadcast to %v", shape, x.shape())
	}
	switch l := op.PatternOf(x.shape(), shape); l.Kind {
	case op.WholeRows:
		return g.Reshape(x, shape...)
	case op.ScalarRow:
		return g.apply(op.Sum{Outer: 1, N: x.size(), Inner: 1}, op.Clone(shape), x)
	case op.SameRow:
		return g.apply(op.Sum{Outer: 1, N: x.size() / l.Row, Inner: l.Row}, op.Clone(shape), x)
	case op.NumberRow:
		return g.apply(op.Sum{Outer: x.size() / l.Row, N: l.Row, Inner: 1}, op.Clone(shape), x)
	}
	for x.Rank() > len(shape) {
		x = g.SumAxis(x, 0)
	}
	for i, d := range shape {
		if d == 1 && x.Dim(i) > 1 {
			keep := op.Clone(x.shape())
			keep[i] = 1
			x = g.Reshape(g.SumAxis(x, i), keep...)
		}
	}
	return x
}

// BroadcastTo repeats x until it has the given shape, by NumPy's rule.
func (g *Graph) BroadcastTo(x Node, shape ...int) Node {
	if !g.floats("BroadcastTo", x) || !g.validShape("BroadcastTo", shape) {
		return Node{}
	}
	joint, ok := op.JointShape(x.shape(), shape)
	if !ok || !slices.Equal(joint, shape) {
		return g.failf("BroadcastTo", "%v does not broadcast to %v", x.shape(), shape)
	}
	full := make([]int, len(shape))
	for i := range full {
		full[i] = 1
	}
	copy(full[len(shape)-x.Rank():], x.shape())
	x = g.Reshape(x, full...)
	for i, d := range shape {
		if full[i] != d {
			full[i] = d
			outer, n, inner := op.Split(full, i)
			x = g.apply(op.Expand{Outer: outer, N: n, Inner: inner}, op.Clone(full), x)
		}
	}
	return x
}

// Max is the largest element along one axis, which disappears. Among equal maxima the first gets the gradient.
func (g *Graph) Max(x Node, axis int) Node {
	axis, ok := g.axis("Max", x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := op.Split(x.shape(), axis)
	return g.apply(op.Max{Outer: outer, N: n, Inner: inner}, op.Without(x.shape(), axis), x)
}

func init() {
	differentiate(func(o op.Sum, d derivation) []Node {
		return []Node{d.g.apply(op.Expand(o), op.Clone(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o op.Expand, d derivation) []Node {
		return []Node{d.g.apply(op.Sum(o), op.Clone(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o op.Max, d derivation) []Node {
		return []Node{d.g.apply(op.MaxGrad{Max: o}, op.Clone(d.in[0].shape()), d.in[0], d.grad)}
	})
	differentiate(func(o op.MaxGrad, d derivation) []Node {
		d.g.failf("Max", "it has no second derivative")
		return []Node{{}, {}}
	}, 1)
}
