package stablehlo

import (
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// shapes has the operations that move numbers, and those along one axis, for which a tensor is [outer, n, inner].
func shapes() []entry {
	return []entry{
		on(func(w *writer, o op.Slice, n *listing.Node) value {
			x := w.reshape(w.in(n, 0), o.Outer, o.N, o.Inner)
			return w.reshape(w.rows(x, 1, o.Start, o.End), n.Shape...)
		}),
		on(func(w *writer, o op.Pad, n *listing.Node) value {
			x := w.reshape(w.in(n, 0), o.Outer, o.End-o.Start, o.Inner)
			return w.reshape(w.padRows(x, 0, 1, o.Start, o.N-o.End), n.Shape...)
		}),
		on(func(w *writer, o *op.Concat, n *listing.Node) value {
			lengths := make([]int, o.Parts())
			for i := range lengths {
				lengths[i] = o.Len(i)
			}
			return w.reshape(w.concat(1, w.joined(o.Outer, o.Inner, n.In, lengths)...), n.Shape...)
		}),
		on(func(w *writer, _ op.Reshape, n *listing.Node) value { return w.reshape(w.in(n, 0), n.Shape...) }),
		on(func(w *writer, o *op.Transpose, n *listing.Node) value { return w.transpose(w.in(n, 0), o.Perm...) }),
		on(func(w *writer, o op.Sum, n *listing.Node) value {
			return w.reshape(w.sum(w.reshape(w.in(n, 0), o.Outer, o.N, o.Inner), 1), n.Shape...)
		}),
		on(func(w *writer, o op.Expand, n *listing.Node) value {
			x := w.reshape(w.in(n, 0), o.Outer, o.Inner)
			return w.reshape(w.broadcast(x, []int{0, 2}, []int{o.Outer, o.N, o.Inner}), n.Shape...)
		}),
		on(func(w *writer, o op.Max, n *listing.Node) value {
			return w.reshape(w.max(w.reshape(w.in(n, 0), o.Outer, o.N, o.Inner), 1), n.Shape...)
		}),
		on(func(w *writer, o op.MaxGrad, n *listing.Node) value {
			first := w.firstMax(w.reshape(w.in(n, 0), o.Outer, o.N, o.Inner), 1)
			dy := w.broadcast(w.reshape(w.in(n, 1), o.Outer, o.Inner), []int{0, 2}, []int{o.Outer, o.N, o.Inner})
			return w.reshape(w.mul(w.oneHot(first, 1, dy.shape), dy), n.Shape...)
		}),
		on(take),
		on(func(w *writer, o op.TakeGrad, n *listing.Node) value {
			at, _ := w.places(o.Take)
			dy := w.reshape(w.in(n, 0), o.Outer, len(o.At), o.Inner)
			return w.reshape(w.scatter(w.full(0, o.Outer, o.N, o.Inner), 1, at, dy), n.Shape...)
		}),
	}
}

// firstMax is the places of the first maxima along an axis.
func (w *writer) firstMax(x value, axis int) value {
	largest := w.spread(w.max(x, axis), axis, x.shape)
	place := w.choose(w.compare("EQ", x, largest), w.iota(axis, x.shape...), w.whole(x.shape[axis], x.shape...))
	return w.reduce("minimum", place, w.whole(x.shape[axis]), axis)
}

// spread repeats x, which lacks an axis of the shape, along it.
func (w *writer) spread(x value, axis int, shape []int) value {
	return w.broadcast(x, others(len(shape), axis), shape)
}

// oneHot is 1 where the place along an axis is the one of places, and 0 elsewhere.
func (w *writer) oneHot(places value, axis int, shape []int) value {
	return w.convert(w.compare("EQ", w.iota(axis, shape...), w.spread(places, axis, shape)), w.float)
}

// places are those that are taken, and whether one of them is none; it is outside then.
func (w *writer) places(o *op.Take) (at value, none bool) {
	ids := op.Clone(o.At)
	for i, p := range ids {
		if p < 0 {
			ids[i], none = o.N, true
		}
	}
	return w.wholes(ids, []int{len(ids)}), none
}

func take(w *writer, o *op.Take, n *listing.Node) value {
	at, none := w.places(o)
	x := w.reshape(w.in(n, 0), o.Outer, o.N, o.Inner)
	out := w.gather(x, 1, at)
	if none {
		there := w.compare("LT", at, w.whole(o.N, len(o.At)))
		out = w.choose(w.broadcast(there, []int{1}, out.shape), out, w.full(0, out.shape...))
	}
	return w.reshape(out, n.Shape...)
}
