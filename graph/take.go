package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// Take takes entries of an axis at known places, any of them, in any order, as often as one likes: padding by reflection, every
// other step, a picture of twice the size. Negative places give zeros, so -1 does. The axis has as many entries afterwards
// as there are places; a negative axis counts from the end. For places that are not known before, see Gather.
func (g *Graph) Take(x Node, axis int, places ...int) Node {
	axis, ok := g.axis("Take", x, axis)
	if !ok {
		return Node{}
	}
	outer, n, inner := op.Split(x.shape(), axis)
	if len(places) == 0 || slices.Max(places) >= n {
		return g.failf("Take", "places %v of axis %d, which has %d (shape %v); want one at least, all below that", places, axis, n, x.shape())
	}
	shape := op.Clone(x.shape())
	shape[axis] = len(places)
	return g.apply(&op.Take{Outer: outer, N: n, Inner: inner, At: op.Clone(places)}, shape, x)
}

func init() {
	differentiate(func(o *op.Take, d derivation) []Node {
		return []Node{d.g.apply(op.TakeGrad{Take: o}, op.Clone(d.in[0].shape()), d.grad)}
	})
	differentiate(func(o op.TakeGrad, d derivation) []Node {
		return []Node{d.g.apply(o.Take, op.Clone(d.in[0].shape()), d.grad)}
	})
}
