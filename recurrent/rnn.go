package recurrent

import "github.com/unroll-go/unroll/graph"

// RNN is the simple recurrent network of Elman (1990):
//
//	h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh)
//
// With ReLU and Identity it is the IRNN of Le, Jaitly and Hinton (2015, arXiv 1504.00941), which remembers over
// hundreds of steps: W_hh starts at the identity, so a new network adds up its inputs, and W_ih starts at
// N(0, 0.001²), as in the paper.
//
// State: h. Parameters as torch.nn.RNN: weight_ih [H, I], weight_hh [H, H], bias_ih [H], bias_hh [H].
type RNN struct {
	Hidden   int  // H, the width of the state
	ReLU     bool // ReLU in place of tanh
	Identity bool // start weight_hh at the identity
}

// Begin returns h = 0, [B, H].
func (c RNN) Begin(g *graph.Graph, batch int) State { return zeros(g, "RNN", batch, c.Hidden) }

// Step computes the new hidden state, which is also the output, [B, H].
func (c RNN) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "RNN", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	var w weights
	if c.Identity {
		w.ih = g.Param("weight_ih", graph.Normal(0, 0.001), c.Hidden, x.Dim(-1))
		w.hh = g.Param("weight_hh", graph.Identity(1), c.Hidden, c.Hidden)
		w.bih = g.Param("bias_ih", graph.Constant(0), c.Hidden)
		w.bhh = g.Param("bias_hh", graph.Constant(0), c.Hidden)
	} else {
		w = newWeights(g, 1, c.Hidden, c.Hidden, x.Dim(-1), nil)
	}
	z := g.Add(g.MatMulT(x, w.ih), g.MatMulT(s[0], w.hh), w.bih, w.bhh)
	h := g.Tanh(z)
	if c.ReLU {
		h = g.ReLU(z)
	}
	return h, State{h}
}
