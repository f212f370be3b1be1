package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// Where takes a where the mask is not 0 and b where it is. The mask has the result's shape or its leading dimensions:
// a mask [B] decides whole rows of [B, F]. a and b have one shape, or one of them is a scalar.
func (g *Graph) Where(mask, a, b Node) Node {
	if !g.floats("Where", mask, a, b) {
		return Node{}
	}
	shape := a.shape()
	if b.Rank() > 0 {
		shape = b.shape()
	}
	for _, n := range []Node{a, b} {
		if n.Rank() > 0 && !slices.Equal(n.shape(), shape) {
			return g.failf("Where", "branches have shapes %v and %v", a.shape(), b.shape())
		}
	}
	m := mask.shape()
	for len(m) > 0 && m[len(m)-1] == 1 && len(m) >= len(shape) && !slices.Equal(m, shape) {
		m = m[:len(m)-1] // [B, 1] counts as [B]
	}
	if len(m) > len(shape) || !slices.Equal(m, shape[:len(m)]) {
		return g.failf("Where", "mask %v; want %v or its leading dimensions", mask.shape(), shape)
	}
	if a.Rank() == 0 && b.Rank() == 0 && mask.Rank() > 0 {
		return g.Where(mask, g.BroadcastTo(a, mask.shape()...), b)
	}
	return g.apply(op.Where{}, op.Clone(shape), mask, a, b)
}

// LengthMask turns lengths [B] into a mask [T, B] that is 1 where t < length and 0 at padding. Lengths from 0 to
// steps are legal; others are an error when the program runs.
func (g *Graph) LengthMask(lengths Node, steps int) Node {
	if !g.ids("LengthMask", lengths) {
		return Node{}
	}
	if lengths.Rank() != 1 || steps < 1 {
		return g.failf("LengthMask", "want lengths [B] and at least one step, found %v and %d", lengths.shape(), steps)
	}
	return g.apply(op.LengthMask{Steps: steps}, []int{steps, lengths.Dim(0)}, lengths)
}

// IDMask is 0 where ids equal id (a padding token, say) and 1 elsewhere, of the ids' shape.
func (g *Graph) IDMask(ids Node, id int) Node {
	if !g.ids("IDMask", ids) {
		return Node{}
	}
	return g.apply(op.IDMask{ID: id}, op.Clone(ids.shape()), ids)
}

// RandomMask is a tensor whose elements are 1/keep with probability keep, and 0 otherwise: multiplied onto a tensor,
// it drops elements and keeps the expectation (inverted dropout). It is drawn from the run's seed, see Program.Seed.
func (g *Graph) RandomMask(keep float64, shape ...int) Node {
	if !g.validShape("RandomMask", shape) {
		return Node{}
	}
	if !(keep > 0 && keep <= 1) {
		return g.failf("RandomMask", "keep %g; want above 0 and at most 1", keep)
	}
	return g.apply(op.RandomMask{Keep: keep}, op.Clone(shape))
}

func init() {
	differentiate(func(_ op.Where, d derivation) []Node {
		mask, zero := d.in[0], d.g.Full(0)
		da := d.g.SumTo(d.g.Where(mask, d.grad, zero), d.in[1].shape()...)
		db := d.g.SumTo(d.g.Where(mask, zero, d.grad), d.in[2].shape()...)
		return []Node{{}, da, db}
	}, 1, 2)
	constant[op.LengthMask]()
	constant[op.IDMask]()
	constant[op.RandomMask]()
}
