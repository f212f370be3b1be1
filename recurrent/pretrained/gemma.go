package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// gemma is RecurrentGemma (Botev et al., 2024, arXiv 2404.07839), a Griffin (De et al., 2024, arXiv 2402.19427).
type gemma struct {
	width, inner, lru, heads, taps int
	act                            string
	epsilon                        float64
	blocks                         []string // "recurrent" or "attention", over and over
	look                           attention
}

func gemmaFamily(c *config) network {
	m := &gemma{
		width: c.size("hidden_size"), inner: c.size("intermediate_size") / 2, heads: c.size("num_attention_heads"),
		taps: c.sizeOr("conv1d_width", 4), act: c.text("hidden_activation", "gelu_pytorch_tanh"),
		epsilon: c.number("rms_norm_eps", 1e-6), blocks: c.texts("block_types"), look: usualAttention(c),
	}
	m.lru = c.sizeOr("lru_width", m.width)
	c.parts("lru_width", m.lru, m.heads)
	m.look.window, m.look.outBias = c.sizeOr("attention_window_size", 2048), true
	m.look.turn = ropeOf(c, m.look.dim, 0.5)
	if m.blocks == nil {
		m.blocks = []string{"recurrent", "recurrent", "attention"}
	}
	for _, kind := range m.blocks {
		if kind != "recurrent" && kind != "attention" {
			c.wrong("block_types", "a list of recurrent and attention")
		}
	}
	if len(m.blocks) == 0 {
		c.wrong("block_types", "a list of recurrent and attention")
	}
	limit := c.number("logits_soft_cap", 30)
	scale := float64(math.Float32frombits(bfloat16(float32(math.Sqrt(float64(m.width)))))) // the published values have it rounded
	return network{
		layers: c.size("num_hidden_layers"), trunk: "model", embedding: "embed_tokens", width: m.width,
		tied:  c.flag("tie_word_embeddings", true),
		first: func(b block, x graph.Node) graph.Node { return b.g.MulScalar(x, scale) },
		layer: m.layer,
		last:  func(b block, x graph.Node) graph.Node { return b.rmsOne("final_norm", x, m.epsilon) },
		judge: func(g *graph.Graph, y graph.Node) graph.Node { return nn.SoftCap{Limit: limit}.Apply(g, y) },
	}
}

// bfloat16 rounds to the nearest bfloat16, and widens that.
func bfloat16(v float32) uint32 {
	bits := math.Float32bits(v)
	return (bits + 0x7fff + bits>>16&1) &^ 0xffff
}

func (m *gemma) layer(b block, i int, x graph.Node) graph.Node {
	g, y := b.g, b.rmsOne("temporal_pre_norm", x, m.epsilon)
	if temporal := b.in("temporal_block"); m.blocks[i%len(m.blocks)] == "attention" {
		y = m.look.apply(temporal, y)
	} else {
		y = m.recurrent(temporal, y)
	}
	x = g.Add(x, y)
	return g.Add(x, b.in("mlp_block").mlp(b.rmsOne("channel_pre_norm", x, m.epsilon), m.inner, m.act, true))
}

// recurrent is a convolution and a gated linear recurrence, beside a gate.
func (m *gemma) recurrent(b block, x graph.Node) graph.Node {
	g := b.g
	gate := activation(g, m.act, b.dense("linear_y", x, m.lru, true))
	y := b.conv("conv_1d", b.dense("linear_x", x, m.lru, true), m.taps, true)
	y = m.unit(b.in("rg_lru"), y)
	return b.dense("linear_out", g.Mul(y, gate), m.width, true)
}

// unit is the real-gated linear recurrent unit: a = exp(-8·r⊙softplus(Λ)), h' = a⊙h + √(1-a²)⊙(i⊙x), where the gates r and i
// see a block of x each, and the first input of all comes in whole. State: h [B, lru], and whether there was an input.
func (m *gemma) unit(b block, x graph.Node) graph.Node {
	g, n, batch := b.g, x.Dim(0), x.Dim(1)
	per := m.lru / m.heads
	blocks := g.Transpose(g.Reshape(x, n*batch, m.heads, per), 1, 0, 2) // [heads, T·B, per]
	gate := func(name string) graph.Node {
		y := g.MatMul(blocks, b.weight(name+"_weight", m.heads, per, per))
		y = g.Add(y, g.Reshape(b.weight(name+"_bias", m.heads, per), m.heads, 1, per))
		return g.Sigmoid(g.Reshape(g.Transpose(y, 1, 0, 2), n, batch, m.lru))
	}
	in := g.Mul(x, gate("input_gate"))
	exponent := g.MulScalar(g.Mul(gate("recurrent_gate"), g.Softplus(b.weight("recurrent_param", m.lru))), -8)
	begun := b.rows("begun", 1, 1)
	then := begun.last // [T, B, 1], 0 at the first token
	if n > 1 {
		then = g.Concat(0, begun.last, g.Full(1, n-1, batch, 1))
	}
	begun.next = g.Full(1, 1, batch, 1)
	gain := g.Sqrt(g.Affine(g.Exp(g.MulScalar(exponent, 2)), -1, 1))
	in = g.Mul(in, g.Add(g.Mul(then, gain), g.Affine(then, -1, 1)))
	s := b.vector("state", m.lru)
	return each(g, func(at []graph.Node) graph.Node {
		s.next = g.Add(g.Mul(at[0], s.next), at[1])
		return s.next
	}, g.Exp(exponent), in)
}
