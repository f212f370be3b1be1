package stablehlo

import (
	"math"

	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// rowwise has the operations that work on the rows of the last axis, which are a matrix here.
func rowwise() []entry {
	return []entry{
		on(func(w *writer, _ op.Softmax, n *listing.Node) value {
			return w.reshape(w.softmax(w.matrix(w.in(n, 0))), n.Shape...)
		}),
		on(func(w *writer, _ op.SoftmaxGrad, n *listing.Node) value { // y·(dy - Σ y·dy)
			y, dy := w.matrix(w.in(n, 0)), w.matrix(w.in(n, 1))
			dot := w.spread(w.sum(w.mul(y, dy), 1), 1, y.shape)
			return w.reshape(w.mul(y, w.sub(dy, dot)), n.Shape...)
		}),
		on(func(w *writer, _ op.LogSoftmax, n *listing.Node) value {
			x := w.matrix(w.in(n, 0))
			// The largest is taken away first: its digits would hide those of the small difference.
			largest := w.spread(w.max(x, 1), 1, x.shape)
			shifted := w.sub(x, largest)
			total := w.unary("stablehlo.log", w.sum(w.unary("stablehlo.exponential", shifted), 1))
			return w.reshape(w.sub(shifted, w.spread(total, 1, x.shape)), n.Shape...)
		}),
		on(func(w *writer, _ op.LogSumExp, n *listing.Node) value {
			return w.reshape(w.logSumExp(w.matrix(w.in(n, 0))), n.Shape...)
		}),
		on(func(w *writer, o op.CrossEntropy, n *listing.Node) value {
			x, targets := w.matrix(w.in(n, 0)), w.flat(w.in(n, 1))
			return w.reshape(w.unless(targets, o.Ignore, w.crossEntropy(x, targets)), n.Shape...)
		}),
		on(func(w *writer, o op.CrossEntropyGrad, n *listing.Node) value {
			x, targets, dy := w.matrix(w.in(n, 0)), w.flat(w.in(n, 1)), w.flat(w.in(n, 3))
			return w.reshape(w.crossEntropyGrad(x, targets, w.unless(targets, o.Ignore, dy)), n.Shape...)
		}),
		on(func(w *writer, _ op.OneHotMax, n *listing.Node) value {
			x := w.matrix(w.in(n, 0))
			return w.reshape(w.oneHot(w.firstMax(x, 1), 1, x.shape), n.Shape...)
		}),
		on(func(w *writer, _ op.ArgMax, n *listing.Node) value {
			return w.reshape(w.firstMax(w.matrix(w.in(n, 0)), 1), n.Shape...)
		}),
		on(topK),
	}
}

// flat is x as a vector.
func (w *writer) flat(x value) value { return w.reshape(x, x.size()) }

// finiteMax is the maximum of each row, or 0 of a row of -Inf: -Inf less itself is no number.
func (w *writer) finiteMax(x value) value {
	largest := w.max(x, 1)
	none := w.compare("EQ", largest, w.full(math.Inf(-1), largest.shape...))
	return w.choose(none, w.full(0, largest.shape...), largest)
}

func (w *writer) softmax(x value) value {
	e := w.unary("stablehlo.exponential", w.sub(x, w.spread(w.max(x, 1), 1, x.shape)))
	return w.div(e, w.spread(w.sum(e, 1), 1, x.shape))
}

// logSumExp is that of each row of a matrix.
func (w *writer) logSumExp(x value) value {
	largest := w.finiteMax(x)
	e := w.unary("stablehlo.exponential", w.sub(x, w.spread(largest, 1, x.shape)))
	return w.add(w.unary("stablehlo.log", w.sum(e, 1)), largest)
}

// crossEntropy is log Σexp(x) - x[target] of each row.
func (w *writer) crossEntropy(x, targets value) value {
	hot := w.compare("EQ", w.iota(1, x.shape...), w.spread(targets, 1, x.shape))
	return w.sub(w.logSumExp(x), w.sum(w.choose(hot, x, w.full(0, x.shape...)), 1))
}

// crossEntropyGrad is (softmax(x) - onehot(target))·dy of each row, and 0 where dy is.
func (w *writer) crossEntropyGrad(x, targets, dy value) value {
	grad := w.mul(w.sub(w.softmax(x), w.oneHot(targets, 1, x.shape)), w.spread(dy, 1, x.shape))
	zero := w.full(0, x.shape...)
	none := w.compare("EQ", w.spread(dy, 1, x.shape), zero)
	return w.choose(none, zero, grad)
}

// unless is x, or 0 where an id of the same shape is the exempt one.
func (w *writer) unless(ids value, but op.Exempt, x value) value {
	if but == op.NoID {
		return x
	}
	none := w.compare("EQ", ids, w.whole(int(but), ids.shape...))
	return w.choose(none, w.full(0, x.shape...), x)
}

// topK takes the largest of every row, K times, each time without those that were taken.
func topK(w *writer, o op.TopK, n *listing.Node) value {
	x := w.matrix(w.in(n, 0))
	places := make([]value, o.K)
	for k := range places {
		first := w.firstMax(x, 1)
		places[k] = w.reshape(first, first.size(), 1)
		taken := w.compare("EQ", w.iota(1, x.shape...), w.spread(first, 1, x.shape))
		x = w.choose(taken, w.full(math.Inf(-1), x.shape...), x)
	}
	return w.reshape(w.concat(1, places...), n.Shape...)
}
