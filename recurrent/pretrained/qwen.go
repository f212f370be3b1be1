package pretrained

import "github.com/unroll-go/unroll/graph"

// qwen is Qwen3-Next (Qwen Team, 2025) or Qwen3.5: three layers of the gated delta rule to one of gated attention.
type qwen struct {
	mixer       *gatedDelta
	look        attention
	list        []string
	width       int
	inner       int
	act         string
	epsilon     float64
	experts     int // 0 for none
	per         int // how many a token goes through
	every       int // which layers have some
	expertInner int
	sharedInner int
	normed      bool
	dense       map[int]bool // layers that have none all the same
}

func qwenFamily(c *config) network {
	m := &qwen{
		mixer: gatedDeltaOf(c), look: usualAttention(c), width: c.size("hidden_size"), act: c.text("hidden_act", "silu"),
		epsilon: c.number("rms_norm_eps", 1e-6),
	}
	m.look.turn = ropeOf(c, m.look.dim, 0.25)
	m.look.gated = true
	m.look.queryNorm = func(b block, x graph.Node) graph.Node { return b.rmsOne("q_norm", x, m.epsilon) }
	m.look.keyNorm = func(b block, x graph.Node) graph.Node { return b.rmsOne("k_norm", x, m.epsilon) }
	layers := c.size("num_hidden_layers")
	if m.list = kinds(c, layers, "layer_types", "layers_block_type"); m.list == nil {
		m.list = everyNth(layers, c.sizeOr("full_attention_interval", 4))
	}
	chosen(c, m.list, "linear_attention", "full_attention")
	if m.experts = c.countOr("num_experts", 0); m.experts > 0 {
		m.per, m.every = c.size("num_experts_per_tok"), c.sizeOr("decoder_sparse_step", 1)
		m.expertInner, m.sharedInner = c.size("moe_intermediate_size"), c.size("shared_expert_intermediate_size")
		m.normed, m.dense = c.flag("norm_topk_prob", true), map[int]bool{}
		for _, at := range c.numbers("mlp_only_layers") {
			m.dense[int(at)] = true
		}
		c.expertsFit(m.experts, m.per)
	}
	m.inner = c.sizeOr("intermediate_size", 1)
	return network{
		layers: layers, trunk: "model", trunkOf: "model.language_model", embedding: "embed_tokens", width: m.width,
		tied: c.flag("tie_word_embeddings", false), layer: m.layer,
		last: func(b block, x graph.Node) graph.Node { return b.rmsOne("norm", x, m.epsilon) },
	}
}

// everyNth has attention in each n-th layer.
func everyNth(layers, n int) []string {
	list := make([]string, min(layers, maxLayers))
	for i := range list {
		list[i] = "linear_attention"
		if (i+1)%n == 0 {
			list[i] = "full_attention"
		}
	}
	return list
}

// expertsFit refuses to send a token through more experts than there are.
func (c *config) expertsFit(n, per int) {
	if per > n {
		c.wrong("num_experts_per_tok", "as many as there are experts at most")
	}
}

func (m *qwen) layer(b block, i int, x graph.Node) graph.Node {
	g, y := b.g, b.rmsOne("input_layernorm", x, m.epsilon)
	switch {
	case m.list[i] == "full_attention":
		y = m.look.apply(b.in("self_attn"), y)
	case b.in("linear_attn").shapeOf("in_proj_qkv.weight") != nil: // as Qwen3.5 has them
		y = m.mixer.apart(b.in("linear_attn"), y)
	default:
		y = m.mixer.mixed(b.in("linear_attn"), y)
	}
	x = g.Add(x, y)
	y, mlp := b.rmsOne("post_attention_layernorm", x, m.epsilon), b.in("mlp")
	if m.experts == 0 || (i+1)%m.every != 0 || m.dense[i] {
		return g.Add(x, mlp.mlp(y, m.inner, m.act, false))
	}
	return g.Add(x, m.mixture(mlp, y))
}

// mixture is some of many experts, and one that every token goes through, with a gate.
func (m *qwen) mixture(b block, x graph.Node) graph.Node {
	g := b.g
	p := g.Softmax(b.dense("gate", x, m.experts, false), -1)
	c := choose(g, p, p, m.per)
	if m.normed {
		c = c.normed(g, 0)
	}
	shared := b.in("shared_expert").mlp(x, m.sharedInner, m.act, false)
	shared = g.Mul(g.Sigmoid(b.dense("shared_expert_gate", x, 1, false)), shared)
	return g.Add(b.in("experts").experts(x, c, m.experts, m.expertInner, m.act, "gate_proj", "up_proj", "down_proj"), shared)
}
