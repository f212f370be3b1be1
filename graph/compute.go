package graph

import (
	"github.com/unroll-go/unroll/internal/op"
)

// ComputeIDs is ids of a shape that a function computes from other ids: whole-number arithmetic on lengths, positions and
// indices. It is called whenever a program runs, with the numbers of each node of ids in row-major order, and fills dst; an error ends
// the run. It must give the same for the same numbers, and keep none of the slices. what names it in messages.
func (g *Graph) ComputeIDs(what string, shape []int, f func(dst []int, ids [][]int) error, ids ...Node) Node {
	if g.err != nil {
		return Node{}
	}
	if f == nil {
		return g.failf("ComputeIDs", "%s: the function is nil", what)
	}
	for _, n := range ids {
		if !g.ids("ComputeIDs", n) {
			return Node{}
		}
	}
	return g.applyIDs(&op.ComputeIDs{What: what, F: f}, op.Clone(shape), ids...)
}

// ToIDs is x as ids, fractions cut off: 2.7 becomes 2, and -2.7 becomes -2. What does not fit in an int is an error when the
// program runs. It has no derivative.
func (g *Graph) ToIDs(x Node) Node {
	if !g.floats("ToIDs", x) {
		return Node{}
	}
	return g.applyIDs(op.ToIDs{}, op.Clone(x.shape()), x)
}

// FromIDs is ids as floats, rounded to the nearest from 2^24 on if they are float32.
func (g *Graph) FromIDs(ids Node) Node {
	if !g.ids("FromIDs", ids) {
		return Node{}
	}
	return g.apply(op.FromIDs{}, op.Clone(ids.shape()), ids)
}

// TopK is the places of the k largest of the last axis, x [..., V], the largest first, as ids [..., k]. Of equal ones the first
// comes first. Pick gives the numbers there, for k of one: for more, Gather the rows of x as a table.
func (g *Graph) TopK(x Node, k int) Node {
	if !g.floats("TopK", x) {
		return Node{}
	}
	if x.Rank() < 1 {
		return g.failf("TopK", "want at least one dimension, found a scalar")
	}
	if n := x.Dim(-1); k < 1 || k > n {
		return g.failf("TopK", "%d of %d numbers; want at least 1 and at most all", k, n)
	}
	return g.applyIDs(op.TopK{K: k}, append(op.Without(x.shape(), x.Rank()-1), k), x)
}

func init() {
	constant[*op.ComputeIDs]()
	constant[op.ToIDs]()
	constant[op.FromIDs]()
	constant[op.TopK]()
}
