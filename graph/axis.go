package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// Slice takes start:end of one axis; negative axes count from the end.
func (g *Graph) Slice(x Node, axis, start, end int) Node {
	axis, ok := g.axis("Slice", x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := op.Split(x.shape(), axis)
	if start < 0 || end > n || start >= end {
		return g.failf("Slice", "rows %d:%d of axis %d, which has %d (shape %v)", start, end, axis, n, x.shape())
	}
	shape := op.Clone(x.shape())
	shape[axis] = end - start
	return g.apply(op.Slice{Outer: outer, N: n, Inner: inner, Start: start, End: end}, shape, x)
}

// Split cuts an axis into k equal parts: the gates of [B, 4H], say.
func (g *Graph) Split(x Node, axis, k int) []Node {
	axis, ok := g.axis("Split", x, axis)
	if !ok {
		return invalid(k)
	}
	n := x.shape()[axis]
	if k < 1 || n%k != 0 {
		g.failf("Split", "axis %d of shape %v does not split in %d equal parts", axis, x.shape(), k)
		return invalid(k)
	}
	out := make([]Node, k)
	for i := range out {
		out[i] = g.Slice(x, axis, i*n/k, (i+1)*n/k)
	}
	return out
}

// invalid is k invalid nodes, so that whoever takes a split apart finds its parts; but no more than anybody writes down.
func invalid(k int) []Node { return make([]Node, max(0, min(k, 1<<10))) }

// Unstack takes a tensor apart along its first axis: [T, B, F] to T nodes [B, F]. It costs nothing when run.
func (g *Graph) Unstack(x Node) []Node {
	if _, ok := g.axis("Unstack", x, 0); !ok {
		return invalid(x.Dim(0))
	}
	_, n, inner := op.Split(x.shape(), 0)
	out := make([]Node, n)
	for i := range out {
		out[i] = g.apply(op.Slice{Outer: 1, N: n, Inner: inner, Start: i, End: i + 1}, op.Clone(x.shape()[1:]), x)
	}
	return out
}

// Concat joins tensors along an axis; the other dimensions must agree.
func (g *Graph) Concat(axis int, parts ...Node) Node {
	if len(parts) == 0 {
		return g.failf("Concat", "no parts")
	}
	axis, ok := g.axis("Concat", parts[0], axis)
	if !ok || !g.floats("Concat", parts...) {
		return Node{}
	}
	shape := op.Clone(parts[0].shape())
	shape[axis] = 0
	o := op.NewConcat(op.Size(shape[:axis]), op.Size(shape[axis+1:]))
	for _, p := range parts {
		s := op.Clone(p.shape())
		if len(s) == len(shape) {
			o.Append(s[axis])
			s[axis] = shape[axis]
		}
		if !slices.Equal(s, shape) {
			return g.failf("Concat", "parts %v and %v differ outside axis %d", parts[0].shape(), p.shape(), axis)
		}
		shape[axis] = o.Total()
		if !g.validShape("Concat", shape) { // before the sum can overflow
			return Node{}
		}
	}
	return g.apply(o, shape, parts...)
}

// Stack joins tensors of one shape along a new first axis: T nodes [B, F] to [T, B, F].
func (g *Graph) Stack(parts ...Node) Node {
	if len(parts) == 0 {
		return g.failf("Stack", "no parts")
	}
	if !g.floats("Stack", parts...) {
		return Node{}
	}
	o := op.NewConcat(1, parts[0].size())
	for _, p := range parts {
		if !slices.Equal(p.shape(), parts[0].shape()) {
			return g.failf("Stack", "parts have shapes %v and %v", parts[0].shape(), p.shape())
		}
		o.Append(1)
	}
	return g.apply(o, append([]int{len(parts)}, parts[0].shape()...), parts...)
}

// axis resolves and checks an axis of a float tensor.
func (g *Graph) axis(what string, x Node, axis int) (int, bool) {
	if !g.floats(what, x) {
		return 0, false
	}
	resolved := axis
	if axis < 0 {
		resolved += x.Rank()
	}
	if resolved < 0 || resolved >= x.Rank() {
		g.failf(what, "axis %d of a tensor with shape %v", axis, x.shape())
		return 0, false
	}
	return resolved, true
}

func init() {
	differentiate(func(o op.Slice, d derivation) []Node {
		return []Node{d.g.apply(op.Pad{Slice: o}, op.Clone(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o op.Pad, d derivation) []Node {
		return []Node{d.g.apply(o.Slice, op.Clone(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o *op.Concat, d derivation) []Node {
		out := make([]Node, len(d.in))
		for i := range out {
			cut := op.Slice{Outer: o.Outer, N: o.Total(), Inner: o.Inner, Start: o.Start(i), End: o.Start(i) + o.Len(i)}
			out[i] = d.g.apply(cut, op.Clone(d.in[i].shape()), d.grad)
		}
		return out
	})
}
