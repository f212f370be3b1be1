package recurrent

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// LRU is a linear recurrent unit with a real diagonal (after Orvieto et al., 2023, arXiv 2303.06349): every unit of its state
// decays at its own rate, and input, state and output are connected by matrix products alone:
//
//	s' = λ⊙s + √(1-λ²)⊙(W_ih·x),   λ = exp(-exp(ν))
//	h' = W_hr·s' + W_xr·x + b
//
// λ is between 0 and 1 for any ν, so the state cannot explode, and the root gives it the variance of its input. A network
// needs a nonlinearity before or after the LRU. ν starts so that λ² is uniform between the squares of Fastest and Slowest,
// like the radius on the paper's ring. It is a Scanner: Scan computes all steps at once.
//
// Three things differ from the paper's unit. Its λ is complex, exp(-exp(ν)+i·exp(θ)), so that states also rotate, and its
// output reads the real part; a real λ only decays. Its factor starts at √(1-|λ|²) and is a parameter; here it follows λ. Its
// path around the state is a diagonal, for inputs as wide as outputs; here it is W_xr. S5 (Smith, Warrington and Linderman,
// 2023, arXiv 2208.04933) is complex too, and comes from a system in continuous time.
//
// State: h [B, H], which is not read, s [B, N]. Parameters: nu [N], weight_ih [N, I], weight_hr [H, N],
// weight_xr [H, I], bias_hr [H], zero at the start.
type LRU struct {
	Hidden  int     // H, the width of the output
	State   int     // N, the width of the state; 0 for H
	Fastest float64 // at the start, λ of the units that forget first; 0 for 0.9
	Slowest float64 // at the start, λ of the units that remember longest; 0 for 0.999
}

// Begin returns h = 0 [B, H] and s = 0 [B, N].
func (c LRU) Begin(g *graph.Graph, batch int) State { return zeros(g, "LRU", batch, c.widths()...) }

// widths are those of the state's entries.
func (c LRU) widths() []int {
	if c.State == 0 {
		return []int{c.Hidden, c.Hidden}
	}
	return []int{c.Hidden, c.State}
}

// recurrence returns λ [N] and √(1-λ²)⊙(W_ih·x), [..., N], for x [..., I].
func (c LRU) recurrence(g *graph.Graph, x graph.Node) (decay, in graph.Node) {
	n := c.widths()[1]
	rate := g.Exp(g.Param("nu", c.ring, n)) // -log λ
	// 1-λ² = 1-exp(-2·rate) = 2t/(1+t) with t = tanh(rate), which does not cancel where λ is near 1.
	t := g.Tanh(rate)
	gain := g.Sqrt(g.Div(g.MulScalar(t, 2), g.AddScalar(t, 1)))
	w := g.Param("weight_ih", graph.GlorotUniform(), n, x.Dim(-1))
	return g.Exp(g.Neg(rate)), g.Mul(gain, g.MatMulT(x, w))
}

// output maps the state [..., N] and the input [..., I] to the output, [..., H].
func (c LRU) output(g *graph.Graph, s, x graph.Node) graph.Node {
	w := g.Param("weight_hr", graph.GlorotUniform(), c.Hidden, c.widths()[1])
	d := g.Param("weight_xr", graph.GlorotUniform(), c.Hidden, x.Dim(-1))
	return g.Add(g.MatMulT(s, w), g.MatMulT(x, d), g.Param("bias_hr", graph.Constant(0), c.Hidden))
}

// Step computes the output, [B, H], and the new state.
func (c LRU) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !checked(g, "LRU", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	decay, in := c.recurrence(g, x)
	next := g.Add(g.Mul(decay, s[1]), in)
	h := c.output(g, next, x)
	return h, State{h, next}
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c LRU) Scan(g *graph.Graph, x graph.Node, s State, o Order) (graph.Node, State) {
	if !scannable(g, "LRU", x, s, c.widths()...) {
		return graph.Node{}, s
	}
	decay, in := c.recurrence(g, x)
	all, last := o.Linear(g, decay, in, s[1])
	h := c.output(g, all, x)
	return h, State{o.Last(g, h, s[0]), last}
}

// ring draws ν = log(-log λ), λ² uniform between Fastest² and Slowest².
func (c LRU) ring(dst []float64, _ []int, rng *rand.Rand) error {
	low, high := c.Fastest, c.Slowest
	if low == 0 {
		low = 0.9
	}
	if high == 0 {
		high = 0.999
	}
	if !(0 < low && low <= high && high < 1) {
		return errors.Errorf("LRU: λ from %g to %g; want 0 < Fastest <= Slowest < 1", low, high)
	}
	for i := range dst {
		least := float64(low * low)
		square := least + float64((float64(high*high)-least)*rng.Float64())
		dst[i] = math.Log(-0.5 * math.Log(square))
	}
	return nil
}
