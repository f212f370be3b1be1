package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// HGRN is the hierarchically gated recurrent network of Qin et al. (2023, arXiv 2311.04823), in the real form of its authors'
// later programs and of flash-linear-attention: a forget gate that depends on the input alone, and never closes further than
// Lowest, which is to grow from layer to layer so that upper layers remember longer.
//
//	f = Lowest + (1-Lowest)·σ(W_f·x)
//	s' = f⊙s + (1-f)⊙silu(W_i·x)
//	h' = W_o·(norm(s')⊙silu(W_g·x))      norm is nn.RMSNorm
//
// State: h [B, H], which is not read, and s [B, N]. Parameters, as in flash-linear-attention: i_proj.weight, f_proj.weight and
// g_proj.weight [N, I], g_norm.weight [N], o_proj.weight [H, N].
type HGRN struct {
	Hidden  int     // H, the width of the output
	State   int     // N; 0 for H
	Lowest  float64 // of the forget gate, below 1
	Epsilon float64 // of the norm; 0 for 1e-5
}

func (c HGRN) widths() []int { return []int{c.Hidden, or(c.State, c.Hidden)} }

// Begin returns zeros.
func (c HGRN) Begin(g *graph.Graph, batch int) recurrent.State {
	return zeros(g, "HGRN", batch, c.widths())
}

// Step computes the output, [B, H], and the new state.
func (c HGRN) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "HGRN", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c HGRN) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !sequence(g, "HGRN", x, s, c.widths()) {
		return graph.Node{}, s
	}
	if !(c.Lowest >= 0 && c.Lowest < 1) || math.IsNaN(c.Epsilon) {
		return g.Failf("HGRN", "a lowest forget gate of %g; want at least 0 and below 1", c.Lowest), s
	}
	dense := func(name string, units int, x graph.Node) graph.Node {
		return nn.Dense{Units: units, NoBias: true}.Apply(g.Scope(name), x)
	}
	n, epsilon := c.widths()[1], c.Epsilon
	if epsilon == 0 {
		epsilon = 1e-5
	}
	f := g.Affine(g.Sigmoid(dense("f_proj", n, x)), 1-c.Lowest, c.Lowest)
	in := g.Mul(g.Affine(f, -1, 1), nn.SiLU{}.Apply(g, dense("i_proj", n, x)))
	all, last := o.Linear(g, f, in, s[1])
	norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: epsilon}, NormFirst: true}
	h := dense("o_proj", c.Hidden, norm.Apply(g.Scope("g_norm"), all, dense("g_proj", n, x)))
	return h, recurrent.State{o.Last(g, h, s[0]), last}
}
