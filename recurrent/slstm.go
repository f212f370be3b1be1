package recurrent

import (
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
)

// SLSTM is the sLSTM of xLSTM (Beck et al., 2024, arXiv 2405.04517, eq. 8-17): an LSTM with an exponential input gate, which
// can outweigh all that was stored before, and a normaliser n that bounds the output.
//
//	i, f = exp(ĩ), σ(f̃)      z = tanh(z̃)      o = σ(õ)      ĩ = W_i·x + R_i·h + b_i, ...
//	c' = f⊙c + i⊙z      n' = f⊙n + i      h' = o⊙c'/n'
//
// To keep exp in range, c and n are stored times exp(-m), which cancels in h; the stabiliser is m' = max(log f + m, ĩ). With
// Heads, h has so many equal parts and each has its own R (R is block diagonal). With Exponential, f = exp(f̃).
//
// State: h, c, n, m, all [B, H]. Parameters, gates in the order i, f, z, o: weight_ih [4H, I], bias_ih [4H] and, head
// by head, weight_hh [Heads·4·H/Heads, H/Heads]. The biases of f start at equal distances from 3 to 6, so that units remember
// for different times. This is the cell alone, without the convolution, normalisation and projections of the paper's block.
type SLSTM struct {
	Hidden      int  // H, the width of h
	Heads       int  // into how many parts h is split; a divisor of H, 0 for 1
	Exponential bool // exponential forget gate
}

// Begin returns h = c = n = 0, and m for an empty memory, [B, H] each.
func (c SLSTM) Begin(g *graph.Graph, batch int) State {
	s := zeros(g, "SLSTM", batch, c.Hidden, c.Hidden, c.Hidden, c.Hidden)
	if headsFit(g, "SLSTM", c.Hidden, c.Heads) {
		s[3] = g.Full(EmptyStabiliser, batch, c.Hidden)
	}
	return s
}

// Startable tells that a normaliser cannot be an arbitrary vector, and c belongs to it.
func (c SLSTM) Startable(_ *graph.Graph, entry int) bool { return entry == 0 }

// Step computes the new state; the output is h, [B, H].
func (c SLSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "SLSTM", x, s, c.Hidden, c.Hidden, c.Hidden, c.Hidden) || !headsFit(g, "SLSTM", c.Hidden, c.Heads) {
		return graph.Node{}, s
	}
	zero := graph.Constant(0)
	in := inputs(g, x, 4, c.Hidden, graph.Blocks(zero, spread(3, 6), zero, zero))
	gate := g.Split(g.Add(in, c.mixed(g, s[0])), 1, 4)
	z, o := g.Tanh(gate[2]), g.Sigmoid(gate[3])
	i, f, m := stabilised(g, gate[0], logForget(g, gate[1], c.Exponential), s[3])
	cell := g.Add(g.Mul(f, s[1]), g.Mul(i, z))
	n := g.Add(g.Mul(f, s[2]), i)
	h := g.Mul(o, g.Div(cell, n))
	return h, State{h, cell, n, m}
}

// mixed is R·h, head by head: [B, H] gives [B, 4H].
func (c SLSTM) mixed(g *graph.Graph, h graph.Node) graph.Node {
	heads := max(c.Heads, 1)
	width := c.Hidden / heads
	r := g.Param("weight_hh", graph.Repeat(4*heads, graph.Orthogonal(1)), 4*c.Hidden, width)
	if heads == 1 {
		return g.MatMulT(h, r)
	}
	parts := make([]graph.Node, heads) // [B, 4, 1, H/Heads] each
	own, weight := g.Split(h, 1, heads), g.Split(r, 0, heads)
	for k := range parts {
		parts[k] = g.Reshape(g.MatMulT(own[k], weight[k]), h.Dim(0), 4, 1, width)
	}
	return g.Reshape(g.Concat(2, parts...), h.Dim(0), 4*c.Hidden)
}

// logForget is the logarithm of the forget gate: log σ(f̃) = -softplus(-f̃), or f̃ when it is exponential.
func logForget(g *graph.Graph, f graph.Node, exponential bool) graph.Node {
	if exponential {
		return f
	}
	return g.Neg(g.Softplus(g.Neg(f)))
}

// stabilised returns exp(ĩ-m'), exp(log f + m - m') and m' = max(log f + m, ĩ). With d = log f + m - ĩ these are
// exp(-max(d, 0)), exp(-max(-d, 0)) and ĩ + max(d, 0): one of the two gates is 1, the other below, and an m far below
// everything else (an empty memory) gives exactly 1, 0 and ĩ.
func stabilised(g *graph.Graph, i, logF, m graph.Node) (in, keep, next graph.Node) {
	d := g.Sub(g.Add(logF, m), i)
	up := g.ReLU(d)
	return g.Exp(g.Neg(up)), g.Exp(g.Neg(g.ReLU(g.Neg(d)))), g.Add(i, up)
}

// headsFit reports a number of heads that does not divide the width.
func headsFit(g *graph.Graph, name string, hidden, heads int) bool {
	if g.Err() == nil && positive(g, name, []int{hidden}) && (heads < 0 || hidden%max(heads, 1) != 0) {
		g.Failf(name, "%d heads; want a divisor of the hidden size %d, or 0 for 1", heads, hidden)
	}
	return g.Err() == nil
}

// spread starts the elements at equal distances from low to high.
func spread(low, high float64) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) error {
		for i := range dst {
			dst[i] = low + (high-low)*float64(i)/float64(max(len(dst)-1, 1))
		}
		return nil
	}
}
