package graph

import (
	"github.com/unroll-go/unroll/internal/op"
)

// Gather picks rows of a table: table [V, ...] and ids [...] give [..., E]; an embedding look-up. Ids outside 0..V-1
// are an error when the program runs.
func (g *Graph) Gather(table, ids Node) Node {
	return g.gather("Gather", table, ids, op.GatherRows{Pad: op.NoID})
}

// GatherFromEnd is Gather with ids from -V to V-1, of which the negative ones count from the table's end: -1 is its last
// row, as in numpy's take and ONNX's Gather.
func (g *Graph) GatherFromEnd(table, ids Node) Node {
	return g.gather("GatherFromEnd", table, ids, op.GatherRows{Pad: op.NoID, FromEnd: true})
}

// GatherPadded is Gather with a padding id: its row gets no gradient. The padding id may lie outside the table, as -1
// does, and then gives zeros.
func (g *Graph) GatherPadded(table, ids Node, pad int) Node {
	return g.gather("GatherPadded", table, ids, op.GatherRows{Pad: op.Exempt(pad)})
}

func (g *Graph) gather(what string, table, ids Node, o op.GatherRows) Node {
	if !g.floats(what, table) || !g.ids(what, ids) {
		return Node{}
	}
	if table.Rank() < 1 {
		return g.failf(what, "the table is a scalar; want at least one dimension")
	}
	return g.apply(o, append(op.Clone(ids.shape()), table.shape()[1:]...), table, ids)
}

// ids reports whether a node holds ids of this graph.
func (g *Graph) ids(what string, n Node) bool {
	switch {
	case g.err != nil:
	case !n.Valid():
		g.failf(what, "the ids are an invalid node")
	case n.c != g.core:
		g.failf(what, "the ids (%v) belong to another graph", n)
	case !n.IsIDs():
		g.failf(what, "want ids (ints), found %v of %v", n, g.dtype)
	default:
		return true
	}
	return false
}

func init() {
	differentiate(func(o op.GatherRows, d derivation) []Node {
		table, ids := d.in[0], d.in[1]
		return []Node{d.g.apply(op.ScatterRows{GatherRows: o}, op.Clone(table.shape()), d.grad, ids), {}}
	}, 0)
	differentiate(func(o op.ScatterRows, d derivation) []Node {
		if o.Pad != op.NoID {
			d.g.failf("GatherPadded", "it has no second derivative")
		}
		return []Node{d.g.apply(o.GatherRows, op.Clone(d.in[0].shape()), d.grad, d.in[1]), {}}
	}, 0)
}
