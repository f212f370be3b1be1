package graph

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// gather picks rows of a table by ids. The id pad gets no gradient, and may lie outside the table. With fromEnd there
// is no pad, and negative ids count from the table's end.
type gather struct {
	pad     exempt
	fromEnd bool
}

// NoID stands for the absence of an id that is treated in a way of its own: a padding id, an ignored target. It is no
// id itself.
const NoID = math.MinInt

// exempt is such an id, or NoID.
type exempt int

// is tells whether an id is the one; none is NoID.
func (e exempt) is(id int) bool { return id == int(e) && e != NoID }

func (gather) String() string { return "gather rows" }

func (o gather) bind(b *binding) task { return pick(b, bindGather[float32](o), bindGather[float64](o)) }

func bindGather[T kernel.Float](o gather) func(*binding) task {
	return func(b *binding) task {
		dst, table, ids := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids
		rows, cols := b.in[0].shape[0], sizeOf(b.in[0].shape[1:])
		copies := rowsTask(len(ids), cols, func(from, to int) {
			for i := from; i < to; i++ {
				out := dst[i*cols : (i+1)*cols]
				if id := o.row(ids[i], rows); id >= 0 && id < rows {
					copy(out, table[id*cols:])
				} else {
					kernel.Fill(out, 0) // the padding id
				}
			}
		})
		return func() error {
			for i, id := range ids {
				if at := o.row(id, rows); !o.pad.is(id) && (at < 0 || at >= rows) {
					return errors.Errorf("id %d at position %d; want %d to %d", id, i, o.first(rows), rows-1)
				}
			}
			return copies()
		}
	}
}

// row is the place of an id in a table of so many rows.
func (o gather) row(id, rows int) int {
	if o.fromEnd && id < 0 {
		return id + rows
	}
	return id
}

// first is the smallest id.
func (o gather) first(rows int) int {
	if o.fromEnd {
		return -rows
	}
	return 0
}

// scatter adds rows to a table of zeros at ids, in order, passing over the pad: gather's derivative. Other ids were
// checked by the gather.
type scatter struct{ gather }

func (scatter) String() string { return "scatter-add rows" }

func (o scatter) bind(b *binding) task {
	return pick(b, bindScatter[float32](o, false), bindScatter[float64](o, false))
}
func (o scatter) bindAdd(b *binding) task {
	return pick(b, bindScatter[float32](o, true), bindScatter[float64](o, true))
}

func bindScatter[T kernel.Float](o scatter, onTop bool) func(*binding) task {
	return func(b *binding) task {
		dst, x, ids := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids
		rows, cols := b.out.shape[0], sizeOf(b.out.shape[1:])
		at := ids
		if o.fromEnd {
			at = make([]int, len(ids))
		}
		return func() error {
			if !onTop {
				kernel.Fill(dst, 0)
			}
			if o.fromEnd {
				for i, id := range ids {
					at[i] = o.row(id, rows)
				}
			}
			kernel.ScatterAddRows(dst, x, at, cols, int(o.pad))
			return nil
		}
	}
}

// Gather picks rows of a table: table [V, ...] and ids [...] give [..., E]; an embedding look-up. Ids outside 0..V-1
// are an error when the program runs.
func (g *Graph) Gather(table, ids Node) Node {
	return g.gather("Gather", table, ids, gather{pad: NoID})
}

// GatherFromEnd is Gather with ids from -V to V-1, of which the negative ones count from the table's end: -1 is its last
// row, as in numpy's take and ONNX's Gather.
func (g *Graph) GatherFromEnd(table, ids Node) Node {
	return g.gather("GatherFromEnd", table, ids, gather{pad: NoID, fromEnd: true})
}

// GatherPadded is Gather with a padding id: its row gets no gradient. The padding id may lie outside the table, as -1
// does, and then gives zeros.
func (g *Graph) GatherPadded(table, ids Node, pad int) Node {
	return g.gather("GatherPadded", table, ids, gather{pad: exempt(pad)})
}

func (g *Graph) gather(what string, table, ids Node, o gather) Node {
	if !g.floats(what, table) || !g.ids(what, ids) {
		return Node{}
	}
	if table.Rank() < 1 {
		return g.failf(what, "the table is a scalar; want at least one dimension")
	}
	return g.apply(o, append(cloneInts(ids.shape()), table.shape()[1:]...), table, ids)
}

// ids reports whether a node holds ids of this graph.
func (g *Graph) ids(op string, n Node) bool {
	switch {
	case g.err != nil:
	case !n.Valid():
		g.failf(op, "the ids are an invalid node")
	case n.c != g.core:
		g.failf(op, "the ids (%v) belong to another graph", n)
	case !n.IsIDs():
		g.failf(op, "want ids (ints), found %v of %v", n, g.dtype)
	default:
		return true
	}
	return false
}

func init() {
	differentiate(func(o gather, d derivation) []Node {
		table, ids := d.in[0], d.in[1]
		return []Node{d.g.apply(scatter{gather: o}, cloneInts(table.shape()), d.grad, ids), {}}
	}, 0)
	differentiate(func(o scatter, d derivation) []Node {
		if o.pad != NoID {
			d.g.failf("GatherPadded", "it has no second derivative")
		}
		return []Node{d.g.apply(o.gather, cloneInts(d.in[0].shape()), d.grad, d.in[1]), {}}
	}, 0)
}
