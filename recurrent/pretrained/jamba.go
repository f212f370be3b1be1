package pretrained

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// jambaFamily is Jamba (Lieber et al., 2024, arXiv 2403.19887): Mamba with norms inside, attention without positions, and
// experts in every other layer.
func jambaFamily(c *config) network {
	m := linear.Mamba{
		Hidden: c.size("hidden_size"), State: c.size("mamba_d_state"), Kernel: c.sizeOr("mamba_d_conv", 4),
		Bias:       c.flag("mamba_proj_bias", false),
		NoConvBias: !c.flag("mamba_conv_bias", true), Norm: linear.WeightedNorm, Epsilon: c.number("rms_norm_eps", 1e-6),
	}
	m.Inner, m.Rank = c.sizeOr("mamba_expand", 2)*m.Hidden, rankOf(c, "mamba_dt_rank", m.Hidden)
	epsilon, act := m.Epsilon, c.one("hidden_act", "silu", "swish")
	look, inner, layers := usualAttention(c), c.size("intermediate_size"), c.size("num_hidden_layers")
	look.bias, look.outBias = false, false
	lookEvery, lookAt := c.sizeOr("attn_layer_period", 8), c.countOr("attn_layer_offset", 4)
	expertEvery, expertAt := c.sizeOr("expert_layer_period", 2), c.countOr("expert_layer_offset", 1)
	experts, per := c.sizeOr("num_experts", 16), c.sizeOr("num_experts_per_tok", 2)
	if experts > 1 {
		c.expertsFit(experts, per)
	}
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: m.Hidden, tied: c.flag("tie_word_embeddings", false),
		layer: func(b block, i int, x graph.Node) graph.Node {
			g, y := b.g, b.rms("input_layernorm", x, epsilon)
			if i%lookEvery == lookAt {
				y = look.apply(b.in("self_attn"), y)
			} else {
				y = b.in("mamba").mamba(m, y)
			}
			x = g.Add(x, y)
			feed := b.in("feed_forward")
			y = b.rms("pre_ff_layernorm", x, epsilon)
			if experts == 1 || i%expertEvery != expertAt {
				return g.Add(x, feed.mlp(y, inner, act, false))
			}
			p := g.Softmax(feed.dense("router", y, experts, false), -1)
			c := choose(g, p, p, per)
			return g.Add(x, feed.in("experts").experts(y, c, experts, inner, act, "gate_proj", "up_proj", "down_proj"))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("final_layernorm", x, epsilon) },
	}
}
