package stablehlo

import (
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// ranges has the operations on the rows whose id lies in a range. Which rows these are is not known when the text is written, so all
// rows are computed here and the others set to zero: the saving is lost, the result is the same.
func ranges() []entry {
	return []entry{
		on(func(w *writer, o op.MatMulWithin, n *listing.Node) value {
			inside := w.inside(o.Range, w.flat(w.in(n, 2)), op.NoID)
			a, b := w.only(inside, w.matrix(w.in(n, 0))), w.in(n, 1)
			if o.Product.TransA {
				b = w.only(inside, w.matrix(b))
			}
			return w.reshape(w.matmul(a, b, o.Product.TransA, o.Product.TransB), n.Shape...)
		}),
		on(func(w *writer, o op.CrossEntropyWithin, n *listing.Node) value {
			targets := w.flat(w.in(n, 2))
			inside := w.inside(o.Range, targets, o.Ignore)
			loss := w.crossEntropy(w.clusterLogits(n, inside), w.less(targets, o.Range))
			return w.reshape(w.choose(inside, loss, w.full(0, loss.shape...)), n.Shape...)
		}),
		on(func(w *writer, o op.CrossEntropyWithinGrad, n *listing.Node) value {
			targets, dy := w.flat(w.in(n, 2)), w.flat(w.in(n, 4))
			inside := w.inside(o.Range, targets, o.Ignore)
			dy = w.choose(inside, dy, w.full(0, dy.shape...))
			grad := w.crossEntropyGrad(w.clusterLogits(n, inside), w.less(targets, o.Range), dy)
			x := w.only(inside, w.matrix(w.in(n, 0)))
			dx, dw := w.matmul(grad, w.in(n, 1), false, false), w.matmul(grad, x, true, false)
			return w.reshape(w.concat(0, w.flat(dx), w.flat(dw)), n.Shape...)
		}),
	}
}

// inside tells of ids which are in a range.
func (w *writer) inside(r op.Range, ids value, but op.Exempt) value {
	is := w.binary("and", w.compare("GE", ids, w.whole(r.From, ids.shape...)), w.compare("LT", ids, w.whole(r.To, ids.shape...)))
	if but != op.NoID {
		is = w.binary("and", is, w.compare("NE", ids, w.whole(int(but), ids.shape...)))
	}
	return is
}

// only is the rows of a matrix that are inside, and zeros in the place of the others.
func (w *writer) only(inside, x value) value {
	return w.choose(w.spread(inside, 1, x.shape), x, w.full(0, x.shape...))
}

// less is ids as places in a range.
func (w *writer) less(ids value, r op.Range) value { return w.sub(ids, w.whole(r.From, ids.shape...)) }

// clusterLogits are x·Wᵀ of the rows inside.
func (w *writer) clusterLogits(n *listing.Node, inside value) value {
	return w.matmul(w.only(inside, w.matrix(w.in(n, 0))), w.in(n, 1), false, true)
}
