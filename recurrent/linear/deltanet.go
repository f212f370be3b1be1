package linear

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// DeltaNet is the layer of Yang, Wang, Zhang, Shen and Kim (2024, arXiv 2406.06484): a memory that, by the delta rule (Widrow and
// Hoff, 1960; Schlag et al., 2021), replaces what was stored under a key by a part β of the difference. For each of N heads:
//
//	q, k, v = silu(conv(W·x)), over the last Kernel steps      q, k of length 1; q over √K
//	S' = S + β·k·(v - Sᵀk)ᵀ      β = σ(W_b·x)                  y = S'ᵀ·q
//	h' = W_o·norm(y)
//
// norm divides by the root mean square of a head.
//
// State: h [B, H], which is not read, the last inputs of the convolution [B, (Kernel-1)·N(2K+V)], the oldest first, and the
// matrices [B, N·K·V], rows of k and columns of v. Parameters: q_proj.weight and k_proj.weight [N·K, I], v_proj.weight
// [N·V, I], b_proj.weight [N, I], conv1d.weight [N(2K+V), 1, Kernel], for q, k and v, o_norm.weight [V], o_proj.weight [H, N·V].
type DeltaNet struct {
	Hidden int // H, the width of the output
	Heads  int // N; 0 for 1
	Key    int // K, the width of a key; 0 for H/N
	Value  int // V, the width of a value; 0 for H/N
	Kernel int // how many steps the convolution sees; 0 for 4
	// Negative doubles β, so that a step may turn around what was stored (Grazzi et al., 2024, arXiv 2411.12537).
	Negative bool
	Epsilon  float64 // of norm; 0 for 1e-5
}

func (c DeltaNet) sizes() sizes {
	return usualSizes("DeltaNet", c.Hidden, c.Heads, c.Key, c.Value).convolved(c.Kernel)
}

// Begin returns zeros.
func (c DeltaNet) Begin(g *graph.Graph, batch int) recurrent.State { return c.sizes().begin(g, batch) }

// Step computes the output, [B, H], and the new state.
func (c DeltaNet) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "DeltaNet", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c DeltaNet) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	if !z.scannable(g, x, s) {
		return graph.Node{}, s
	}
	past, first := z.parts(s)
	q, k, v, past := z.short(g, x, past, o)
	beta := perHead(g, g.Sigmoid(linear(g, "b_proj", x, z.heads)), z.heads) // [T, B, N, 1]
	if c.Negative {
		beta = g.MulScalar(beta, 2)
	}
	k = nn.L2Norm{}.Apply(g, k)
	read, last := o.Chunks(g, recurrent.Memory{
		Query: scaled(g, nn.L2Norm{}.Apply(g, q)), Key: g.Mul(beta, k), Value: v, Recall: g.Neg(k),
	}, first)
	y := nn.RMSNorm{Epsilon: usual(c.Epsilon, 1e-5)}.Apply(g.Scope("o_norm"), read)
	h := linear(g, "o_proj", joined(g, y), c.Hidden)
	return h, z.state(o.Last(g, h, s[0]), past, last)
}
