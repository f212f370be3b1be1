package recurrent

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// IndRNN is the independently recurrent network (Li et al., 2018, arXiv 1803.04831), in which each unit reads only its own
// past:
//
//	h' = ReLU(W_ih·x + u⊙h + b)
//
// So the gradient over k steps is u^k, which u alone controls. u starts uniform between Lowest and 1: with Lowest 0 units
// remember for different times, with Lowest near 1 over the whole sequence. Over T steps, keep |u| at or below 2^(1/T) with
// Limit, or clip weight_hh after every step of the optimiser. The paper's networks also use batch normalisation, for which
// there is nn.BatchNorm.
//
// State: h. Parameters: weight_ih [H, I], weight_hh [H], bias_ih [H], zero at the start.
type IndRNN struct {
	Hidden int     // H, the width of h
	Tanh   bool    // tanh in place of ReLU
	Lowest float64 // u starts uniform in [Lowest, 1]
	Limit  float64 // clamp u to [-Limit, Limit], outside of which it gets no gradient; 0 for no limit
}

// Begin returns h = 0, [B, H].
func (c IndRNN) Begin(g *graph.Graph, batch int) State { return zeros(g, "IndRNN", batch, c.Hidden) }

// Step computes the new hidden state, which is also the output, [B, H].
func (c IndRNN) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	switch {
	case !(c.Limit >= 0):
		return g.Failf("IndRNN", "limit %g; want above 0, or 0 for none", c.Limit), s
	case !(c.Lowest <= 1) || math.IsInf(c.Lowest, -1):
		return g.Failf("IndRNN", "Lowest is %g; want a number up to 1", c.Lowest), s
	case !checked(g, "IndRNN", x, s, c.Hidden):
		return graph.Node{}, s
	}
	u := g.Param("weight_hh", graph.Uniform(c.Lowest, 1), c.Hidden)
	if c.Limit > 0 {
		u = g.Clamp(u, -c.Limit, c.Limit)
	}
	z := g.Add(inputs(g, x, 1, c.Hidden, nil), g.Mul(u, s[0]))
	h := g.ReLU(z)
	if c.Tanh {
		h = g.Tanh(z)
	}
	return h, State{h}
}
