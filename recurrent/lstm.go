package recurrent

import "github.com/unroll-go/unroll/graph"

// LSTM is the long short-term memory with a forget gate (Hochreiter and Schmidhuber, 1997; Gers et al., 2000):
//
//	i, f, o = σ(W_i·x + U_i·h + b_i), ...   n = tanh(W_n·x + U_n·h + b_n)
//	c' = f⊙c + i⊙n
//	h' = o⊙tanh(c')
//
// The cell state c passes through time by addition, which is why its gradient need not vanish. The forget gate's bias
// starts at 1, so that a new network remembers for some steps (Jozefowicz et al., 2015). With Span, the biases of the
// forget and input gates start such that units remember for 1 to Span steps, which distances of fifty steps and more
// need (chrono initialisation: Tallec and Ollivier, 2018).
//
// The options change an equation each, and combine:
//
//	Peepholes   i and f see c, o sees c': i = σ(... + p_i⊙c), o = σ(... + p_o⊙c') (Gers and Schmidhuber, 2000)
//	Projection  h' = W_hr·(o⊙tanh(c')), [B, P], which keeps U small (Sak et al., 2014); torch's proj_size
//	Coupled     f = 1-i, three gates (CIFG; Greff et al., 2017); the bias of i starts at -1, to remember
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
	Peepholes  bool // gates see the cell state
	Coupled    bool // the forget gate is what the input gate leaves
	NoForget   bool // no forget gate
	LayerNorm  bool // layer normalisation
	Span       int  // memories last up to so many steps from the start; 0 for a forget bias of 1
}

// Begin returns h = c = 0.
func (c LSTM) Begin(g *graph.Graph, batch int) State {
	switch {
	case c.Projection < 0:
		g.Failf("LSTM", "projection to %d; want at least 1, or 0 for none", c.Projection)
	case c.Coupled && c.NoForget:
		g.Failf("LSTM", "both Coupled and NoForget are set; want one of them at most")
	case c.NoForget && c.Span != 0:
		g.Failf("LSTM", "Span starts the forget gate, which NoForget leaves out")
	}
	checkSpan(g, "LSTM", c.Span)
	return zeros(g, "LSTM", batch, c.output(), c.Hidden)
}

// Step computes the new hidden and cell state; the output is the hidden state.
func (c LSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "LSTM", x, s, c.output(), c.Hidden) {
		return graph.Node{}, s
	}
	gate, old := c.gates(g, x, s[0]), s[1] // arguments of i, f, n, o, or of i, n, o
	i, n, o := gate[0], gate[len(gate)-2], gate[len(gate)-1]
	var see []graph.Node // peepholes of i, f, o, or of i, o
	if c.Peepholes {
		k := len(gate) - 1
		see = g.Split(g.Param("weight_ch", graph.Zeros(), k*c.Hidden), 0, k)
		i = g.Add(i, g.Mul(see[0], old))
	}
	i = g.Record("input_gate", g.Sigmoid(i))
	kept := old // f⊙c
	switch {
	case c.Coupled:
		kept = g.Mul(g.Affine(i, -1, 1), old)
	case !c.NoForget:
		f := gate[1]
		if c.Peepholes {
			f = g.Add(f, g.Mul(see[1], old))
		}
		kept = g.Mul(g.Record("forget_gate", g.Sigmoid(f)), old)
	}
	cell := g.Add(kept, g.Mul(i, g.Tanh(n)))
	if c.Peepholes {
		o = g.Add(o, g.Mul(see[len(see)-1], cell))
	}
	shown := cell
	if c.LayerNorm {
		shown = g.Add(layerNorm(g, cell, "norm_ch"), g.Param("bias_ch", graph.Zeros(), c.Hidden))
	}
	h := g.Mul(g.Record("output_gate", g.Sigmoid(o)), g.Tanh(shown))
	if c.Projection > 0 {
		h = g.MatMulT(h, g.Param("weight_hr", graph.GlorotUniform(), c.Projection, c.Hidden))
	}
	return h, State{h, cell}
}

// gates returns the arguments of the gates, [B, H] each.
func (c LSTM) gates(g *graph.Graph, x, h graph.Node) []graph.Node {
	zero, one := graph.Zeros(), graph.Constant(1)
	bias := graph.Blocks(zero, one, zero, zero)
	switch {
	case c.Coupled:
		bias = graph.Blocks(graph.Constant(-1), zero, zero)
	case c.NoForget:
		bias = zero
	}
	k, forget := 4, 1
	if c.Coupled || c.NoForget {
		k, forget = 3, -1
	}
	if c.Span > 0 {
		bias = chrono(k, forget, 0, c.Span)
	}
	w := newWeights(g, k, c.Hidden, c.output(), x.Dim(-1), bias)
	in, back := g.MatMulT(x, w.ih), g.MatMulT(h, w.hh)
	if c.LayerNorm {
		in, back = layerNorm(g, in, "norm_ih"), layerNorm(g, back, "norm_hh")
	}
	return g.Split(g.Add(in, back, w.bih, w.bhh), 1, k)
}

// output is the width of h.
func (c LSTM) output() int {
	if c.Projection > 0 {
		return c.Projection
	}
	return c.Hidden
}
