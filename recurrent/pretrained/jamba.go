package pretrained

import "github.com/unroll-go/unroll/graph"

// jambaFamily is Jamba (Lieber et al., 2024, arXiv 2403.19887): Mamba with norms inside, attention without positions, and
// experts in every other layer.
func jambaFamily(c *config) network {
	m := &mamba{
		width: c.size("hidden_size"), states: c.size("mamba_d_state"), taps: c.sizeOr("mamba_d_conv", 4), bias: c.flag("mamba_proj_bias", false),
		convBias: c.flag("mamba_conv_bias", true), act: c.text("hidden_act", "silu"), named: true,
	}
	m.inner, m.rank = c.sizeOr("mamba_expand", 2)*m.width, rankOf(c, "mamba_dt_rank", m.width)
	epsilon := c.number("rms_norm_eps", 1e-6)
	m.inside = epsilon
	look, inner, layers := usualAttention(c), c.size("intermediate_size"), c.size("num_hidden_layers")
	look.bias, look.outBias = false, false
	lookEvery, lookAt := c.sizeOr("attn_layer_period", 8), c.countOr("attn_layer_offset", 4)
	expertEvery, expertAt := c.sizeOr("expert_layer_period", 2), c.countOr("expert_layer_offset", 1)
	experts, per := c.sizeOr("num_experts", 16), c.sizeOr("num_experts_per_tok", 2)
	if experts > 1 {
		c.expertsFit(experts, per)
	}
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: m.width, tied: c.flag("tie_word_embeddings", false),
		layer: func(b block, i int, x graph.Node) graph.Node {
			g, y := b.g, b.rms("input_layernorm", x, epsilon)
			if i%lookEvery == lookAt {
				y = look.apply(b.in("self_attn"), y)
			} else {
				y = m.mixer(b.in("mamba"), y)
			}
			x = g.Add(x, y)
			feed := b.in("feed_forward")
			y = b.rms("pre_ff_layernorm", x, epsilon)
			if experts == 1 || i%expertEvery != expertAt {
				return g.Add(x, feed.mlp(y, inner, m.act, false))
			}
			p := g.Softmax(feed.dense("router", y, experts, false), -1)
			c := choose(g, p, p, per)
			return g.Add(x, feed.in("experts").experts(y, c, experts, inner, m.act, "gate_proj", "up_proj", "down_proj"))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("final_layernorm", x, epsilon) },
	}
}
