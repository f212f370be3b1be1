package recurrent

import "github.com/unroll-go/unroll/graph"

// parts are the numbers that a recurrence calculates with: one tensor for real numbers, two for complex ones.
type parts []graph.Node

func (p parts) each(f func(i int, n graph.Node) graph.Node) parts {
	out := make(parts, len(p))
	for i, n := range p {
		out[i] = f(i, n)
	}
	return out
}

// steps is some of the steps of [T, B, H], or all of what is the same at every step.
func (p parts) steps(g *graph.Graph, from, to int) parts {
	return p.each(func(_ int, n graph.Node) graph.Node {
		if n.Rank() < 3 {
			return n
		}
		return g.Slice(n, 0, from, to)
	})
}

// algebra is what Linear calculates with: what a step does to the state, and what two steps do.
type algebra struct {
	one  []float64 // the a that leaves a state as it is, part by part
	zero float64   // the b that adds nothing, each part
	// times is a·h, and compose a·b for two of a's kind.
	times, compose func(g *graph.Graph, a, h parts) parts
	plus           func(g *graph.Graph, x, y graph.Node) graph.Node
}

// step is a·h + b.
func (r algebra) step(g *graph.Graph, a, b, h parts) parts {
	moved := r.times(g, a, h)
	return b.each(func(i int, n graph.Node) graph.Node { return r.plus(g, moved[i], n) })
}

// fit reports shapes that do not belong together.
func (r algebra) fit(g *graph.Graph, a, b, first parts) bool {
	for i, n := range b {
		if g.Err() == nil && (n.Rank() != 3 || first[i].Rank() != 2) {
			g.Failf("Scan", "want b [T, B, H] and an initial state [B, H], found %v and %v", n.Shape(), first[i].Shape())
		}
	}
	return g.Err() == nil
}

func add(g *graph.Graph, x, y graph.Node) graph.Node { return g.Add(x, y) }

func multiply(g *graph.Graph, a, h parts) parts { return parts{g.Mul(a[0], h[0])} }

// multiplyComplex is (a_0 + i·a_1)·(h_0 + i·h_1).
func multiplyComplex(g *graph.Graph, a, h parts) parts {
	return parts{
		g.Sub(g.Mul(a[0], h[0]), g.Mul(a[1], h[1])),
		g.Add(g.Mul(a[0], h[1]), g.Mul(a[1], h[0])),
	}
}

// multiplyPair is [a_0 a_1; a_2 a_3]·h, for h of one column or, as a itself, of two.
func multiplyPair(g *graph.Graph, a, h parts) parts {
	columns := len(h) / 2
	out := make(parts, len(h))
	for row := range 2 {
		for c := range columns {
			out[row*columns+c] = g.Add(g.Mul(a[2*row], h[c]), g.Mul(a[2*row+1], h[columns+c]))
		}
	}
	return out
}

func shift(g *graph.Graph, a, h parts) parts { return parts{g.Add(a[0], h[0])} }

func larger(g *graph.Graph, x, y graph.Node) graph.Node { return g.Where(g.Less(x, y), y, x) }

var (
	realAlgebra    = algebra{one: []float64{1}, times: multiply, compose: multiply, plus: add}
	complexAlgebra = algebra{one: []float64{1, 0}, times: multiplyComplex, compose: multiplyComplex, plus: add}
	pairAlgebra    = algebra{one: []float64{1, 0, 0, 1}, times: multiplyPair, compose: multiplyPair, plus: add}
	maxAlgebra     = algebra{one: []float64{0}, zero: -1e38, times: shift, compose: shift, plus: larger}
)
