package linear

import (
	"math"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// Mamba is the block of Gu and Dao (2023, arXiv 2312.00752, figure 3): a state space model whose steps, inputs and outputs
// are chosen by what it reads. For each of E channels it keeps S numbers, which decay at rates of their own:
//
//	u, z = W_in·x                     u = silu(conv(u)), over the last Kernel steps
//	δ, b, c = W_x·u                   Δ = softplus(W_Δ·δ + b_Δ)    a = -exp(A_log)
//	s' = exp(Δ·a)⊙s + Δ·u·bᵀ          y = s'·c + D⊙u
//	h' = W_out·(y⊙silu(z))
//
// With a large Δ a channel takes in its input and forgets what was before; with a small one it passes over it. It is computed
// by graph.Graph.SelectiveScan. The paper's network adds h' to x and has an RMSNorm before each block: recurrent.Deep has
// the first as Residual.
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·E], the oldest first (none for a
// Kernel of 1), and s [B, E·S], rows of a channel. Parameters, as in transformers: in_proj.weight [2E, I], conv1d.weight
// [E, 1, Kernel] and .bias [E], x_proj.weight [R+2S, E], dt_proj.weight [E, R] and .bias [E], A_log [E, S], D [E],
// out_proj.weight [H, E]. They start as in the authors' program: rates at 1 to S, and Δ between 0.001 and 0.1.
type Mamba struct {
	Hidden int // H, the width of the output
	Inner  int // E, the number of channels; 0 for 2·H
	State  int // S, the numbers of a channel; 0 for 16
	Kernel int // how many steps the convolution sees; 0 for 4
	Rank   int // R, the width of δ; 0 for H/16, rounded up
	// Norm normalises δ, b and c, each by its root mean square, as Jamba does with weights (dt_layernorm.weight and so on)
	// and FalconMamba without.
	Norm       NormOf
	Epsilon    float64 // of Norm; 0 for 1e-6
	Bias       bool    // in_proj and out_proj have biases
	NoConvBias bool
}

// NormOf is what a block does to its δ, b and c.
type NormOf int

// Kinds of normalisation of δ, b and c.
const (
	NoNorm       NormOf = iota
	PlainNorm           // root mean square alone
	WeightedNorm        // and weights
)

// filled puts defaults in place of zeros.
func (c Mamba) filled() Mamba {
	c.Inner, c.State, c.Kernel = or(c.Inner, 2*c.Hidden), or(c.State, 16), or(c.Kernel, 4)
	c.Rank = or(c.Rank, (c.Hidden+15)/16)
	return c
}

// widths are those of the state's entries.
func (c Mamba) widths() []int {
	if c.Kernel == 1 {
		return []int{c.Hidden, c.Inner * c.State}
	}
	return []int{c.Hidden, (c.Kernel - 1) * c.Inner, c.Inner * c.State}
}

func (c Mamba) valid(g *graph.Graph) bool {
	const most = 1 << 20 // of a channel: products of two sizes fit an int
	ok := positive(g, "Mamba", size{"hidden size", c.Hidden}, size{"Inner", c.Inner}, size{"State", c.State},
		size{"Kernel", c.Kernel}, size{"Rank", c.Rank})
	switch {
	case !ok:
	case c.State > most || c.Kernel > most || c.Rank > most || c.Inner > widest/max(c.State, c.Kernel):
		g.Failf("Mamba", "%d channels of %d numbers, a kernel of %d and a rank of %d: more than a tensor may hold",
			c.Inner, c.State, c.Kernel, c.Rank)
	case c.Norm < NoNorm || c.Norm > WeightedNorm:
		g.Failf("Mamba", "unknown Norm %d", c.Norm)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c Mamba) Begin(g *graph.Graph, batch int) recurrent.State {
	c = c.filled()
	if !c.valid(g) {
		return make(recurrent.State, len(c.widths()))
	}
	return zeros(g, "Mamba", batch, c.widths())
}

// Step computes the output, [B, H], and the new state.
func (c Mamba) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "Mamba", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c Mamba) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	c = c.filled()
	if !c.valid(g) || !sequence(g, "Mamba", x, s, c.widths()) {
		return graph.Node{}, s
	}
	past, first := graph.Node{}, s[1]
	if c.Kernel > 1 {
		past, first = s[1], s[2]
	}
	in := g.Split(nn.Dense{Units: 2 * c.Inner, NoBias: !c.Bias}.Apply(g.Scope("in_proj"), x), 2, 2)
	conv := nn.DepthwiseConv1D{Kernel: c.Kernel, NoBias: c.NoConvBias}
	u, past := o.Convolve(g.Scope("conv1d"), conv, o.Clear(g, in[0]), past)
	u = nn.SiLU{}.Apply(g, u)
	delta, b, read := c.chosen(g, u)

	rates := g.Neg(g.Exp(g.Param("A_log", rising, c.Inner, c.State)))
	y, last := o.SelectiveScan(g, u, delta, rates, b, read, first)
	y = g.Add(y, g.Mul(u, g.Param("D", graph.Constant(1), c.Inner)))
	y = g.Mul(y, nn.SiLU{}.Apply(g, in[1]))
	h := nn.Dense{Units: c.Hidden, NoBias: !c.Bias}.Apply(g.Scope("out_proj"), y)
	next := recurrent.State{o.Last(g, h, s[0]), past, last}
	if c.Kernel == 1 {
		next = recurrent.State{next[0], last}
	}
	return h, next
}

// chosen returns what the channels u [T, B, E] choose: their steps Δ [T, B, E], and what they write by and read by, b and c
// [T, B, S].
func (c Mamba) chosen(g *graph.Graph, u graph.Node) (delta, b, read graph.Node) {
	R, S := c.Rank, c.State
	all := nn.Dense{Units: R + 2*S, NoBias: true}.Apply(g.Scope("x_proj"), u)
	part := func(name string, from, to int) graph.Node {
		x := g.Slice(all, 2, from, to)
		if c.Norm == NoNorm {
			return x
		}
		return nn.RMSNorm{Epsilon: c.Epsilon, NoAffine: c.Norm == PlainNorm}.Apply(g.Scope(name), x)
	}
	rank := part("dt_layernorm", 0, R)
	b, read = part("b_layernorm", R, R+S), part("c_layernorm", R+S, R+2*S)
	at, bound := g.Scope("dt_proj"), 1/math.Sqrt(float64(R))
	w := at.Param("weight", graph.Uniform(-bound, bound), c.Inner, R)
	return g.Softplus(g.Add(g.MatMulT(rank, w), at.Param("bias", steps(0.001, 0.1), c.Inner))), b, read
}

// rising is log 1 to log S in each row.
func rising(dst []float64, shape []int, _ *rand.Rand) error {
	for i := range dst {
		dst[i] = math.Log(float64(i%shape[len(shape)-1] + 1))
	}
	return nil
}

// steps draws what softplus makes steps of, whose logarithms are uniform between those of low and high.
func steps(low, high float64) graph.Init {
	return func(dst []float64, _ []int, rng *rand.Rand) error {
		for i := range dst {
			step := math.Exp(math.Log(low) + float64(rng.Float64()*(math.Log(high)-math.Log(low))))
			dst[i] = step + math.Log(-math.Expm1(-step))
		}
		return nil
	}
}
