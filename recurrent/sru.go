package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// SRU is the simple recurrent unit (Lei et al., 2018, arXiv 1709.02755), a light recurrence with a highway around it:
//
//	f = σ(W_f·x + b_f)
//	c' = f⊙c + (1-f)⊙(W_n·x)
//	r = σ(W_r·x + b_r)
//	h' = r⊙c' + (1-r)⊙x·α,   α = √(1 + 2·exp(HighwayBias))
//
// where b_r starts at HighwayBias, and α keeps the variance of x from layer to layer. When I differs from H, W_x·x takes
// the place of x. With Peepholes, v_f⊙c is added to the argument of f and v_r⊙c to that of r: the paper's full form.
//
// Without peepholes it is a Scanner: Scan computes all steps at once.
//
// State: h, c; h is not read. Parameters, in the order n, f, r and, when I differs from H, x: weight_ih [3H or 4H, I];
// bias_ih [2H], of f and r; with peepholes weight_ch [2H], of f and r, zero at the start.
type SRU struct {
	Hidden      int     // H, the width of h and c
	HighwayBias float64 // start of b_r; below zero, a new network lets its input pass
	Peepholes   bool    // the gates see the cell state
}

// Begin returns h = c = 0, [B, H] each.
func (c SRU) Begin(g *graph.Graph, batch int) State {
	if way := c.HighwayBias; way != way || math.IsInf(math.Exp(way), 1) {
		g.Failf("SRU", "HighwayBias %g; want a number whose exponential is finite", way)
	}
	return zeros(g, "SRU", batch, c.Hidden, c.Hidden)
}

// products returns W_n·x, the arguments of f and r, and α times the input of the highway, for x [..., I].
func (c SRU) products(g *graph.Graph, x graph.Node) (n, f, r, way graph.Node) {
	k := 4
	if x.Dim(-1) == c.Hidden {
		k = 3
	}
	w := g.Param("weight_ih", graph.Repeat(k, graph.GlorotUniform()), k*c.Hidden, x.Dim(-1))
	bias := graph.Blocks(graph.Constant(0), graph.Constant(c.HighwayBias))
	b := g.Split(g.Param("bias_ih", bias, 2*c.Hidden), 0, 2)
	in := g.Split(g.MatMulT(x, w), x.Rank()-1, k)
	if k == 4 {
		x = in[3]
	}
	return in[0], g.Add(in[1], b[0]), g.Add(in[2], b[1]), g.MulScalar(x, math.Sqrt(1+2*math.Exp(c.HighwayBias)))
}

// Step computes the new hidden and cell state; the output is the hidden state, [B, H].
func (c SRU) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "SRU", x, s, c.Hidden, c.Hidden) {
		return graph.Node{}, s
	}
	n, f, r, way := c.products(g, x)
	if c.Peepholes {
		v := g.Split(g.Param("weight_ch", graph.Constant(0), 2*c.Hidden), 0, 2)
		f, r = g.Add(f, g.Mul(v[0], s[1])), g.Add(r, g.Mul(v[1], s[1]))
	}
	f, r = g.Sigmoid(f), g.Sigmoid(r)
	cell := g.Add(g.Mul(f, s[1]), g.Mul(g.Affine(f, -1, 1), n))
	h := g.Add(g.Mul(r, cell), g.Mul(g.Affine(r, -1, 1), way))
	return h, State{h, cell}
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c SRU) Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State) {
	switch {
	case c.Peepholes:
		return g.Failf("SRU", "with peepholes it is not linear in its state, so it cannot be scanned; use Unroll"), s
	case !scannable(g, "SRU", x, s, c.Hidden, c.Hidden):
		return graph.Node{}, s
	}
	n, f, r, way := c.products(g, x)
	f, r = g.Sigmoid(f), g.Sigmoid(r)
	cell, last := o.Linear(g, f, g.Mul(g.Affine(f, -1, 1), n), s[1])
	h := g.Add(g.Mul(r, cell), g.Mul(g.Affine(r, -1, 1), way))
	return h, State{o.Last(g, h, s[0]), last}
}
