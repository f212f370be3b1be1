package linear

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// ComplexLRU is the linear recurrent unit of Orvieto et al. (2023, arXiv 2303.06349), whose state is complex, so that it turns
// as it decays:
//
//	s' = λ⊙s + exp(γ)⊙(B·x)      λ = exp(-exp(ν) + i·exp(θ))
//	h' = Re(C·s') + W_xr·x + b
//
// recurrent.LRU is its real relative. λ is on a ring at the start, between Fastest and Slowest, with angles up to Phase, and
// exp(γ) is √(1-|λ|²), which gives s the variance of its input. Where the paper has a diagonal D for inputs as wide as
// outputs, W_xr is a matrix. The radii are equal parts of the ring's area, not draws.
//
// State: h [B, H], which is not read, and the real and imaginary part of s, [B, N] each. Parameters: nu_log, theta_log and
// gamma_log [N], B_re and B_im [N, I], C_re and C_im [H, N], weight_xr [H, I], bias_hr [H].
type ComplexLRU struct {
	Hidden  int     // H, the width of the output
	State   int     // N, how many complex numbers the state has; 0 for H
	Fastest float64 // at the start, |λ| of the units that forget first; 0 for 0.9
	Slowest float64 // at the start, |λ| of the units that remember longest; 0 for 0.999
	Phase   float64 // at the start, the largest angle of λ; 0 for 2π
}

func (c ComplexLRU) filled() ComplexLRU {
	c.State = or(c.State, c.Hidden)
	for _, d := range []struct {
		to    *float64
		usual float64
	}{{&c.Fastest, 0.9}, {&c.Slowest, 0.999}, {&c.Phase, 2 * math.Pi}} {
		if *d.to == 0 {
			*d.to = d.usual
		}
	}
	return c
}

func (c ComplexLRU) widths() []int { return []int{c.Hidden, c.State, c.State} }

// Begin returns zeros.
func (c ComplexLRU) Begin(g *graph.Graph, batch int) recurrent.State {
	return zeros(g, "ComplexLRU", batch, c.filled().widths())
}

// Step computes the output, [B, H], and the new state.
func (c ComplexLRU) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "ComplexLRU", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c ComplexLRU) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	c = c.filled()
	if !sequence(g, "ComplexLRU", x, s, c.widths()) {
		return graph.Node{}, s
	}
	rate := number{g.Neg(g.Exp(g.Param("nu_log", c.radii(false), c.State))), g.Exp(g.Param("theta_log", c.angles, c.State))}
	in := product(g, x, pair(g, "B", 1/math.Sqrt(2*float64(x.Dim(2))), c.State, x.Dim(2)))
	in = in.scaled(g, g.Exp(g.Param("gamma_log", c.radii(true), c.State)))
	all, last := o.LinearComplex(g, rate.exp(g), in, [2]graph.Node(s[1:3]))
	h := number(all).realProduct(g, pair(g, "C", 1/math.Sqrt(float64(c.State)), c.Hidden, c.State))
	h = through(g, h, x)
	return h, recurrent.State{o.Last(g, h, s[0]), last[0], last[1]}
}

// pair is a complex parameter: name_re and name_im, normal with that deviation each.
func pair(g *graph.Graph, name string, std float64, shape ...int) number {
	return number{g.Param(name+"_re", graph.Normal(0, std), shape...), g.Param(name+"_im", graph.Normal(0, std), shape...)}
}

// through adds W_xr·x + b to h [..., H]: the path around a state.
func through(g *graph.Graph, h, x graph.Node) graph.Node {
	w := g.Param("weight_xr", graph.GlorotUniform(), h.Dim(-1), x.Dim(-1))
	return g.Add(h, g.MatMulT(x, w), g.Param("bias_hr", graph.Constant(0), h.Dim(-1)))
}

// radii is ν of rings of equal area, or γ for the same.
func (c ComplexLRU) radii(gain bool) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) error {
		if !(0 < c.Fastest && c.Fastest <= c.Slowest && c.Slowest < 1) {
			return errors.Errorf("ComplexLRU: |λ| from %g to %g; want 0 < Fastest <= Slowest < 1", c.Fastest, c.Slowest)
		}
		for i := range dst {
			at := (float64(i) + 0.5) / float64(len(dst))
			square := float64(c.Fastest*c.Fastest) + float64(at*float64(c.Slowest*c.Slowest-float64(c.Fastest*c.Fastest)))
			dst[i] = math.Log(-0.5 * math.Log(square))
			if gain {
				dst[i] = 0.5 * math.Log(1-square)
			}
		}
		return nil
	}
}

// angles draws θ.
func (c ComplexLRU) angles(dst []float64, _ []int, rng *rand.Rand) error {
	if !(c.Phase > 0) || math.IsInf(c.Phase, 1) {
		return errors.Errorf("ComplexLRU: angles up to %g; want a number above 0", c.Phase)
	}
	for i := range dst {
		dst[i] = math.Log(c.Phase * (1 - rng.Float64()))
	}
	return nil
}
