package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// Sum adds up along the given axes, which disappear; without axes it adds up all elements, giving a scalar.
func (g *Graph) Sum(x Node, axes ...int) Node {
	y, _ := g.reduce("Sum", x, axes, func(outer, n, inner int) op.Op { return op.Sum{Outer: outer, N: n, Inner: inner} })
	return y
}

// Mean is the mean along the given axes, which disappear, or of all elements.
func (g *Graph) Mean(x Node, axes ...int) Node {
	y, n := g.reduce("Mean", x, axes, func(outer, n, inner int) op.Op { return op.Sum{Outer: outer, N: n, Inner: inner} })
	return g.MulScalar(y, 1/float64(n))
}

// Max is the largest element along the given axes, which disappear, or of all elements. Among equal maxima the first gets
// the gradient.
func (g *Graph) Max(x Node, axes ...int) Node {
	y, _ := g.reduce("Max", x, axes, func(outer, n, inner int) op.Op { return op.Max{Outer: outer, N: n, Inner: inner} })
	return y
}

// reduce applies an operation along one axis after another, the last one first, or to all elements at once. n is how many
// elements make one of the result.
func (g *Graph) reduce(what string, x Node, axes []int, along func(outer, n, inner int) op.Op) (y Node, n int) {
	if !g.floats(what, x) {
		return Node{}, 1
	}
	if len(axes) == 0 {
		return g.apply(along(1, x.size(), 1), []int{}, x), x.size()
	}
	resolved := make([]int, len(axes))
	for i, axis := range axes {
		a, ok := g.axis(what, x, axis)
		if !ok {
			return Node{}, 1
		}
		if slices.Contains(resolved[:i], a) {
			return g.failf(what, "axis %d comes twice in %v, of a tensor with shape %v", a, axes, x.shape()), 1
		}
		resolved[i] = a
	}
	slices.Sort(resolved)
	y, n = x, 1
	for _, a := range slices.Backward(resolved) {
		outer, k, inner := op.Split(y.shape(), a)
		y, n = g.apply(along(outer, k, inner), op.Without(y.shape(), a), y), n*k
		if !y.Valid() {
			return Node{}, 1
		}
	}
	return y, n
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
		x = g.Sum(x, 0)
	}
	for i, d := range shape {
		if d == 1 && x.Dim(i) > 1 {
			keep := op.Clone(x.shape())
			keep[i] = 1
			x = g.Reshape(g.Sum(x, i), keep...)
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
