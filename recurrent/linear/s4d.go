package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// S4D is the diagonal state space layer of Gu et al. (2022, arXiv 2206.11893): every channel has a system of its own in
// continuous time, of N complex numbers that turn as they decay, in steps of a size that the channel learns. A dense layer
// mixes the channels afterwards.
//
//	u = x, or W_in·x + b_in where the input is not as wide as h
//	s' = λ⊙s + u         in steps of Δ = exp(log_dt)        λ = -exp(log_A_real) + i·A_imag
//	y = 2·Re(Σ_N C⊙s) + D⊙u
//	h = a⊙σ(b)           a, b = W_o·gelu(y) + b_o
//
// The state's numbers stand for pairs of conjugates, of which one is kept. All steps of a sequence are one scan over states
// [T, B, H·N], so memory grows with N.
//
// State: h [B, H], which is not read, and the real and imaginary part of s, [B, H·N] each. Parameters, as in the authors'
// program: log_dt [H], log_A_real, A_imag, C_re and C_im [H, N], D [H], output_linear.weight [2H, H] and .bias, and in_proj of
// other inputs.
type S4D struct {
	Hidden         int // H, the number of channels
	State          int // N, the complex numbers of each; 0 for 32, half of the paper's 64
	Start          Spectrum
	Discretisation Discretisation
	Plain          bool // h is y itself: no gelu, no dense layer
}

// Spectrum is where the decays of an S4D start.
type Spectrum int

// Starts of S4D, for n from 0 to N-1. All decay by 1/2.
const (
	SpectrumLin  Spectrum = iota // λ_n = -1/2 + i·πn: sines of all frequencies
	SpectrumInv                  // λ_n = -1/2 + i·(2N/π)·(2N/(2n+1) - 1), an approximation of the next one
	SpectrumLegS                 // eigenvalues of HiPPO-LegS: polynomials over all of the past
)

// imaginary returns the imaginary parts at the start.
func (s Spectrum) imaginary(n int) []float64 {
	if s == SpectrumLegS {
		return hippo(n)
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Pi * float64(i)
		if s == SpectrumInv {
			all := 2 * float64(n)
			out[i] = all / math.Pi * (all/float64(2*i+1) - 1)
		}
	}
	return out
}

func (c S4D) widths() []int {
	n := c.Hidden * or(c.State, 32)
	return []int{c.Hidden, n, n}
}

func (c S4D) valid(g *graph.Graph) bool {
	n := or(c.State, 32)
	switch {
	case !c.Discretisation.known(g, "S4D") || !positive(g, "S4D", size{"hidden size", c.Hidden}, size{"State", n}):
	case n > mostHippo || n > widest/c.Hidden:
		g.Failf("S4D", "%d channels of %d numbers; want at most %d of each, and %d in all", c.Hidden, n, mostHippo, widest)
	case c.Start < SpectrumLin || c.Start > SpectrumLegS:
		g.Failf("S4D", "unknown start %d", c.Start)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c S4D) Begin(g *graph.Graph, batch int) recurrent.State {
	if !c.valid(g) {
		return make(recurrent.State, 3)
	}
	return zeros(g, "S4D", batch, c.widths())
}

// Step computes the output, [B, H], and the new state.
func (c S4D) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "S4D", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c S4D) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !c.valid(g) || !sequence(g, "S4D", x, s, c.widths()) {
		return graph.Node{}, s
	}
	T, B, H, N := x.Dim(0), x.Dim(1), c.Hidden, or(c.State, 32)
	if x.Dim(2) != H {
		x = nn.Dense{Units: H}.Apply(g.Scope("in_proj"), x)
	}
	rate := number{
		g.Neg(g.Exp(g.Param("log_A_real", graph.Constant(math.Log(0.5)), H, N))),
		g.Param("A_imag", inRows(c.Start.imaginary), H, N),
	}
	delta := g.Exp(g.Reshape(g.Param("log_dt", logUniform(0.001, 0.1), H), H, 1))
	decay, gain := c.Discretisation.steps(g, rate, g.BroadcastTo(delta, H, N))
	in := g.Reshape(g.BroadcastTo(g.Reshape(x, T, B, H, 1), T, B, H, N), T, B, H*N)
	flat := func(a number) number { return number{g.Reshape(a[0], H*N), g.Reshape(a[1], H*N)} }
	all, last := o.LinearComplex(g, flat(decay), flat(gain).scaled(g, in), [2]graph.Node(s[1:3]))

	w := flat(pair(g, "C", math.Sqrt(0.5), H, N))
	read := g.Sub(g.Mul(all[0], w[0]), g.Mul(all[1], w[1]))
	y := g.MulScalar(g.Sum(g.Reshape(read, T, B, H, N), 3), 2)
	h := g.Add(y, g.Mul(x, g.Param("D", graph.Normal(0, 1), H)))
	if !c.Plain {
		mixed := g.Split(nn.Dense{Units: 2 * H}.Apply(g.Scope("output_linear"), nn.GELU{}.Apply(g, h)), 2, 2)
		h = g.Mul(mixed[0], g.Sigmoid(mixed[1]))
	}
	return h, recurrent.State{o.Last(g, h, s[0]), last[0], last[1]}
}
