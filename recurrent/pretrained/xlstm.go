package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// xlstm is xLSTM as in xLSTM 7B (Beck et al., 2025, arXiv 2503.13427): blocks of mLSTM.
type xlstm struct {
	width, heads, inner, keys, values int

	bias         bool
	fused        bool // projections lie in one matrix
	gates        float64
	epsilon, eps float64
}

func xlstmFamily(c *config) network {
	m := &xlstm{
		width: c.size("hidden_size"), heads: c.size("num_heads"), bias: c.flag("use_bias", false),
		fused: c.one("weight_mode", "single", "fused") == "fused", gates: c.number("gate_soft_cap", 15),
		epsilon: c.number("norm_eps", 1e-6), eps: c.number("eps", 1e-6),
	}
	m.keys = int(float64(m.width) * c.number("qk_dim_factor", 0.5))
	m.values = int(float64(m.width) * c.number("v_dim_factor", 1))
	c.parts("the width of the keys", m.keys, m.heads)
	c.parts("the width of the values", m.values, m.heads)
	step := c.sizeOr("ffn_round_up_to_multiple_of", 64)
	m.inner = (int(float64(m.width)*c.number("ffn_proj_factor", 2.667)) + step - 1) / step * step
	if m.keys < 1 || m.values < 1 || m.inner < 1 || m.inner > math.MaxInt32 {
		c.wrong("hidden_size", "a width that its factors leave above 0")
	}
	if m.bias {
		c.wrong("use_bias", "false: norms with a bias are not computed here")
	}
	layers := c.sizeOr("num_blocks", 0)
	if layers == 0 {
		layers = c.size("num_hidden_layers")
	}
	limit := c.number("output_logit_soft_cap", 30)
	return network{
		layers: layers, trunk: "backbone", embedding: "embeddings", list: "blocks", width: m.width,
		tied: c.flag("tie_word_embeddings", false), layer: m.layer,
		last:  func(b block, x graph.Node) graph.Node { return b.rms("out_norm", x, m.epsilon) },
		judge: func(g *graph.Graph, y graph.Node) graph.Node { return nn.SoftCap{Limit: limit}.Apply(g, y) },
	}
}

func (m *xlstm) layer(b block, _ int, x graph.Node) graph.Node {
	x = b.g.Add(x, m.mixer(b.in("mlstm_layer"), b.rms("norm_mlstm", x, m.epsilon)))
	return b.g.Add(x, m.feed(b.in("ffn"), b.rms("norm_ffn", x, m.epsilon)))
}

func (m *xlstm) feed(b block, x graph.Node) graph.Node {
	if !m.fused {
		return b.gated(x, m.inner, "silu", m.bias, "proj_up_gate", "proj_up", "proj_down")
	}
	parts := columns(b.g, b.dense("proj_up_gate_z", x, 2*m.inner, m.bias), m.inner, m.inner)
	return b.dense("proj_down", b.g.Mul(silu(b.g, parts[0]), parts[1]), m.width, m.bias)
}

// mixer is an mLSTM for each head: C' = f·C + i·k·vᵀ, n' = f·n + i·k, h = C'ᵀ·q/max(|n'·q|, 1), where i and f are
// exponentials, which are kept in range by the largest exponent so far, m. State: m [B, heads], and C with
// n beside it, [B, heads·keys·(values+1)], for each head.
func (m *xlstm) mixer(b block, x graph.Node) graph.Node {
	g := b.g
	q, k, v, o, i, f := m.projections(b, x)
	heads := func(y graph.Node) graph.Node { return grouped(g, y, m.heads) }
	q = g.MulScalar(q, 1/math.Sqrt(float64(m.keys/m.heads)))
	bounded := nn.SoftCap{Limit: m.gates}
	i, f = bounded.Apply(g, i), g.Neg(g.Softplus(g.Neg(bounded.Apply(g, f)))) // log i and log f, [T, B, heads]
	if g.Err() != nil {
		return graph.Node{}
	}
	most, order := b.vector("m", m.heads), recurrent.Order{}
	before := most.last
	largest, last := order.Largest(g, f, i, before)
	most.next = last
	old, _ := order.Before(g, largest, before)
	// n is one more column of C, of a value that is always 1.
	read := b.memory(recurrent.Memory{
		Query: heads(q), Key: g.Mul(column(g, g.Exp(g.Sub(i, largest))), heads(k)),
		Value: g.Concat(3, heads(v), g.Full(1, x.Dim(0), x.Dim(1), m.heads, 1)), LogDecay: column(g, g.Add(f, g.Sub(old, largest))),
	})
	parts := columns(g, read, m.values/m.heads, 1)
	least := column(g, g.Exp(g.Neg(largest)))
	y := g.Div(parts[0], g.AddScalar(larger(g, g.Abs(parts[1]), least), m.eps))
	y = joined(g, nn.LayerNorm{Epsilon: m.epsilon, NoAffine: true}.Apply(g, y))
	y = g.Mul(y, b.in("multihead_norm").weight("weight", m.values))
	return b.dense("out_proj", g.Mul(g.Sigmoid(o), y), m.width, m.bias)
}

// projections are queries, keys, values, the output gate, and what the input and forget gates are made of.
func (m *xlstm) projections(b block, x graph.Node) (q, k, v, o, i, f graph.Node) {
	if m.fused {
		all := columns(b.g, b.dense("qkv_opreact", x, 2*m.keys+2*m.values, m.bias), m.keys, m.keys, m.values, m.values)
		gates := columns(b.g, b.dense("ifgate_preact", x, 2*m.heads, true), m.heads, m.heads)
		return all[0], all[1], all[2], all[3], gates[0], gates[1]
	}
	q, k = b.dense("q", x, m.keys, m.bias), b.dense("k", x, m.keys, m.bias)
	v, o = b.dense("v", x, m.values, m.bias), b.dense("ogate_preact", x, m.values, m.bias)
	return q, k, v, o, b.dense("igate_preact", x, m.heads, true), b.dense("fgate_preact", x, m.heads, true)
}
