package recurrent

import "github.com/unroll-go/unroll/graph"

// RNN is the simple recurrent network of Elman (1990):
//
//	h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh)
//
// State: h. Parameters as torch.nn.RNN: weight_ih [H, I], weight_hh [H, H], bias_ih [H], bias_hh [H].
type RNN struct {
	Hidden int  // H, the width of the state
	ReLU   bool // ReLU in place of tanh
}

// Begin returns h = 0, [B, H].
func (c RNN) Begin(g *graph.Graph, batch int) State { return zeros(g, "RNN", 1, batch, c.Hidden) }

// Step computes the new hidden state, which is also the output, [B, H].
func (c RNN) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "RNN", c.Hidden, 1, x, s) {
		return graph.Node{}, s
	}
	w := newWeights(g, 1, c.Hidden, x.Dim(-1), nil)
	z := g.Add(g.MatMulT(x, w.ih), g.MatMulT(s[0], w.hh), w.bih, w.bhh)
	h := g.Tanh(z)
	if c.ReLU {
		h = g.ReLU(z)
	}
	return h, State{h}
}
