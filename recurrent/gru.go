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
// paper's: n = tanh(W_n·x + b_in + U_n·(r⊙h) + b_hn).
//
// State: h. Parameters as torch.nn.GRU, gates in the order r, z, n: weight_ih [3H, I], weight_hh [3H, H],
// bias_ih [3H], bias_hh [3H].
type GRU struct {
	Hidden      int  // H, the width of h
	ResetBefore bool // apply the reset gate to h, before the product
}

// Begin returns h = 0, [B, H].
func (c GRU) Begin(g *graph.Graph, batch int) State { return zeros(g, "GRU", 1, batch, c.Hidden) }

// Step computes the new hidden state, which is also the output, [B, H].
func (c GRU) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "GRU", c.Hidden, 1, x, s) {
		return graph.Node{}, s
	}
	w, h := newWeights(g, 3, c.Hidden, x.Dim(-1), nil), s[0]
	var r, z, n graph.Node
	in := g.Split(g.Add(g.MatMulT(x, w.ih), w.bih), 1, 3)
	if c.ResetBefore {
		u, b := g.Split(w.hh, 0, 3), g.Split(w.bhh, 0, 3)
		r = g.Sigmoid(g.Add(in[0], g.MatMulT(h, u[0]), b[0]))
		z = g.Sigmoid(g.Add(in[1], g.MatMulT(h, u[1]), b[1]))
		n = g.Tanh(g.Add(in[2], g.MatMulT(g.Mul(r, h), u[2]), b[2]))
	} else {
		back := g.Split(g.Add(g.MatMulT(h, w.hh), w.bhh), 1, 3)
		r = g.Sigmoid(g.Add(in[0], back[0]))
		z = g.Sigmoid(g.Add(in[1], back[1]))
		n = g.Tanh(g.Add(in[2], g.Mul(r, back[2])))
	}
	next := g.Add(n, g.Mul(z, g.Sub(h, n))) // (1-z)⊙n + z⊙h
	return next, State{next}
}
