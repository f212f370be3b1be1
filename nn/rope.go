package nn

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// RoPE is rotary position embedding (Su et al., 2021, arXiv 2104.09864): pairs of numbers of a query or a key turn by angles
// that grow with its position, so that their product depends on the distance of two positions alone:
//
//	angle_i = position·Base^(-2i/Width)    (x_a, x_b) = (x_a·cos - x_b·sin, x_b·cos + x_a·sin)
//
// A pair i is made of numbers i and i + Width/2, as in GPT-NeoX and Llama, or, with Interleaved, of 2i and 2i+1, as in the
// paper and GPT-J. It has no parameters.
type RoPE struct {
	Base        float64 // 0 for 10000
	Width       int     // how many numbers of a head turn, from its first one on; even; 0 for all
	Interleaved bool
}

// Apply turns x [T, B, Heads, D] by positions 0 to T-1.
func (r RoPE) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if g.Err() == nil && x.Rank() != 4 {
		return g.Failf("RoPE", "want [T, B, Heads, D], found %s", described(x))
	}
	if g.Err() != nil {
		return graph.Node{}
	}
	at := make([]float64, x.Dim(0))
	for t := range at {
		at[t] = float64(t)
	}
	positions := g.Const(graph.Floats64(at, len(at), 1))
	return r.ApplyAt(g, x, g.BroadcastTo(positions, x.Dim(0), x.Dim(1)))
}

// ApplyAt turns x [..., Heads, D] by the given positions [...]: whole numbers, as floats.
func (r RoPE) ApplyAt(g *graph.Graph, x, positions graph.Node) graph.Node {
	if !r.fits(g, x, positions) {
		return graph.Node{}
	}
	width, heads, rank := r.width(x), x.Dim(-2), x.Rank()
	half, base := width/2, r.Base
	if base == 0 {
		base = 10000
	}
	rates := make([]float64, half)
	for i := range rates {
		rates[i] = math.Pow(base, -2*float64(i)/float64(width))
	}
	lead := positions.Shape()
	angles := g.Mul(g.Reshape(positions, append(slices.Clip(lead), 1, 1)...), g.Const(graph.Floats64(rates))) // [..., 1, half]
	all := append(slices.Clip(lead), heads, half)
	cos, sin := g.BroadcastTo(g.Cos(angles), all...), g.BroadcastTo(g.Sin(angles), all...)

	turning := g.Slice(x, -1, 0, width)
	var a, b graph.Node
	if r.Interleaved {
		pairs := g.Reshape(turning, append(slices.Clip(all), 2)...)
		a, b = g.Reshape(g.Slice(pairs, -1, 0, 1), all...), g.Reshape(g.Slice(pairs, -1, 1, 2), all...)
	} else {
		a, b = g.Slice(turning, -1, 0, half), g.Slice(turning, -1, half, width)
	}
	a, b = g.Sub(g.Mul(a, cos), g.Mul(b, sin)), g.Add(g.Mul(b, cos), g.Mul(a, sin))
	var out graph.Node
	if r.Interleaved {
		one := append(slices.Clip(all), 1)
		out = g.Reshape(g.Concat(rank, g.Reshape(a, one...), g.Reshape(b, one...)), turning.Shape()...)
	} else {
		out = g.Concat(rank-1, a, b)
	}
	if width == x.Dim(-1) {
		return out
	}
	return g.Concat(rank-1, out, g.Slice(x, -1, width, x.Dim(-1)))
}

// width is how many numbers of a head turn.
func (r RoPE) width(x graph.Node) int {
	if r.Width == 0 {
		return x.Dim(-1)
	}
	return r.Width
}

// fits reports settings and inputs that do not fit each other.
func (r RoPE) fits(g *graph.Graph, x, positions graph.Node) bool {
	if !isInput(g, "RoPE", x) || !isInput(g, "RoPE", positions) {
		return false
	}
	switch rank := x.Rank(); {
	case x.IsIDs() || positions.IsIDs() || rank < 2 || positions.Rank() != rank-2 || !samePrefix(x, positions):
		g.Failf("RoPE", "x %s and positions %s; want numbers [..., Heads, D] and [...]", described(x), described(positions))
	case r.Base < 0 || math.IsInf(r.Base, 1) || r.Base != r.Base:
		g.Failf("RoPE", "base %g; want a number above 0, or 0 for 10000", r.Base)
	case r.width(x) < 2 || r.width(x)%2 != 0 || r.width(x) > x.Dim(-1):
		g.Failf("RoPE", "%d numbers of a head of %d turn; want an even number, 2 to as many", r.width(x), x.Dim(-1))
	}
	return g.Err() == nil
}

// samePrefix tells whether x has the dimensions of y, and others behind them.
func samePrefix(x, y graph.Node) bool {
	for i := range y.Rank() {
		if x.Dim(i) != y.Dim(i) {
			return false
		}
	}
	return true
}
