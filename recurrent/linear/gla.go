package linear

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// GLA is gated linear attention (Yang, Wang, Shen, Panda and Kim, 2023, arXiv 2312.06635): linear attention in which every row of
// the memory decays as the input says. For each of N heads:
//
//	q, k, v = W_q·x/√K, W_k·x, W_v·x       log w = log σ(W_2·W_1·x + b)/16
//	S' = w⊙S + k·vᵀ                        y = S'ᵀ·q
//	h' = W_o·(norm(y)⊙silu(W_g·x))
//
// norm divides by the root mean square of a head.
//
// State: h [B, H], which is not read, and the matrices [B, N·K·V], rows of k and columns of v. Parameters, as in the
// authors' program: q_proj.weight and k_proj.weight [N·K, I], v_proj.weight and g_proj.weight [N·V, I], gk_proj.0.weight
// [Rank, I], gk_proj.1.weight [N·K, Rank] and .bias [N·K], g_norm.weight [V], o_proj.weight [H, N·V].
type GLA struct {
	Hidden  int     // H, the width of the output
	Heads   int     // N; 0 for 1
	Key     int     // K, the width of a key; 0 for half of H/N, rounded up, as in the paper
	Value   int     // V, the width of a value; 0 for H/N
	Rank    int     // of the decay's weights; 0 for 16
	Slow    float64 // what log σ is divided by; 0 for 16
	Epsilon float64 // of norm; 0 for 1e-5
}

func (c GLA) sizes() sizes {
	return usualSizes("GLA", c.Hidden, c.Heads, or(c.Key, (c.Hidden/max(c.Heads, 1)+1)/2), c.Value)
}

func (c GLA) valid(g *graph.Graph) bool {
	if c.sizes().valid(g) && positive(g, "GLA", size{"rank", or(c.Rank, 16)}) && !(c.Slow >= 0 && c.Slow <= 1e30) {
		g.Failf("GLA", "Slow is %g; want a number above 0, or 0 for 16", c.Slow)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c GLA) Begin(g *graph.Graph, batch int) recurrent.State {
	c.valid(g)
	return c.sizes().begin(g, batch)
}

// Step computes the output, [B, H], and the new state.
func (c GLA) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "GLA", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c GLA) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	if !c.valid(g) || !z.scannable(g, x, s) {
		return graph.Node{}, s
	}
	N, keys, values := z.heads, z.heads*z.key, z.heads*z.value
	_, first := z.parts(s)
	f := g.Scope("gk_proj")
	decay := nn.Dense{Units: keys}.Apply(f.Scope("1"), linear(f, "0", x, or(c.Rank, 16)))
	read, last := o.Chunks(g, recurrent.Memory{
		Query: scaled(g, perHead(g, linear(g, "q_proj", x, keys), N)), Key: perHead(g, linear(g, "k_proj", x, keys), N),
		Value:    perHead(g, linear(g, "v_proj", x, values), N),
		LogDecay: perHead(g, g.MulScalar(logSigmoid(g, decay), 1/usual(c.Slow, 16)), N),
	}, first)
	norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: usual(c.Epsilon, 1e-5)}, NormFirst: true}
	y := norm.Apply(g.Scope("g_norm"), read, perHead(g, linear(g, "g_proj", x, values), N))
	h := linear(g, "o_proj", joined(g, y), c.Hidden)
	return h, z.state(o.Last(g, h, s[0]), graph.Node{}, last)
}
