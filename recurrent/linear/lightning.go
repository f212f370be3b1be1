package linear

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// LightningAttention is linear attention with a fixed decay for each head (Qin et al., 2024, arXiv 2401.04658), as MiniMax-01 has
// it (arXiv 2501.08313). For head n of N, in layer l of L:
//
//	q, k, v = silu(W_qkv·x)       log w = -2^(-8n/N)·(1 - l/(L-1)), n from 1
//	S' = w·S + k·vᵀ               y = S'ᵀ·q
//	h' = W_o·(σ(W_g·x)⊙norm(y))
//
// norm divides by the root mean square of all heads.
//
// State: h [B, H], which is not read, and the matrices [B, N·K·K], rows of k and columns of v. Parameters, as in transformers:
// qkv_proj.weight [3NK, I], for each head rows of q, k and v, norm.weight [N·K], output_gate.weight [N·K, I], out_proj.weight
// [H, N·K].
type LightningAttention struct {
	Hidden        int     // H, the width of the output
	Heads         int     // N; 0 for 1
	Head          int     // K, the width of a head; 0 for H/N
	Layer, Layers int     // l, from 0, and L; the later the layer, the longer it remembers. 0 layers for the first of many
	Epsilon       float64 // of norm; 0 for 1e-6
}

func (c LightningAttention) sizes() sizes {
	return usualSizes("LightningAttention", c.Hidden, c.Heads, c.Head, c.Head)
}

func (c LightningAttention) valid(g *graph.Graph) bool {
	if c.sizes().valid(g) && (c.Layer < 0 || c.Layers < 0 || c.Layer > 0 && c.Layer >= c.Layers) {
		g.Failf("LightningAttention", "layer %d of %d; want 0 to one below their number", c.Layer, c.Layers)
	}
	return g.Err() == nil
}

// Begin returns zeros.
func (c LightningAttention) Begin(g *graph.Graph, batch int) recurrent.State {
	c.valid(g)
	return c.sizes().begin(g, batch)
}

// Step computes the output, [B, H], and the new state.
func (c LightningAttention) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "LightningAttention", c, x, s)
}

// Scan computes all steps at once: x [T, B, I] gives [T, B, H].
func (c LightningAttention) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	if !c.valid(g) || !z.scannable(g, x, s) {
		return graph.Node{}, s
	}
	N, K := z.heads, z.key
	_, first := z.parts(s)
	qkv := cut(g, perHead(g, nn.SiLU{}.Apply(g, linear(g, "qkv_proj", x, 3*N*K)), N), K, K, K)
	read, last := o.Chunks(g, recurrent.Memory{Query: qkv[0], Key: qkv[1], Value: qkv[2], LogDecay: fixed(g, x, c.decays(N))}, first)
	y := nn.RMSNorm{Epsilon: c.Epsilon}.Apply(g.Scope("norm"), joined(g, read))
	h := linear(g, "out_proj", g.Mul(g.Sigmoid(linear(g, "output_gate", x, N*K)), y), c.Hidden)
	return h, z.state(o.Last(g, h, s[0]), graph.Node{}, last)
}

// decays are log w of the heads. The small numbers keep the last layer from not decaying at all, as in transformers.
func (c LightningAttention) decays(heads int) []float64 {
	rest := 1 - float64(c.Layer)/(float64(max(c.Layers, 1)-1)+1e-5) + 1e-5
	log := make([]float64, heads)
	for n := range log {
		log[n] = -math.Exp2(-8*float64(n+1)/float64(heads)) * rest
	}
	return log
}

// fixed is a decay a head that is the same at every step of x [T, B, I]: [T, B, N, 1].
func fixed(g *graph.Graph, x graph.Node, log []float64) graph.Node {
	return g.BroadcastTo(g.Const(graph.Floats64(log, len(log), 1)), x.Dim(0), x.Dim(1), len(log), 1)
}
