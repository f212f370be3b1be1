package pretrained

import (
	"math"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// zamba2 is Zamba2 (Glorioso et al., 2024, arXiv 2411.15242): Mamba-2 layers, some of which also see what a transformer block
// makes of them and of the embeddings. There are one or two such blocks, whose weights all of those layers share, each with
// small matrices of its own.
type zamba2 struct {
	ssm      linear.Mamba2
	look     attention
	inner    int
	rank     int
	act      string
	bias     bool
	adapters bool  // of queries, keys and values, too
	hybrid   []int // which layers see a block
	blocks   int
	epsilon  float64
}

func zamba2Family(c *config) network {
	m := &zamba2{
		ssm: linear.Mamba2{
			Hidden: c.size("hidden_size"), Heads: c.sizeOr("n_mamba_heads", 8), State: c.sizeOr("mamba_d_state", 64),
			Groups: c.sizeOr("mamba_ngroups", 1), Kernel: c.sizeOr("mamba_d_conv", 4), NoConvBias: !c.flag("use_conv_bias", true),
			Epsilon: 1e-5, MinStep: c.number("time_step_min", 0.001),
		},
		look:  attention{heads: c.size("num_attention_heads")},
		inner: c.size("intermediate_size"), rank: c.sizeOr("adapter_rank", 128), act: c.text("hidden_act", "gelu"),
		bias: c.flag("add_bias_linear", false), adapters: c.flag("use_shared_attention_adapter", false), blocks: c.sizeOr("num_mem_blocks", 1),
		epsilon: c.number("rms_norm_eps", 1e-5),
	}
	width := m.ssm.Hidden
	m.ssm.Inner = c.sizeOr("mamba_expand", 2) * width
	m.look.shared = c.sizeOr("num_key_value_heads", m.look.heads)
	c.parts("num_attention_heads", m.look.heads, m.look.shared)
	m.look.width, m.look.dim = width, c.sizeOr("attention_head_dim", max(2*width/m.look.heads, 1))
	m.look.scale = 1 / math.Sqrt(float64(m.look.dim)/2)
	if c.flag("use_mem_rope", false) {
		m.look.turn = ropeOf(c, m.look.dim, 1)
	}
	if c.flag("use_long_context", false) {
		c.wrong("use_long_context", "false: its rotation is not computed here")
	}
	if m.adapters {
		c.wrong("use_shared_attention_adapter", "false: such adapters are not computed here")
	}
	layers := c.size("num_hidden_layers")
	for i, kind := range kinds(c, layers, "layers_block_type", "layer_types") {
		switch kind {
		case "hybrid":
			m.hybrid = append(m.hybrid, i)
		case "linear_attention":
		default:
			if c.err == nil {
				c.err = wrongKind(kind, []string{"mamba", "hybrid"})
			}
		}
	}
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: width, tied: c.flag("tie_word_embeddings", true),
		layer: m.layer,
		last:  func(b block, x graph.Node) graph.Node { return b.rms("final_layernorm", x, m.epsilon) },
	}
}

func (m *zamba2) layer(b block, i int, x graph.Node) graph.Node {
	g := b.g
	for n, at := range m.hybrid {
		if at != i {
			continue
		}
		y := b.dense("linear", m.block(b, n, x), m.ssm.Hidden, false)
		inside := b.in("mamba_decoder")
		return g.Add(x, inside.in("mamba").mamba2(m.ssm, inside.rms("input_layernorm", g.Add(x, y), m.epsilon)))
	}
	return g.Add(x, b.in("mamba").mamba2(m.ssm, b.rms("input_layernorm", x, m.epsilon)))
}

// block is the transformer block that the n-th hybrid layer sees. Its weights are called after the first layer that has them.
func (m *zamba2) block(b block, n int, x graph.Node) graph.Node {
	g := b.g
	owner := block{g: b.list.Scope(strconv.Itoa(m.hybrid[n%m.blocks])).Scope("shared_transformer").Shared(), state: b.state, name: b.name}
	y := owner.rms("input_layernorm", g.Concat(-1, x, b.state.embedded), m.epsilon)
	y = m.look.apply(owner.in("self_attn"), y)
	y = owner.rms("pre_ff_layernorm", y, m.epsilon)
	feed := owner.in("feed_forward")
	own := feed.in("gate_up_proj_adapter_list").layer(n)
	both := g.Add(feed.dense("gate_up_proj", y, 2*m.inner, m.bias), own.dense("1", own.dense("0", y, m.rank, false), 2*m.inner, false))
	parts := columns(g, both, m.inner, m.inner)
	return feed.dense("down_proj", g.Mul(activation(g, m.act, parts[0]), parts[1]), m.ssm.Hidden, m.bias)
}
