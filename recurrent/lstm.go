package recurrent

import "github.com/unroll-go/unroll/graph"

// LSTM is the long short-term memory with a forget gate (Hochreiter and Schmidhuber, 1997; Gers et al., 2000):
//
//	i, f, o = σ(W_i·x + U_i·h + b_i), ...   n = tanh(W_n·x + U_n·h + b_n)
//	c' = f⊙c + i⊙n
//	h' = o⊙tanh(c')
//
// The cell state c passes through time by addition, which is why its gradient need not vanish. The forget gate's bias
// starts at 1, so that a new network remembers for some steps (Jozefowicz et al., 2015). Distances of fifty steps and
// more need ChronoSpan: it starts the biases of the forget and input gates so that the units remember for 1 to ChronoSpan
// steps (chrono initialisation: Tallec and Ollivier, 2018).
//
// Each of the other options changes one equation, and they combine:
//
//	Peepholes   i and f see c, o sees c': i = σ(... + p_i⊙c), o = σ(... + p_o⊙c') (Gers and Schmidhuber, 2000)
//	Projection  h' = W_hr·(o⊙tanh(c')), [B, P], which keeps U small (Sak et al., 2014); torch's proj_size
//	Coupled     f = 1-i, three gates (CIFG; Greff et al., 2017); the bias of i starts at -1, so that the cell remembers
//	NoForget    f = 1, three gates: the cell of 1997, with tanh for its two squashing functions and the whole gradient
//	LayerNorm   LN(W·x) + LN(U·h) + b, over all gates together, and o⊙tanh(LN(c') + b_ch) (Ba et al., 2016, eq. 20-22)
//
// State: h [B, P or H], c [B, H]. Parameters as torch.nn.LSTM, gates in the order i, f, n, o, without f when there is
// none: weight_ih [4H, I], weight_hh [4H, H or P], bias_ih [4H], bias_hh [4H], weight_hr [P, H]. With peepholes,
// weight_ch [3H] in the order i, f, o, zero at the start; with layer normalisation, gains norm_ih [4H], norm_hh [4H]
// and norm_ch [H], one at the start, and bias_ch [H].
type LSTM struct {
	Hidden     int  // H, the width of c, and of h unless it is projected
	Projection int  // P, the width of h; 0 for no projection
	Peepholes  bool // the gates see the cell state
	Coupled    bool // the forget gate is one minus the input gate
	NoForget   bool // no forget gate
	LayerNorm  bool // layer normalisation
	ChronoSpan int  // at the start, units remember for up to so many steps; 0 for a forget bias of 1
}

// Begin returns h = c = 0.
func (c LSTM) Begin(g *graph.Graph, batch int) State {
	switch {
	case c.Projection < 0:
		g.Failf("LSTM", "projection to %d; want at least 1, or 0 for none", c.Projection)
	case c.Coupled && c.NoForget:
		g.Failf("LSTM", "both Coupled and NoForget are set; want one of them at most")
	case c.NoForget && c.ChronoSpan != 0:
		g.Failf("LSTM", "ChronoSpan starts the forget gate, which NoForget leaves out")
	}
	checkSpan(g, "LSTM", c.ChronoSpan)
	return zeros(g, "LSTM", batch, c.output(), c.Hidden)
}

// Step computes the new hidden and cell state; the output is the hidden state.
func (c LSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "LSTM", x, s, c.output(), c.Hidden) {
		return graph.Node{}, s
	}
	if c.Peepholes || c.Projection > 0 || c.Coupled || c.NoForget || c.LayerNorm {
		return c.variant(g, x, s)
	}
	w := newWeights(g, 4, c.Hidden, c.Hidden, x.Dim(-1), c.bias())
	z := g.Split(g.Add(g.MatMulT(x, w.ih), g.MatMulT(s[0], w.hh), w.bih, w.bhh), 1, 4) // of i, f, n, o, [B, H] each
	i := g.Record("input_gate", g.Sigmoid(z[0]))
	f := g.Record("forget_gate", g.Sigmoid(z[1]))
	cell := g.Add(g.Mul(f, s[1]), g.Mul(i, g.Tanh(z[2])))
	o := g.Record("output_gate", g.Sigmoid(z[3]))
	h := g.Mul(o, g.Tanh(cell))
	return h, State{h, cell}
}

// bias is the start of bias_ih, of i, f, n, o or of i, n, o.
func (c LSTM) bias() graph.Init {
	zero, one := graph.Constant(0), graph.Constant(1)
	switch {
	case c.Coupled && c.ChronoSpan > 0:
		return chrono(3, -1, 0, c.ChronoSpan)
	case c.Coupled:
		return graph.Blocks(graph.Constant(-1), zero, zero)
	case c.NoForget:
		return zero
	case c.ChronoSpan > 0:
		return chrono(4, 1, 0, c.ChronoSpan)
	}
	return graph.Blocks(zero, one, zero, zero)
}

// output is the width of h.
func (c LSTM) output() int {
	if c.Projection > 0 {
		return c.Projection
	}
	return c.Hidden
}
