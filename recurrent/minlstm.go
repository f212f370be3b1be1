package recurrent

import "github.com/unroll-go/unroll/graph"

// MinLSTM is the minimal LSTM (Feng et al., 2024, arXiv 2410.01201), whose gates do not look at the state and are normalised
// to a sum of 1:
//
//	f, i = σ(W_f·x + b_f), σ(W_i·x + b_i)
//	n = W_n·x + b_n
//	h' = f/(f+i)⊙h + i/(f+i)⊙n
//
// The forget gate's bias starts at 1, so that a new network remembers. It is a Scanner: Scan computes all steps at once.
// As in MinGRU, n may have any sign.
//
// State: h. Parameters, in the order i, f, n: weight_ih [3H, I], bias_ih [3H].
type MinLSTM struct {
	Hidden int // H, the width of h
}

// Begin returns h = 0, [B, H].
func (c MinLSTM) Begin(g *graph.Graph, batch int) State { return zeros(g, "MinLSTM", batch, c.Hidden) }

// gates returns f/(f+i) and n for x [..., I], [..., H] each. With log σ(a) = -softplus(-a), the quotient is
// σ(log f - log i), which is exact even where f and i are both too small to divide.
func (c MinLSTM) gates(g *graph.Graph, x graph.Node) (keep, n graph.Node) {
	zero := graph.Constant(0)
	bias := graph.Blocks(zero, graph.Constant(1), zero)
	gate := g.Split(inputs(g, x, 3, c.Hidden, bias), x.Rank()-1, 3)
	i, f := gate[0], gate[1]
	return g.Sigmoid(g.Sub(g.Softplus(g.Neg(i)), g.Softplus(g.Neg(f)))), gate[2]
}

// Step computes the new hidden state, which is also the output, [B, H].
func (c MinLSTM) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "MinLSTM", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	keep, n := c.gates(g, x)
	h := g.Add(g.Mul(keep, s[0]), g.Mul(g.Affine(keep, -1, 1), n))
	return h, State{h}
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c MinLSTM) Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State) {
	if !scannable(g, "MinLSTM", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	keep, n := c.gates(g, x)
	h, last := o.Linear(g, keep, g.Mul(g.Affine(keep, -1, 1), n), s[0])
	return h, State{last}
}
