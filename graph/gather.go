package graph

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// gather picks rows of a table by ids. The id pad gets no gradient, and may lie outside the table.
type gather struct{ pad exempt }

// NoID stands for the absence of an id that is treated in a way of its own: a padding id, an ignored target. It is no
// id itself.
const NoID = math.MinInt

// exempt is such an id, or NoID.
type exempt int

// is tells whether an id is the one; none is NoID.
func (e exempt) is(id int) bool { return id == int(e) && e != NoID }

func (gather) String() string { return "gather rows" }
func (gather) wrt(i int) bool { return i == 0 }

func (o gather) vjp(d derivation) []Node {
	table, ids := d.in[0], d.in[1]
	return []Node{d.g.apply(scatter{o}, cloneInts(table.shape()), d.grad, ids), {}}
}

func (o gather) bind(b *binding) task { return pick(b, bindGather[float32](o), bindGather[float64](o)) }

func bindGather[T kernel.Float](o gather) func(*binding) task {
	return func(b *binding) task {
		dst, table, ids := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids
		rows, cols := b.in[0].shape[0], sizeOf(b.in[0].shape[1:])
		copies := rowsTask(len(ids), cols, func(from, to int) {
			for i := from; i < to; i++ {
				out := dst[i*cols : (i+1)*cols]
				if id := ids[i]; id >= 0 && id < rows {
					copy(out, table[id*cols:])
				} else {
					kernel.Fill(out, 0) // the padding id
				}
			}
		})
		return func() error {
			for i, id := range ids {
				if !o.pad.is(id) && (id < 0 || id >= rows) {
					return errors.Errorf("id %d at position %d; want 0 to %d", id, i, rows-1)
				}
			}
			return copies()
		}
	}
}

// scatter adds rows to a table of zeros at ids, in order, passing over the pad: gather's derivative. Other ids were
// checked by the gather.
type scatter struct{ gather }

func (scatter) String() string { return "scatter-add rows" }

func (o scatter) vjp(d derivation) []Node {
	if o.pad != NoID {
		d.g.failf("GatherPadded", "it has no second derivative")
	}
	return []Node{d.g.apply(o.gather, cloneInts(d.in[0].shape()), d.grad, d.in[1]), {}}
}

func (o scatter) bind(b *binding) task {
	return pick(b, bindScatter[float32](o, false), bindScatter[float64](o, false))
}
func (o scatter) bindAdd(b *binding) task {
	return pick(b, bindScatter[float32](o, true), bindScatter[float64](o, true))
}

func bindScatter[T kernel.Float](o scatter, onTop bool) func(*binding) task {
	return func(b *binding) task {
		dst, x, ids := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids
		cols := sizeOf(b.out.shape[1:])
		return func() error {
			if !onTop {
				kernel.Fill(dst, 0)
			}
			kernel.ScatterAddRows(dst, x, ids, cols, int(o.pad))
			return nil
		}
	}
}

// Gather picks rows of a table: table [V, ...] and ids [...] give [..., E]; an embedding look-up. Ids outside 0..V-1
// are an error when the program runs.
func (g *Graph) Gather(table, ids Node) Node { return g.gather(table, ids, NoID) }

// GatherPadded is Gather with a padding id: its row gets no gradient. The padding id may lie outside the table, as -1
// does, and then gives zeros.
func (g *Graph) GatherPadded(table, ids Node, pad int) Node { return g.gather(table, ids, pad) }

func (g *Graph) gather(table, ids Node, pad int) Node {
	if !g.floats("Gather", table) || !g.ids("Gather", ids) {
		return Node{}
	}
	if table.Rank() < 1 {
		return g.failf("Gather", "the table is a scalar; want at least one dimension")
	}
	return g.apply(gather{pad: exempt(pad)}, append(cloneInts(ids.shape()), table.shape()[1:]...), table, ids)
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
