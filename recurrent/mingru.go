package recurrent

import "github.com/unroll-go/unroll/graph"

// MinGRU is the minimal GRU (Feng et al., 2024, arXiv 2410.01201), whose gate does not look at the state:
//
//	z = σ(W_z·x + b_z)
//	n = W_n·x + b_n
//	h' = (1-z)⊙h + z⊙n
//
// It is a Scanner: Scan computes all steps at once. The authors' program works with logarithms, so it makes n positive; here
// n may have any sign, as in the paper's equations.
//
// State: h. Parameters, in the order z, n: weight_ih [2H, I], bias_ih [2H], zero at the start.
type MinGRU struct {
	Hidden int // H, the width of h
}

// Begin returns h = 0, [B, H].
func (c MinGRU) Begin(g *graph.Graph, batch int) State { return zeros(g, "MinGRU", batch, c.Hidden) }

// gates returns z and n for x [..., I], [..., H] each.
func (c MinGRU) gates(g *graph.Graph, x graph.Node) (z, n graph.Node) {
	gate := g.Split(inputs(g, x, 2, c.Hidden, nil), x.Rank()-1, 2)
	return g.Sigmoid(gate[0]), gate[1]
}

// Step computes the new hidden state, which is also the output, [B, H].
func (c MinGRU) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "MinGRU", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	z, n := c.gates(g, x)
	h := g.Add(g.Mul(g.Affine(z, -1, 1), s[0]), g.Mul(z, n))
	return h, State{h}
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c MinGRU) Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State) {
	if !scannable(g, "MinGRU", x, s, c.Hidden) {
		return graph.Node{}, s
	}
	z, n := c.gates(g, x)
	h, last := o.Linear(g, g.Affine(z, -1, 1), g.Mul(z, n), s[0])
	return h, State{last}
}
