package linear

import (
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// XLSTM is the block of xLSTM 7B (Beck et al., 2025, arXiv 2503.13427, figure 1): an mLSTM with a normalisation and a connection
// around it, and a gated feed-forward layer. It adds to its input, of width H, first one, then the other. For each of N heads:
//
//	q, k, v = W·norm(x)      i, f = cap(W·norm(x) + b), cap(a) = 15·tanh(a/15)      o = σ(W_o·norm(x))
//	S_t = σ(f)·S + e^i·k·vᵀ      n_t = σ(f)·n + e^i·k      y = S_tᵀ·q/(√K·(max(|n_tᵀ·q|/√K, 1) + 1e-6))
//	x = x + W_out·(o⊙layernorm(y))
//	x = x + W_down·(silu(W_gate·norm(x))⊙W_up·norm(x))
//
// norm divides by the root mean square, and layernorm standardises each head.
//
// State: h [B, H], which is not read, S [B, N·K·V], rows of k and columns of v, n [B, N·K] and m [B, N], see
// recurrent.Order.Exponential. Parameters, as in transformers: norm_mlstm.weight [H], mlstm_layer.q.weight and .k.weight [N·K, H],
// .v.weight and .ogate_preact.weight [N·V, H], .igate_preact and .fgate_preact, .weight [N, H] and .bias [N], .multihead_norm.weight
// [N·V], .out_proj.weight [H, N·V], norm_ffn.weight [H], ffn.proj_up_gate.weight and .proj_up.weight [F, H], .proj_down.weight
// [H, F]. The gates start without weights, with i = -10, and f from 3 to 6 over the heads.
type XLSTM struct {
	Hidden  int     // H, the width of input and output
	Heads   int     // N; 0 for 1
	Key     int     // K, the width of a key; 0 for half of H/N, rounded up
	Value   int     // V, the width of a value; 0 for H/N
	Forward int     // F, the width of the feed-forward layer; 0 for 8/3·H, rounded up to a multiple of 64
	Cap     float64 // of the gates; 0 for 15
	Epsilon float64 // of all normalisations; 0 for 1e-6
}

func (c XLSTM) sizes() sizes {
	return usualSizes("XLSTM", c.Hidden, c.Heads, or(c.Key, (c.Hidden/max(c.Heads, 1)+1)/2), c.Value)
}

// widths are those of the state's entries.
func (c XLSTM) widths() []int {
	z := c.sizes()
	return append(z.widths(), z.heads*z.key, z.heads)
}

func (c XLSTM) valid(g *graph.Graph) bool {
	if c.sizes().valid(g) && positive(g, "XLSTM", size{"Forward", c.forward()}) && !(c.Cap >= 0 && c.Cap <= 1e30) {
		g.Failf("XLSTM", "a cap of %g; want a number above 0, or 0 for 15", c.Cap)
	}
	return g.Err() == nil
}

func (c XLSTM) forward() int { return or(c.Forward, (8*c.Hidden/3+63)/64*64) }

// Begin returns zeros, and m of an empty memory.
func (c XLSTM) Begin(g *graph.Graph, batch int) recurrent.State {
	if !c.valid(g) {
		return make(recurrent.State, 4)
	}
	s := zeros(g, "XLSTM", batch, c.widths())
	if g.Err() == nil {
		s[3] = g.Full(recurrent.EmptyStabiliser, batch, c.sizes().heads)
	}
	return s
}

// Startable tells that no entry can be an arbitrary vector, as recurrent.MLSTM does.
func (c XLSTM) Startable(g *graph.Graph, entry int) bool { return unstartable(g, "XLSTM") }

// Step computes the output, [B, H], and the new state.
func (c XLSTM) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "XLSTM", c, x, s)
}

// Scan computes all steps at once: x [T, B, H] gives [T, B, H].
func (c XLSTM) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !c.valid(g) || !sequence(g, "XLSTM", x, s, c.widths()) {
		return graph.Node{}, s
	}
	if x.Dim(2) != c.Hidden {
		return g.Failf("XLSTM", "an input of width %d; want %d, the hidden size", x.Dim(2), c.Hidden), s
	}
	y, next := c.overTime(g.Scope("mlstm_layer"), c.norm(g, "norm_mlstm", x), s, o)
	x = g.Add(x, y)
	f, z := g.Scope("ffn"), c.norm(g, "norm_ffn", x)
	up := g.Mul(nn.SiLU{}.Apply(f, linear(f, "proj_up_gate", z, c.forward())), linear(f, "proj_up", z, c.forward()))
	h := g.Add(x, linear(f, "proj_down", up, c.Hidden))
	return h, append(recurrent.State{o.Last(g, h, s[0])}, next...)
}

// overTime is the mLSTM over what is normalised. The state it returns has no h.
func (c XLSTM) overTime(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	z := c.sizes()
	N, keys, values := z.heads, z.heads*z.key, z.heads*z.value
	heads := func(name string, width int) graph.Node { return perHead(g, linear(g, name, x, width), N) }
	gate := func(name string, bias graph.Init) graph.Node {
		at := g.Scope(name)
		a := g.Add(g.MatMulT(x, at.Param("weight", graph.Constant(0), N, x.Dim(2))), at.Param("bias", bias, N))
		return nn.SoftCap{Limit: usual(c.Cap, 15)}.Apply(g, a)
	}
	in, forget := gate("igate_preact", graph.Constant(-10)), gate("fgate_preact", spread)
	read, next := o.Exponential(g, recurrent.Memory{
		Query: scaled(g, heads("q", keys)), Key: heads("k", keys), Value: heads("v", values), LogDecay: perHead(g, logSigmoid(g, forget), N),
	}, in, 1e-6, s[1:4])
	norm := nn.GroupNorm{Groups: N, Epsilon: usual(c.Epsilon, 1e-6), NoBias: true}
	y := norm.Apply(g.Scope("multihead_norm"), joined(g, read))
	return linear(g, "out_proj", g.Mul(g.Sigmoid(linear(g, "ogate_preact", x, values)), y), c.Hidden), next
}

func (c XLSTM) norm(g *graph.Graph, name string, x graph.Node) graph.Node {
	return nn.RMSNorm{Epsilon: c.Epsilon}.Apply(g.Scope(name), x)
}

// spread starts the biases of forget gates at equal distances from 3 to 6.
func spread(dst []float64, _ []int, _ *rand.Rand) error {
	for i := range dst {
		dst[i] = 3 + 3*float64(i)/float64(max(len(dst)-1, 1))
	}
	return nil
}
