package pretrained

import "github.com/unroll-go/unroll/graph"

// olmoFamily is OLMo Hybrid (Allen Institute for AI, 2025): three layers of the gated delta rule, normed before, to one of
// attention, normed afterwards.
func olmoFamily(c *config) network {
	mixer, look, inner := gatedDeltaOf(c), usualAttention(c), c.size("intermediate_size")
	mixer.negative = c.flag("linear_allow_neg_eigval", true)
	if p := c.object("rope_parameters"); p.has("rope_theta") {
		look.turn = ropeOf(c, look.dim, 1)
	}
	epsilon, act := mixer.epsilon, mixer.act
	look.allNorm = func(b block, name string, x graph.Node) graph.Node { return b.rms(name, x, epsilon) }
	layers := c.size("num_hidden_layers")
	list := kinds(c, layers, "layer_types", "layers_block_type")
	if list == nil {
		list = everyNth(layers, 4)
	}
	chosen(c, list, "linear_attention", "full_attention")
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: mixer.width, tied: c.flag("tie_word_embeddings", false),
		layer: func(b block, i int, x graph.Node) graph.Node {
			g := b.g
			before := b.either("attention_layer_norm", "input_layernorm")
			after := b.either("post_attention_layernorm", "feedforward_layer_norm")
			if list[i] == "full_attention" {
				x = g.Add(x, b.rms(after, look.apply(b.in("self_attn"), x), epsilon))
				return g.Add(x, b.rms("post_feedforward_layernorm", b.in("mlp").mlp(x, inner, act, false), epsilon))
			}
			x = g.Add(x, mixer.olmo(b.in("linear_attn"), b.rms(before, x, epsilon)))
			return g.Add(x, b.in("mlp").mlp(b.rms(after, x, epsilon), inner, act, false))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("norm", x, epsilon) },
	}
}
