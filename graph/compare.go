package graph

import "github.com/unroll-go/unroll/internal/op"

// Less is 1 where a < b and 0 elsewhere, broadcasting. It has no gradient, as the other comparisons have none.
func (g *Graph) Less(a, b Node) Node { return g.compare(op.Less, a, b) }

// LessOrEqual is 1 where a ≤ b and 0 elsewhere, broadcasting.
func (g *Graph) LessOrEqual(a, b Node) Node { return g.compare(op.LessOrEqual, a, b) }

// Equal is 1 where a = b and 0 elsewhere, broadcasting.
func (g *Graph) Equal(a, b Node) Node { return g.compare(op.Equal, a, b) }

// Pow is a to the power of b, element by element, broadcasting. Where a is 0, it has no gradient with respect to b; where a is
// negative, b must be whole, and has a gradient of NaN.
func (g *Graph) Pow(a, b Node) Node { return g.binary(op.Pow, a, b) }

func (g *Graph) compare(o op.Comparison, a, b Node) Node {
	if !g.floats(o.Name, a, b) {
		return Node{}
	}
	in, shape := g.broadcast(o.Name, a, b)
	return g.apply(o, shape, in...)
}

func init() { constant[op.Comparison]() }
