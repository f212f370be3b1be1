package recurrent

import "github.com/unroll-go/unroll/graph"

// MultiplicativeLSTM is the multiplicative LSTM (Krause et al., 2016, arXiv 1609.07959): an LSTM that reads m in place of h,
// where the input chooses how the hidden state is seen, as in a multiplicative RNN (Sutskever et al., 2011):
//
//	m = (W_im·x)⊙(W_hm·h)
//	i, f, o = σ(W_i·x + U_i·m + b_i), ...   n = tanh(W_n·x + U_n·m + b_n)
//	c' = f⊙c + i⊙n
//	h' = o⊙tanh(c')
//
// m may be of any width in the paper; here it is as wide as h, as in its experiments, in the language model of Radford et al.
// (2017), and in the protein model UniRep (Alley et al., 2019).
//
// State: h, c. Parameters, gates in the order i, f, n, o: weight_im [H, I], weight_hm [H, H], weight_ih [4H, I], weight_hh [4H, H],
// which multiplies m, and bias_ih [4H], where the forget gate's starts at 1.
type MultiplicativeLSTM struct {
	Hidden int // H, the width of h, c and m
}

// Begin returns h = c = 0, [B, H] each.
func (c MultiplicativeLSTM) Begin(g *graph.Graph, batch int) State {
	return zeros(g, "MultiplicativeLSTM", batch, c.Hidden, c.Hidden)
}

// Step computes the new hidden and cell state; the output is the hidden state, [B, H].
func (c MultiplicativeLSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "MultiplicativeLSTM", x, s, c.Hidden, c.Hidden) {
		return graph.Node{}, s
	}
	m := g.Mul(
		g.MatMulT(x, g.Param("weight_im", graph.GlorotUniform(), c.Hidden, x.Dim(-1))),
		g.MatMulT(s[0], g.Param("weight_hm", graph.Orthogonal(1), c.Hidden, c.Hidden)))
	u := g.Param("weight_hh", graph.Repeat(4, graph.Orthogonal(1)), 4*c.Hidden, c.Hidden)
	zero := graph.Constant(0)
	in := inputs(g, x, 4, c.Hidden, graph.Blocks(zero, graph.Constant(1), zero, zero))
	z := g.Split(g.Add(in, g.MatMulT(m, u)), 1, 4) // of i, f, n, o, [B, H] each
	i := g.Record("input_gate", g.Sigmoid(z[0]))
	f := g.Record("forget_gate", g.Sigmoid(z[1]))
	cell := g.Add(g.Mul(f, s[1]), g.Mul(i, g.Tanh(z[2])))
	o := g.Record("output_gate", g.Sigmoid(z[3]))
	h := g.Mul(o, g.Tanh(cell))
	return h, State{h, cell}
}
