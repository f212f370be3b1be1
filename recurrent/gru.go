package recurrent

import "github.com/unroll-go/unroll/graph"

// GRU is the gated recurrent unit (Cho et al., 2014):
//
//	r = σ(W_r·x + b_ir + U_r·h + b_hr)
//	z = σ(W_z·x + b_iz + U_z·h + b_hz)
//	n = tanh(W_n·x + b_in + r⊙(U_n·h + b_hn))
//	h' = (1-z)⊙n + z⊙h
//
// This is the form of PyTorch, cuDNN and Keras, with the reset gate applied after the product. ResetBefore gives the
// paper's: n = tanh(W_n·x + b_in + U_n·(r⊙h) + b_hn). LayerNorm normalises every product, those of r and z together
// and that of n by itself (Ba et al., 2016, arXiv 1607.06450, eq. 23-25, whose z is our 1-z).
//
// State: h. Parameters as torch.nn.GRU, gates in the order r, z, n: weight_ih [3H, I], weight_hh [3H, H],
// bias_ih [3H], bias_hh [3H]; with layer normalisation gains norm_ih [3H] and norm_hh [3H], one at the start.
type GRU struct {
	Hidden      int  // H, the width of h
	ResetBefore bool // apply the reset gate to h, before the product
	LayerNorm   bool // layer normalisation
	ChronoSpan  int  // at the start, units remember for up to so many steps (chrono initialisation, see LSTM); 0 for none
}

// Begin returns h = 0, [B, H].
func (c GRU) Begin(g *graph.Graph, batch int) State {
	checkSpan(g, "GRU", c.ChronoSpan)
	return zeros(g, "GRU", batch, c.Hidden)
}

// Step computes the new hidden state, which is also the output, [B, H].
func (c GRU) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "GRU", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	if c.ResetBefore || c.LayerNorm {
		return c.variant(g, x, s)
	}
	w, h := newWeights(g, 3, c.Hidden, c.Hidden, x.Dim(-1), c.bias()), s[0]
	in := g.Split(g.Add(g.MatMulT(x, w.ih), w.bih), 1, 3) // of r, z, n, [B, H] each
	back := g.Split(g.Add(g.MatMulT(h, w.hh), w.bhh), 1, 3)
	r := g.Record("reset_gate", g.Sigmoid(g.Add(in[0], back[0])))
	z := g.Record("update_gate", g.Sigmoid(g.Add(in[1], back[1])))
	n := g.Tanh(g.Add(in[2], g.Mul(r, back[2])))
	next := g.Add(n, g.Mul(z, g.Sub(h, n))) // (1-z)⊙n + z⊙h
	return next, State{next}
}

// bias is the start of bias_ih; nil for zeros.
func (c GRU) bias() graph.Init {
	if c.ChronoSpan == 0 {
		return nil
	}
	return chrono(3, 1, -1, c.ChronoSpan)
}
