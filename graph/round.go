package graph

import "github.com/unroll-go/unroll/internal/op"

// Round is the nearest whole number, of two as near to the even one, element by element. Its derivative is 0 wherever there is one,
// so that a gradient through it is an error, as through the other two: parameters below it can be frozen.
func (g *Graph) Round(x Node) Node { return g.rounding(op.Round, x) }

// Floor is the largest whole number up to x, element by element.
func (g *Graph) Floor(x Node) Node { return g.rounding(op.Floor, x) }

// Truncate leaves out what comes after the point, element by element.
func (g *Graph) Truncate(x Node) Node { return g.rounding(op.Truncate, x) }

func (g *Graph) rounding(o op.Rounding, x Node) Node {
	if !g.floats(o.Name, x) {
		return Node{}
	}
	return g.apply(o, x.shape(), x)
}

// noDerivative refuses a gradient.
func noDerivative(d derivation) []Node {
	d.g.failf(d.op.String(), "nothing can be learned through it: its derivative is 0 wherever there is one; freeze the parameters below it")
	return make([]Node, len(d.in))
}

func init() {
	differentiate(func(_ op.Rounding, d derivation) []Node { return noDerivative(d) })
}
