package pretrained

import "github.com/unroll-go/unroll/graph"

// lfm2Family is LFM2 (Liquid AI, 2025): short convolutions with gates before and after, and attention.
func lfm2Family(c *config) network {
	look, width, epsilon := usualAttention(c), c.size("hidden_size"), c.number("norm_eps", 1e-5)
	look.bias, look.outBias, look.out = false, false, "out_proj"
	look.queryNorm = func(b block, x graph.Node) graph.Node { return b.rms("q_layernorm", x, epsilon) }
	look.keyNorm = func(b block, x graph.Node) graph.Node { return b.rms("k_layernorm", x, epsilon) }
	look.turn = ropeOf(c, look.dim, 1)
	taps, bias, layers := c.sizeOr("conv_L_cache", 3), c.flag("conv_bias", false), c.size("num_hidden_layers")
	inner := lfm2Inner(c)
	list := kinds(c, layers, "layer_types")
	if list == nil {
		list = make([]string, min(layers, maxLayers))
		for i := range list {
			list[i] = "conv"
		}
		for _, at := range c.numbers("full_attn_idxs") {
			if i := int(at); i >= 0 && i < len(list) {
				list[i] = "full_attention"
			}
		}
	}
	chosen(c, list, "conv", "full_attention")
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: width,
		tied: c.flag("tie_word_embeddings", c.flag("tie_embedding", true)),
		layer: func(b block, i int, x graph.Node) graph.Node {
			g, y := b.g, b.rms("operator_norm", x, epsilon)
			if list[i] == "full_attention" {
				y = look.apply(b.in("self_attn"), y)
			} else {
				conv := b.in("conv")
				parts := columns(g, conv.dense("in_proj", y, 3*width, bias), width, width, width)
				y = conv.conv("conv", g.Mul(parts[0], parts[2]), taps, bias)
				y = conv.dense("out_proj", g.Mul(parts[1], y), width, bias)
			}
			x = g.Add(x, y)
			return g.Add(x, b.in("feed_forward").gated(b.rms("ffn_norm", x, epsilon), inner, "silu", false, "w1", "w3", "w2"))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("embedding_norm", x, epsilon) },
	}
}

// lfm2Inner is the width inside the feed-forward networks.
func lfm2Inner(c *config) int {
	inner := c.sizeOr("intermediate_size", c.sizeOr("block_ff_dim", 1))
	if !c.flag("block_auto_adjust_ff_dim", true) {
		return inner
	}
	inner = 2 * inner / 3
	step := c.sizeOr("block_multiple_of", 256)
	inner = int(c.number("block_ffn_dim_multiplier", 1) * float64(inner))
	return max((inner+step-1)/step*step, 1)
}
