package linear

import (
	"math"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// GatedDeltaNet is the layer of Yang, Kautz and Hatamizadeh (2024, arXiv 2412.06464), as Qwen3-Next, Qwen3.5 and Olmo-Hybrid have
// it: a memory that decays by one number a head and, by the delta rule, replaces what was stored under a key. For each of N
// heads:
//
//	q, k, v = silu(conv(W_qkv·x)), over the last Kernel steps      q, k of length 1; q over √K
//	β = σ(W_b·x)      log w = -exp(A_log)·softplus(W_a·x + dt_bias)
//	S' = w·S          S_t = S' + β·k·(v - S'ᵀk)ᵀ                   y = S_tᵀ·q
//	h' = W_out·(norm(y)⊙silu(W_z·x))
//
// There may be fewer keys and queries than values: each is shared by N/KeyHeads heads in a row. norm divides by the root mean
// square of a head.
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·C], the oldest first, and the matrices
// [B, N·K·V], rows of k and columns of v. Parameters, as in transformers, with C = 2·KeyHeads·K + N·V:
// in_proj_qkv.weight [C, I], rows of q, k and v, in_proj_z.weight [N·V, I], in_proj_b.weight and in_proj_a.weight [N, I],
// conv1d.weight [C, 1, Kernel], dt_bias and A_log [N], norm.weight [V], out_proj.weight [H, N·V].
type GatedDeltaNet struct {
	Hidden   int // H, the width of the output
	Heads    int // N; 0 for 1
	KeyHeads int // a divisor of N; 0 for N
	Key      int // K, the width of a key; 0 for H/N
	Value    int // V, the width of a value; 0 for H/N
	Kernel   int // how many steps the convolution sees; 0 for 4
	// Negative doubles β, so that a step may turn around what was stored (Grazzi et al., 2024, arXiv 2411.12537).
	Negative bool
	Epsilon  float64 // of norm; 0 for 1e-6
}

func (c GatedDeltaNet) sizes() sizes {
	s := usualSizes("GatedDeltaNet", c.Hidden, c.Heads, c.Key, c.Value)
	s.kernel, s.channel = or(c.Kernel, 4), 2*or(c.KeyHeads, s.heads)*s.key+s.heads*s.value
	return s
}

func (c GatedDeltaNet) valid(g *graph.Graph) bool {
	if s := c.sizes(); s.valid(g) && (c.KeyHeads < 0 || s.heads%or(c.KeyHeads, s.heads) != 0) {
		g.Failf("GatedDeltaNet", "%d heads of keys for %d of values; want a divisor", c.KeyHeads, s.heads)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c GatedDeltaNet) Begin(g *graph.Graph, batch int) recurrent.State {
	c.valid(g)
	return c.sizes().begin(g, batch)
}

// Step computes the output, [B, H], and the new state.
func (c GatedDeltaNet) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "GatedDeltaNet", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c GatedDeltaNet) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	if !c.valid(g) || !z.scannable(g, x, s) {
		return graph.Node{}, s
	}
	N, groups := z.heads, or(c.KeyHeads, z.heads)
	past, first := z.parts(s)
	mixed := linear(g, "in_proj_qkv", x, z.channel)
	mixed, past = convolved(g, nn.DepthwiseConv1D{Kernel: z.kernel, NoBias: true}, mixed, past, o)
	qkv := cut(g, mixed, groups*z.key, groups*z.key, N*z.value)
	key := func(x graph.Node) graph.Node {
		return repeated(g, nn.L2Norm{}.Apply(g, perHead(g, x, groups)), N/groups)
	}
	beta := perHead(g, g.Sigmoid(linear(g, "in_proj_b", x, N)), N) // [T, B, N, 1]
	if c.Negative {
		beta = g.MulScalar(beta, 2)
	}
	rate := g.Neg(g.Exp(g.Param("A_log", rates, N)))
	step := g.Softplus(g.Add(linear(g, "in_proj_a", x, N), g.Param("dt_bias", steps(0.001, 0.1), N)))
	k := key(qkv[1])
	read, last := o.Chunks(g, recurrent.Memory{
		Query: scaled(g, key(qkv[0])), Key: g.Mul(beta, k), Value: perHead(g, qkv[2], N),
		LogDecay: perHead(g, g.Mul(rate, step), N), Recall: g.Neg(k),
	}, first)
	norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: c.Epsilon}, NormFirst: true}
	y := norm.Apply(g.Scope("norm"), read, perHead(g, linear(g, "in_proj_z", x, N*z.value), N))
	h := linear(g, "out_proj", joined(g, y), c.Hidden)
	return h, z.state(o.Last(g, h, s[0]), past, last)
}

// rates draws logarithms of rates between 0 and 16, as the authors' program does.
func rates(dst []float64, _ []int, rng *rand.Rand) error {
	for i := range dst {
		dst[i] = math.Log(0.01 + float64(15.99*rng.Float64()))
	}
	return nil
}
