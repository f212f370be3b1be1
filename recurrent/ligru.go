package recurrent

import "github.com/unroll-go/unroll/graph"

// LiGRU is the light GRU for speech (Ravanelli et al., 2018, arXiv 1803.10225), without a reset gate and with ReLU:
//
//	z = σ(N(W_z·x) + U_z·h + b_z)
//	n = ReLU(N(W_n·x) + U_n·h + b_n)
//	h' = z⊙h + (1-z)⊙n
//
// N keeps the ReLU from growing without bound. In the paper it is batch normalisation, with statistics over a batch and over
// time. With LayerNorm, N normalises each input's products over their 2H elements instead, which needs no statistics, so
// single steps compute what training computes. Without LayerNorm, N does nothing.
//
// State: h. Parameters, in the order z, n: weight_ih [2H, I], weight_hh [2H, H], bias_ih [2H], zero at the start; with
// layer normalisation the gain norm_ih [2H], one at the start.
type LiGRU struct {
	Hidden    int  // H, the width of h
	LayerNorm bool // normalise the products with the input
}

// Begin returns h = 0, [B, H].
func (c LiGRU) Begin(g *graph.Graph, batch int) State { return zeros(g, "LiGRU", batch, c.Hidden) }

// Step computes the new hidden state, which is also the output, [B, H].
func (c LiGRU) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "LiGRU", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	h := s[0]
	in := g.MatMulT(x, g.Param("weight_ih", graph.Repeat(2, graph.GlorotUniform()), 2*c.Hidden, x.Dim(-1)))
	if c.LayerNorm {
		in = layerNorm(g, in, "norm_ih")
	}
	u := g.Param("weight_hh", graph.Repeat(2, graph.Orthogonal(1)), 2*c.Hidden, c.Hidden)
	gate := g.Split(g.Add(in, g.MatMulT(h, u), g.Param("bias_ih", graph.Constant(0), 2*c.Hidden)), 1, 2)
	z, n := g.Sigmoid(gate[0]), g.ReLU(gate[1])
	next := g.Add(n, g.Mul(z, g.Sub(h, n))) // z⊙h + (1-z)⊙n
	return next, State{next}
}
