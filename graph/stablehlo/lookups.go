package stablehlo

import (
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// lookups has the operations with ids, which are whole numbers of 32 bits there.
func lookups() []entry {
	return []entry{
		on(gatherRows), on(clusterIDs),
		on(func(w *writer, o op.ScatterRows, n *listing.Node) value {
			return w.scatterRows(w.full(0, n.Shape...), o, w.in(n, 0), w.in(n, 1))
		}),
		on(func(w *writer, o *op.ScatterTouched, n *listing.Node) value {
			sum := w.full(0, n.Shape...)
			for i, term := range o.Terms {
				sum = w.scatterRows(sum, term, w.in(n, 2*i), w.in(n, 2*i+1))
			}
			return sum
		}),
		on(pickLast), on(scatterLast),
		on(func(w *writer, o op.LengthMask, n *listing.Node) value {
			lengths := w.spread(w.in(n, 0), 0, n.Shape)
			return w.convert(w.compare("LT", w.iota(0, n.Shape...), lengths), w.float)
		}),
		on(func(w *writer, o op.IDMask, n *listing.Node) value {
			ids := w.in(n, 0)
			return w.convert(w.compare("NE", ids, w.whole(o.ID, ids.shape...)), w.float)
		}),
		on(func(w *writer, _ op.SameIDs, n *listing.Node) value {
			ids, others := w.flat(w.in(n, 0)), w.flat(w.in(n, 1))
			shape := []int{ids.size(), others.size()}
			same := w.compare("EQ", w.broadcast(ids, []int{0}, shape), w.broadcast(others, []int{1}, shape))
			return w.reshape(w.convert(same, w.float), n.Shape...)
		}),
		on(func(w *writer, _ op.ToIDs, n *listing.Node) value { return w.convert(w.in(n, 0), "i32") }),
		on(func(w *writer, _ op.FromIDs, n *listing.Node) value { return w.convert(w.in(n, 0), w.float) }),
	}
}

// gatherRows gives zeros for a padding id that the table does not have.
func gatherRows(w *writer, o op.GatherRows, n *listing.Node) value {
	table, ids := w.in(n, 0), w.flat(w.in(n, 1))
	rows := table.shape[0]
	table = w.reshape(table, rows, op.Size(table.shape[1:]))
	ids = w.fromEnd(o, ids, rows)
	out := w.gather(table, 0, ids)
	if o.Pad != op.NoID && (o.Pad < 0 || int(o.Pad) >= rows) {
		out = w.choose(w.spread(w.compare("EQ", ids, w.whole(int(o.Pad), ids.shape...)), 1, out.shape), w.full(0, out.shape...), out)
	}
	return w.reshape(out, n.Shape...)
}

// fromEnd is ids of which negative ones may count from a table's end.
func (w *writer) fromEnd(o op.GatherRows, ids value, rows int) value {
	if !o.FromEnd {
		return ids
	}
	negative := w.compare("LT", ids, w.whole(0, ids.shape...))
	return w.choose(negative, w.add(ids, w.whole(rows, ids.shape...)), ids)
}

// outside is ids of which the exempt one lies behind a table, where nothing is added.
func (w *writer) outside(ids value, but int, rows int) value {
	return w.choose(w.compare("EQ", ids, w.whole(but, ids.shape...)), w.whole(rows, ids.shape...), ids)
}

func (w *writer) scatterRows(sum value, o op.ScatterRows, x, ids value) value {
	shape, rows := sum.shape, sum.shape[0]
	cols := op.Size(shape[1:])
	ids = w.fromEnd(o.GatherRows, w.flat(ids), rows)
	if o.Pad != op.NoID {
		ids = w.outside(ids, int(o.Pad), rows)
	}
	sum = w.scatter(w.reshape(sum, rows, cols), 0, ids, w.reshape(x, ids.size(), cols))
	return w.reshape(sum, shape...)
}

// along is the places in a matrix of so many columns that ids name, n in each of its rows, one after the other; the ids may be those
// of the last rows alone, and hold for all then. A padding id lies behind the matrix.
func (w *writer) along(ids value, pad op.PadID, rows, n, cols int) value {
	few := ids.size() / n
	ids = w.broadcast(w.reshape(ids, few, n), []int{1, 2}, []int{rows / few, few, n})
	at := w.add(w.mul(w.iota(0, rows, n), w.whole(cols, rows, n)), w.reshape(ids, rows, n))
	if pad.Known {
		is := w.compare("EQ", w.reshape(ids, rows, n), w.whole(pad.ID, rows, n))
		at = w.choose(is, w.whole(rows*cols, rows, n), at)
	}
	return w.flat(at)
}

func pickLast(w *writer, o op.PickLast, n *listing.Node) value {
	x := w.matrix(w.in(n, 0))
	count := op.LastDim(n.Shape)
	at := w.along(w.in(n, 1), o.PadID, x.shape[0], count, x.shape[1])
	out := w.gather(w.flat(x), 0, at)
	if o.Known {
		out = w.choose(w.compare("EQ", at, w.whole(x.size(), at.shape...)), w.full(0, out.shape...), out)
	}
	return w.reshape(out, n.Shape...)
}

func scatterLast(w *writer, o op.ScatterLast, n *listing.Node) value {
	x := w.matrix(w.in(n, 0))
	at := w.along(w.in(n, 1), o.PadID, x.shape[0], x.shape[1], o.Size)
	return w.reshape(w.scatter(w.full(0, x.shape[0]*o.Size), 0, at, w.flat(x)), n.Shape...)
}

// clusterIDs counts the cutoffs up to each id.
func clusterIDs(w *writer, o *op.ClusterIDs, n *listing.Node) value {
	ids := w.in(n, 0)
	full := func(x int) value { return w.whole(x, ids.shape...) }
	cluster := full(o.Cutoffs[0] - 1)
	for _, c := range o.Cutoffs[:len(o.Cutoffs)-1] {
		cluster = w.add(cluster, w.convert(w.compare("GE", ids, full(c)), "i32"))
	}
	out := w.choose(w.compare("LT", ids, full(o.Cutoffs[0])), ids, cluster)
	if o.Ignore != op.NoID {
		out = w.choose(w.compare("EQ", ids, full(int(o.Ignore))), ids, out)
	}
	return out
}
