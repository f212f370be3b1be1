package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// gemma is RecurrentGemma (Botev et al., 2024, arXiv 2404.07839), a Griffin (De et al., 2024, arXiv 2402.19427).
type gemma struct {
	width, inner int
	act          string
	epsilon      float64
	blocks       []string // "recurrent" or "attention", over and over
	look         attention
	recurrent    linear.Griffin
}

// mostWindow is more tokens than a window of attention has. The state has room for all of them from the beginning.
const mostWindow = 1 << 20

func gemmaFamily(c *config) network {
	m := &gemma{
		width: c.size("hidden_size"), inner: c.size("intermediate_size") / 2, act: c.text("hidden_activation", "gelu_pytorch_tanh"),
		epsilon: c.number("rms_norm_eps", 1e-6), blocks: c.texts("block_types"), look: usualAttention(c),
	}
	m.recurrent = linear.Griffin{
		Hidden: m.width, Width: c.sizeOr("lru_width", m.width), Heads: m.look.heads, Kernel: c.sizeOr("conv1d_width", 4), Activation: gate(m.act),
	}
	m.look.window, m.look.outBias = c.sizeOr("attention_window_size", 2048), true
	if m.look.window > mostWindow {
		c.wrong("attention_window_size", "1,048,576 at most")
	}
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
		y = m.mixer(temporal, y)
	}
	x = g.Add(x, y)
	return g.Add(x, b.in("mlp_block").mlp(b.rmsOne("channel_pre_norm", x, m.epsilon), m.inner, m.act, true))
}

// mixer is the recurrent block. State: the last inputs of the convolution, the state of the recurrence, and whether it has begun.
func (m *gemma) mixer(b block, x graph.Node) graph.Node {
	b.wants("conv_1d.weight", m.recurrent.Width, 1, m.recurrent.Kernel)
	if m.recurrent.Kernel == 1 {
		return b.cell(m.recurrent, x, "state", "begun")
	}
	return b.cell(m.recurrent, x, "conv", "state", "begun")
}

// gate is a function by its name in config.json, as a layer.
type gate string

// Apply maps every element.
func (f gate) Apply(g *graph.Graph, x graph.Node) graph.Node { return activation(g, string(f), x) }
