package recurrent

import "github.com/unroll-go/unroll/graph"

// LSTM is the long short-term memory with a forget gate (Hochreiter and Schmidhuber, 1997; Gers et al., 2000):
//
//	i, f, o = σ(W_i·x + U_i·h + b_i), ...   n = tanh(W_n·x + U_n·h + b_n)
//	c' = f⊙c + i⊙n
//	h' = o⊙tanh(c')
//
// The cell state c passes through time by addition, which is why its gradient need not vanish. The forget gate's bias
// starts at 1, so that a new network remembers (Jozefowicz et al., 2015).
//
// State: h, c. Parameters as torch.nn.LSTM, gates in the order i, f, n, o: weight_ih [4H, I], weight_hh [4H, H],
// bias_ih [4H], bias_hh [4H].
type LSTM struct {
	Hidden int // H, the width of h and c
}

// Begin returns h = c = 0, [B, H] each.
func (c LSTM) Begin(g *graph.Graph, batch int) State { return zeros(g, "LSTM", 2, batch, c.Hidden) }

// Step computes the new hidden and cell state; the output is the hidden state, [B, H].
func (c LSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "LSTM", c.Hidden, 2, x, s) {
		return graph.Node{}, s
	}
	zero, one := graph.Zeros(), graph.Constant(1)
	w := newWeights(g, 4, c.Hidden, x.Dim(-1), graph.Blocks(zero, one, zero, zero))
	z := g.Add(g.MatMulT(x, w.ih), g.MatMulT(s[0], w.hh), w.bih, w.bhh) // [B, 4H]
	gate := g.Split(z, 1, 4)
	i, f, n, o := g.Sigmoid(gate[0]), g.Sigmoid(gate[1]), g.Tanh(gate[2]), g.Sigmoid(gate[3])
	cell := g.Add(g.Mul(f, s[1]), g.Mul(i, n))
	h := g.Mul(o, g.Tanh(cell))
	return h, State{h, cell}
}
