package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// Mamba2 is the block of Dao and Gu (2024, arXiv 2405.21060, figure 6): a selective state space model whose rates are one
// number a head, so that it is linear attention with a decay, computed in chunks. For each of N heads of width P:
//
//	z, u, Δ̃ = W_in·x                   v, k, q = silu(conv(u)), over the last Kernel steps
//	Δ = softplus(Δ̃ + dt_bias)          a = -exp(A_log)
//	S' = exp(Δ·a)·S + k·(Δ·v)ᵀ         y = S'ᵀ·q + D·v
//	h' = W_out·norm(y⊙silu(z))
//
// v is [N, P]; k and q (B and C in the paper) are [G, S], each group shared by N/G heads in a row. norm divides by the root
// mean square of each of G parts of y.
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·(E+2GS)], the oldest first, and the
// matrices [B, N·S·P], rows of k and columns of v. Parameters, as in transformers, with E = N·P: in_proj.weight
// [2E+2GS+N, I], rows of z, v, k, q and Δ̃, conv1d.weight [E+2GS, 1, Kernel] and .bias, dt_bias, A_log and D [N], norm.weight [E],
// out_proj.weight [H, E]. They start as in the authors' program: rates at 1 to N, and Δ between 0.001 and 0.1.
type Mamba2 struct {
	Hidden int // H, the width of the output
	Inner  int // E, the width of v; 0 for 2·H
	Heads  int // N, a divisor of E; 0 for heads of width 64, or one
	State  int // S, the width of keys and queries; 0 for 128
	Groups int // G, a divisor of N; 0 for 1
	Kernel int // how many steps the convolution sees; 0 for 4
	// Δ is kept between MinStep and MaxStep; 0 for no bound.
	MinStep, MaxStep float64
	Epsilon          float64 // of norm; 0 for 1e-6
	NormFirst        bool    // norm(y)⊙silu(z)
	NoNorm           bool    // y⊙silu(z)
	Bias             bool    // in_proj and out_proj have biases
	NoConvBias       bool
}

// filled puts defaults in place of zeros.
func (c Mamba2) filled() Mamba2 {
	c.Inner, c.State, c.Groups, c.Kernel = or(c.Inner, 2*c.Hidden), or(c.State, 128), or(c.Groups, 1), or(c.Kernel, 4)
	if c.Heads == 0 {
		c.Heads = 1
		if c.Inner%64 == 0 {
			c.Heads = c.Inner / 64
		}
	}
	return c
}

func (c Mamba2) sizes() sizes {
	return sizes{"Mamba2", c.Hidden, c.Heads, c.State, c.Inner / max(c.Heads, 1), c.Kernel, c.Inner + 2*c.Groups*c.State}
}

func (c Mamba2) valid(g *graph.Graph) bool {
	ok := positive(g, "Mamba2", size{"Inner", c.Inner}, size{"Heads", c.Heads}, size{"Groups", c.Groups})
	switch {
	case !ok:
	case c.Inner%c.Heads != 0 || c.Heads%c.Groups != 0:
		g.Failf("Mamba2", "%d heads of a width of %d, in %d groups; want divisors", c.Heads, c.Inner, c.Groups)
	case !(c.MinStep >= 0) || !(c.MaxStep >= 0) || c.MaxStep > 0 && c.MaxStep < c.MinStep:
		g.Failf("Mamba2", "steps from %g to %g; want 0 or more, in order", c.MinStep, c.MaxStep)
	}
	return g.Err() == nil && c.sizes().valid(g)
}

// Begin returns zeros.
func (c Mamba2) Begin(g *graph.Graph, batch int) recurrent.State {
	c = c.filled()
	c.valid(g)
	return c.sizes().begin(g, batch)
}

// Step computes the output, [B, H], and the new state.
func (c Mamba2) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "Mamba2", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c Mamba2) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	c = c.filled()
	if !c.valid(g) || !c.sizes().scannable(g, x, s) {
		return graph.Node{}, s
	}
	E, N, keys := c.Inner, c.Heads, c.Groups*c.State
	past, first := c.sizes().parts(s)
	in := cut(g, nn.Dense{Units: 2*E + 2*keys + N, NoBias: !c.Bias}.Apply(g.Scope("in_proj"), x), E, E+2*keys, N)
	u, past := convolved(g, nn.DepthwiseConv1D{Kernel: c.Kernel, NoBias: c.NoConvBias}, in[1], past, o)
	vkq := cut(g, u, E, keys, keys)
	v := perHead(g, vkq[0], N)
	each := func(x graph.Node) graph.Node { return repeated(g, perHead(g, x, c.Groups), N/c.Groups) }

	delta := perHead(g, c.step(g, in[2]), N) // [T, B, N, 1]
	rate := g.Reshape(g.Neg(g.Exp(g.Param("A_log", rising, N))), N, 1)
	read, last := o.Chunks(g, recurrent.Memory{
		Query: each(vkq[2]), Key: each(vkq[1]), Value: g.Mul(delta, v), LogDecay: g.Mul(delta, rate),
	}, first)
	d := g.Reshape(g.Param("D", graph.Constant(1), N), N, 1)
	y := joined(g, g.Add(read, g.Mul(d, v)))
	h := nn.Dense{Units: c.Hidden, NoBias: !c.Bias}.Apply(g.Scope("out_proj"), c.normed(g, y, in[0]))
	return h, c.sizes().state(o.Last(g, h, s[0]), past, last)
}

// step is Δ for what the input says of it.
func (c Mamba2) step(g *graph.Graph, x graph.Node) graph.Node {
	delta := g.Softplus(g.Add(x, g.Param("dt_bias", steps(0.001, 0.1), c.Heads)))
	if c.MinStep == 0 && c.MaxStep == 0 {
		return delta
	}
	high := c.MaxStep
	if high == 0 {
		high = math.Inf(1)
	}
	return g.Clamp(delta, c.MinStep, high)
}

// normed is norm(y⊙silu(z)).
func (c Mamba2) normed(g *graph.Graph, y, z graph.Node) graph.Node {
	if c.NoNorm {
		return g.Mul(y, nn.SiLU{}.Apply(g, z))
	}
	norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: c.Epsilon, Groups: c.Groups}, NormFirst: c.NormFirst}
	return norm.Apply(g.Scope("norm"), y, z)
}
