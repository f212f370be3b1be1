package linear

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// KDA is Kimi Delta Attention (Kimi Team, 2025, arXiv 2510.26692): a GatedDeltaNet in which every row of the memory decays for
// itself. For each of N heads, with keys and values of width K:
//
//	q, k, v = silu(conv(W·x)), over the last Kernel steps      q, k of length 1; q over √K
//	β = σ(W_b·x)      log w = -exp(A_log)·softplus(F_b·F_a·x + dt_bias)
//	S' = w⊙S          S_t = S' + β·k·(v - S'ᵀk)ᵀ               y = S_tᵀ·q
//	h' = W_o·(norm(y)⊙σ(G_b·G_a·x))
//
// norm divides by the root mean square of a head.
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·3NK], the oldest first, and the matrices
// [B, N·K·K], rows of k and columns of v. Parameters, as in transformers: q_proj.weight, k_proj.weight and v_proj.weight [N·K, I],
// conv1d.weight [3NK, 1, Kernel], for q, k and v, forget_gate.f_a_proj.weight [K, I] and .f_b_proj.weight [N·K, K],
// forget_gate.dt_bias [N·K] and .A_log [N], b_proj.weight [N, I], g_a_proj.weight [K, I], g_b_proj.weight [N·K, K], o_norm.weight
// [K], o_proj.weight [H, N·K].
type KDA struct {
	Hidden  int     // H, the width of the output
	Heads   int     // N; 0 for 1
	Head    int     // K, the width of a head; 0 for H/N
	Kernel  int     // how many steps the convolution sees; 0 for 4
	Epsilon float64 // of norm; 0 for 1e-6
}

func (c KDA) sizes() sizes {
	return usualSizes("KDA", c.Hidden, c.Heads, c.Head, c.Head).convolved(c.Kernel)
}

// Begin returns zeros.
func (c KDA) Begin(g *graph.Graph, batch int) recurrent.State { return c.sizes().begin(g, batch) }

// Step computes the output, [B, H], and the new state.
func (c KDA) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "KDA", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c KDA) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	if !z.scannable(g, x, s) {
		return graph.Node{}, s
	}
	N, K := z.heads, z.key
	past, first := z.parts(s)
	q, k, v, past := z.short(g, x, past, o)
	beta := perHead(g, g.Sigmoid(linear(g, "b_proj", x, N)), N) // [T, B, N, 1]
	f := g.Scope("forget_gate")
	step := linear(f, "f_b_proj", linear(f, "f_a_proj", x, K), N*K)
	step = perHead(g, g.Softplus(g.Add(step, f.Param("dt_bias", steps(0.001, 0.1), N*K))), N)
	rate := g.Reshape(g.Neg(g.Exp(f.Param("A_log", rates, N))), N, 1)
	k = nn.L2Norm{}.Apply(g, k)
	read, last := o.Chunks(g, recurrent.Memory{
		Query: scaled(g, nn.L2Norm{}.Apply(g, q)), Key: g.Mul(beta, k), Value: v, LogDecay: g.Mul(rate, step), Recall: g.Neg(k),
	}, first)
	gate := linear(g, "g_b_proj", linear(g, "g_a_proj", x, K), N*K)
	norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: c.Epsilon}, NormFirst: true, Activation: nn.ModuleFunc((*graph.Graph).Sigmoid)}
	h := linear(g, "o_proj", joined(g, norm.Apply(g.Scope("o_norm"), read, perHead(g, gate, N))), c.Hidden)
	return h, z.state(o.Last(g, h, s[0]), past, last)
}
