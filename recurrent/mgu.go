package recurrent

import "github.com/unroll-go/unroll/graph"

// MGU is the minimal gated unit (Zhou et al., 2016, arXiv 1603.09420), a GRU whose two gates are one:
//
//	f = σ(W_f·x + U_f·h + b_f)
//	n = tanh(W_n·x + U_n·(f⊙h) + b_n)
//	h' = (1-f)⊙h + f⊙n
//
// State: h. Parameters, in the order f, n: weight_ih [2H, I], weight_hh [2H, H], bias_ih [2H], zero at the start.
type MGU struct {
	Hidden int // H, the width of h
}

// Begin returns h = 0, [B, H].
func (c MGU) Begin(g *graph.Graph, batch int) State { return zeros(g, "MGU", batch, c.Hidden) }

// Step computes the new hidden state, which is also the output, [B, H].
func (c MGU) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "MGU", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	h, in := s[0], g.Split(inputs(g, x, 2, c.Hidden, nil), 1, 2)
	u := g.Split(g.Param("weight_hh", graph.Repeat(2, graph.Orthogonal(1)), 2*c.Hidden, c.Hidden), 0, 2)
	f := g.Sigmoid(g.Add(in[0], g.MatMulT(h, u[0])))
	n := g.Tanh(g.Add(in[1], g.MatMulT(g.Mul(f, h), u[1])))
	next := g.Add(h, g.Mul(f, g.Sub(n, h))) // (1-f)⊙h + f⊙n
	return next, State{next}
}
