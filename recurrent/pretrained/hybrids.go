package pretrained

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/linear"
)

// Hybrids of Mamba-2 and attention, layer by layer.

// kinds reads which layers are of which kind: a list under one of some names, or places.
func kinds(c *config, layers int, names ...string) []string {
	for _, name := range names {
		list := c.texts(name)
		if list == nil {
			continue
		}
		if len(list) != layers {
			c.wrong(name, "a kind for each layer")
			return nil
		}
		for i, kind := range list {
			switch kind {
			case "mamba":
				list[i] = "linear_attention"
			case "attention":
				list[i] = "full_attention"
			}
		}
		return list
	}
	return nil
}

// chosen refuses kinds that a family does not have.
func chosen(c *config, list []string, known ...string) {
	for _, kind := range list {
		ok := false
		for _, k := range known {
			ok = ok || k == kind
		}
		if !ok && c.err == nil {
			c.err = wrongKind(kind, known)
		}
	}
}

// bambaFamily is Bamba (IBM, Princeton, CMU and UIUC, 2024).
func bambaFamily(c *config) network {
	ssm, look, inner := hybridMamba2(c), usualAttention(c), c.size("intermediate_size")
	look.turn = ropeOf(c, look.dim, 0.5)
	layers, act := c.size("num_hidden_layers"), c.text("hidden_act", "silu")
	list := kinds(c, layers, "layers_block_type", "layer_types")
	if list == nil {
		list = make([]string, min(layers, maxLayers))
		for i := range list {
			list[i] = "linear_attention"
		}
		for _, at := range c.numbers("attn_layer_indices") {
			if i := int(at); i >= 0 && i < len(list) {
				list[i] = "full_attention"
			}
		}
	}
	chosen(c, list, "linear_attention", "full_attention")
	bias := c.flag("mlp_bias", false)
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: ssm.Hidden, tied: c.flag("tie_word_embeddings", false),
		layer: func(b block, i int, x graph.Node) graph.Node {
			y := b.rms("input_layernorm", x, ssm.Epsilon)
			if list[i] == "full_attention" {
				y = look.apply(b.in("self_attn"), y)
			} else {
				y = b.in("mamba").mamba2(ssm, y)
			}
			x = b.g.Add(x, y)
			return b.g.Add(x, b.in("feed_forward").mlp(b.rms("pre_ff_layernorm", x, ssm.Epsilon), inner, act, bias))
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("final_layernorm", x, ssm.Epsilon) },
	}
}

// graniteFamily is Granite 4 (IBM, 2025) without experts.
func graniteFamily(c *config) network {
	ssm, look, inner := hybridMamba2(c), usualAttention(c), c.size("shared_intermediate_size")
	look.scale = c.number("attention_multiplier", 1)
	if c.text("position_embedding_type", "") == "rope" {
		look.turn = ropeOf(c, look.dim, 1)
	}
	layers, act := c.size("num_hidden_layers"), c.text("hidden_act", "silu")
	list := kinds(c, layers, "layer_types", "layers_block_type")
	if list == nil {
		c.wrong("layer_types", "a kind for each layer")
	}
	chosen(c, list, "linear_attention", "full_attention")
	experts := c.countOr("num_local_experts", 0)
	per, each := c.sizeOr("num_experts_per_tok", 2), c.sizeOr("intermediate_size", 1)
	if experts > 0 {
		c.expertsFit(experts, per)
	}
	add := c.number("residual_multiplier", 1)
	embed, scale := c.number("embedding_multiplier", 1), c.number("logits_scaling", 1)
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: ssm.Hidden, tied: c.flag("tie_word_embeddings", false),
		first: func(b block, x graph.Node) graph.Node { return b.g.MulScalar(x, embed) },
		layer: func(b block, i int, x graph.Node) graph.Node {
			g, y := b.g, b.rms("input_layernorm", x, ssm.Epsilon)
			if list[i] == "full_attention" {
				y = look.apply(b.in("self_attn"), y)
			} else {
				y = b.in("mamba").mamba2(ssm, y)
			}
			x = g.Add(x, g.MulScalar(y, add))
			y = b.rms("post_attention_layernorm", x, ssm.Epsilon)
			mlp := b.in("shared_mlp")
			parts := columns(g, mlp.dense("input_linear", y, 2*inner, false), inner, inner)
			out := mlp.dense("output_linear", g.Mul(activation(g, act, parts[0]), parts[1]), ssm.Hidden, false)
			if experts > 0 {
				out = g.Add(out, graniteExperts(b.in("block_sparse_moe"), y, experts, per, each, act))
			}
			return g.Add(x, g.MulScalar(out, add))
		},
		last:  func(b block, x graph.Node) graph.Node { return b.rms("norm", x, ssm.Epsilon) },
		judge: func(g *graph.Graph, y graph.Node) graph.Node { return g.MulScalar(y, 1/scale) },
	}
}

// falconFamily is Falcon-H1 (Zuo et al., 2025, arXiv 2507.22448): each layer has both mixers, side by side.
func falconFamily(c *config) network {
	ssm, look, inner := hybridMamba2(c), usualAttention(c), c.size("intermediate_size")
	if c.has("mamba_d_ssm") {
		ssm.Inner = c.size("mamba_d_ssm")
	}
	ssm.NoNorm, ssm.NormFirst = !c.flag("mamba_rms_norm", false), c.flag("mamba_norm_before_gate", true)
	if c.flag("projectors_bias", false) != ssm.Bias {
		c.wrong("projectors_bias", "what mamba_proj_bias is: others are not computed here")
	}
	in, scales := c.number("ssm_in_multiplier", 1), c.numbers("ssm_multipliers")
	if scales != nil && len(scales) != 5 {
		c.wrong("ssm_multipliers", "five numbers")
		scales = nil
	}
	look.turn, look.keys = ropeOf(c, look.dim, 1), c.number("key_multiplier", 1)
	look.outBias = look.bias
	mlp := c.numbers("mlp_multipliers")
	if len(mlp) != 2 {
		mlp = []float64{1, 1}
	}
	act, bias := c.text("hidden_act", "silu"), c.flag("mlp_bias", false)
	lookIn, lookOut := c.number("attention_in_multiplier", 1), c.number("attention_out_multiplier", 1)
	ssmOut := c.number("ssm_out_multiplier", 1)
	embed, head := c.number("embedding_multiplier", 1), c.number("lm_head_multiplier", 1)
	return network{
		layers: c.size("num_hidden_layers"), trunk: "model", embedding: "embed_tokens", width: ssm.Hidden,
		tied:  c.flag("tie_word_embeddings", false),
		first: func(b block, x graph.Node) graph.Node { return b.g.MulScalar(x, embed) },
		layer: func(b block, _ int, x graph.Node) graph.Node {
			g, y := b.g, b.rms("input_layernorm", x, ssm.Epsilon)
			left := g.MulScalar(b.in("mamba").scaled(ssm, scales).mamba2(ssm, g.MulScalar(y, in)), ssmOut)
			right := g.MulScalar(look.apply(b.in("self_attn"), g.MulScalar(y, lookIn)), lookOut)
			x = g.Add(x, left, right)
			y, feed := b.rms("pre_ff_layernorm", x, ssm.Epsilon), b.in("feed_forward")
			h := activation(g, act, g.MulScalar(feed.dense("gate_proj", y, inner, bias), mlp[0]))
			h = feed.dense("down_proj", g.Mul(h, feed.dense("up_proj", y, inner, bias)), ssm.Hidden, bias)
			return g.Add(x, g.MulScalar(h, mlp[1]))
		},
		last:  func(b block, x graph.Node) graph.Node { return b.rms("final_layernorm", x, ssm.Epsilon) },
		judge: func(g *graph.Graph, y graph.Node) graph.Node { return g.MulScalar(y, head) },
	}
}

// nemotronFamily is Nemotron-H (NVIDIA, 2025, arXiv 2504.03624): each layer is one of a Mamba-2, attention without positions,
// and a feed-forward network.
func nemotronFamily(c *config) network {
	ssm, look, inner := linear.Mamba2{
		Hidden: c.size("hidden_size"), Heads: c.size("mamba_num_heads"), State: c.size("ssm_state_size"), Groups: c.sizeOr("n_groups", 1),
		Kernel: c.sizeOr("conv_kernel", 4), Bias: c.flag("use_bias", false), NoConvBias: !c.flag("use_conv_bias", true),
		Epsilon: c.number("layer_norm_epsilon", 1e-5), MinStep: c.number("time_step_min", 0.001),
	}, usualAttention(c), c.size("intermediate_size")
	ssm.Inner = ssm.Heads * c.size("mamba_head_dim")
	c.one("mamba_hidden_act", "silu", "swish")
	look.bias, look.outBias = false, false
	act, bias := c.text("mlp_hidden_act", "relu2"), c.flag("mlp_bias", false)
	layers := len(c.texts("layers_block_type"))
	list := kinds(c, layers, "layers_block_type")
	if layers == 0 {
		c.wrong("layers_block_type", "a kind for each layer")
	}
	chosen(c, list, "linear_attention", "full_attention", "mlp")
	return network{
		layers: layers, trunk: "backbone", embedding: "embeddings", width: ssm.Hidden, tied: c.flag("tie_word_embeddings", false),
		layer: func(b block, i int, x graph.Node) graph.Node {
			y, mixer := b.rms("norm", x, ssm.Epsilon), b.in("mixer")
			switch list[i] {
			case "full_attention":
				y = look.apply(mixer, y)
			case "mlp":
				y = mixer.dense("down_proj", activation(b.g, act, mixer.dense("up_proj", y, inner, bias)), ssm.Hidden, bias)
			default:
				y = mixer.mamba2(ssm, y)
			}
			return b.g.Add(x, y)
		},
		last: func(b block, x graph.Node) graph.Node { return b.rms("norm_f", x, ssm.Epsilon) },
	}
}

// scaled is the block of a Mamba-2 of which the gate, the input, B, C and the step size are multiplied by five numbers, nil for
// none, which is done to the rows of the weight that they come from.
func (b block) scaled(m linear.Mamba2, by []float64) block {
	if by == nil || m.Groups > m.Heads { // which the layer refuses, before memory is taken for it
		return b
	}
	keys := m.Groups * m.State
	if n := 2*m.Inner + 2*keys + m.Heads; n > 1<<24 {
		b.g.Failf("Mamba2", "%d heads, %d groups of %d numbers and a width of %d: more than any model has", m.Heads, m.Groups, m.State, m.Inner)
		return b
	}
	var rows []float32
	for i, n := range []int{m.Inner, m.Inner, keys, keys, m.Heads} {
		for range n {
			rows = append(rows, float32(by[i]))
		}
	}
	b.g = b.g.Transform(func(name string, w graph.Node) graph.Node {
		if name != "in_proj.weight" && name != "in_proj.bias" || w.Dim(0) != len(rows) {
			return w
		}
		by := b.g.Const(graph.Floats(rows))
		if w.Rank() == 2 {
			by = column(b.g, by)
		}
		return b.g.Mul(w, by)
	})
	return b
}
