package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// kimi is Kimi Linear (Kimi Team, 2025, arXiv 2510.26692): three layers of Kimi Delta Attention, a delta rule whose state fades
// channel by channel, to one of latent attention (DeepSeek-AI, 2024, arXiv 2405.04434) without positions.
type kimi struct {
	width, heads, dim, taps        int
	lookHeads, rank, plain, turned int // of latent attention: heads, width of what is kept, and the two parts of a key
	value                          int
	bias                           bool

	inner, expertInner, shared, experts, per int
	sparse                                   []string
	renormed                                 bool
	scale                                    float64

	list    []string
	act     string
	epsilon float64
}

func kimiFamily(c *config) network {
	m := &kimi{
		width: c.size("hidden_size"), taps: c.sizeOr("linear_conv_kernel_dim", 4), lookHeads: c.size("num_attention_heads"),
		rank: c.size("kv_lora_rank"), plain: c.size("qk_nope_head_dim"), turned: c.size("qk_rope_head_dim"), value: c.size("v_head_dim"),
		bias: c.flag("attention_bias", false), inner: c.size("intermediate_size"), expertInner: c.sizeOr("moe_intermediate_size", 1),
		shared: c.countOr("num_shared_experts", 1), experts: c.countOr("num_experts", 0), scale: c.number("routed_scaling_factor", 1),
		renormed: c.flag("moe_renormalize", true), act: c.text("hidden_act", "silu"), epsilon: c.number("rms_norm_eps", 1e-5),
	}
	layers := c.size("num_hidden_layers")
	m.list = kinds(c, layers, "layer_types")
	old := c.object("linear_attn_config") // of the files that Moonshot published
	if m.list == nil && len(old.fields) > 0 {
		m.heads, m.dim, m.taps = old.size("num_heads"), old.size("head_dim"), old.sizeOr("short_conv_kernel_size", 4)
		m.list = make([]string, min(layers, maxLayers))
		for i := range m.list {
			m.list[i] = "linear_attention"
		}
		for _, at := range old.numbers("full_attn_layers") { // counted from 1
			if i := int(at) - 1; i >= 0 && i < len(m.list) {
				m.list[i] = "full_attention"
			}
		}
		if c.err == nil {
			c.err = old.err
		}
	} else {
		m.heads, m.dim = c.size("linear_num_heads"), c.size("linear_head_dim")
		if m.list == nil {
			m.list = everyNth(layers, 4)
		}
	}
	chosen(c, m.list, "linear_attention", "full_attention")
	if c.has("q_lora_rank") {
		c.wrong("q_lora_rank", "null: queries of low rank are not computed here")
	}
	if c.sizeOr("num_expert_group", 1) != 1 {
		c.wrong("num_expert_group", "1: groups of experts are not computed here")
	}
	m.mixtures(c, layers)
	return network{
		layers: layers, trunk: "model", embedding: "embed_tokens", width: m.width, tied: c.flag("tie_word_embeddings", false),
		layer: m.layer,
		last:  func(b block, x graph.Node) graph.Node { return b.rms("norm", x, m.epsilon) },
	}
}

// mixtures reads which layers have experts.
func (m *kimi) mixtures(c *config, layers int) {
	m.per = c.sizeOr("num_experts_per_token", c.sizeOr("num_experts_per_tok", 1))
	if m.experts > 0 {
		c.expertsFit(m.experts, m.per)
	}
	if m.sparse = c.texts("mlp_layer_types"); m.sparse != nil {
		if len(m.sparse) != layers {
			c.wrong("mlp_layer_types", "a kind for each layer")
			m.sparse = make([]string, min(layers, maxLayers))
		}
		return
	}
	first, every := c.countOr("first_k_dense_replace", 1), c.sizeOr("moe_layer_freq", 1)
	m.sparse = make([]string, min(layers, maxLayers))
	for i := range m.sparse {
		if i >= first && i%every == 0 && m.experts > 0 {
			m.sparse[i] = "sparse"
		}
	}
}

func (m *kimi) layer(b block, i int, x graph.Node) graph.Node {
	g, y := b.g, b.rms("input_layernorm", x, m.epsilon)
	if m.list[i] == "full_attention" {
		y = m.latent(b.in("self_attn"), y)
	} else {
		y = m.delta(b.in("self_attn"), y)
	}
	x = g.Add(x, y)
	y = b.rms("post_attention_layernorm", x, m.epsilon)
	if m.sparse[i] != "sparse" {
		return g.Add(x, b.in(b.eitherWith("gate_proj", "block_sparse_moe", "mlp")).mlp(y, m.inner, m.act, false))
	}
	return g.Add(x, m.mixture(b.in("block_sparse_moe"), y))
}

// delta is Kimi Delta Attention.
func (m *kimi) delta(b block, x graph.Node) graph.Node {
	g, width := b.g, m.heads*m.dim
	heads := func(y graph.Node) graph.Node { return grouped(g, y, m.heads) }
	all := g.Concat(-1, b.dense("q_proj", x, width, false), b.dense("k_proj", x, width, false), b.dense("v_proj", x, width, false))
	parts := columns(g, activation(g, m.act, b.convs(all, m.taps)), width, width, width)
	q, k := unitKeys(g, heads(parts[0]), heads(parts[1]))
	rate := g.Exp(g.Reshape(b.weight("A_log", 1, 1, m.heads, 1), m.heads, 1))
	fade := g.Add(b.dense("f_b_proj", b.dense("f_a_proj", x, m.dim, false), width, false), b.weight("dt_bias", width))
	fade = g.Neg(g.Mul(rate, heads(g.Softplus(fade))))
	y := deltaRule(b, q, k, heads(parts[2]), fade, g.Sigmoid(b.dense("b_proj", x, m.heads, false)))
	gate := b.dense("g_b_proj", b.dense("g_a_proj", x, m.dim, false), width, false)
	y = nn.RMSNorm{Epsilon: m.epsilon}.Apply(b.in("o_norm").g, y)
	return b.dense("o_proj", g.Mul(joined(g, y), g.Sigmoid(gate)), m.width, false)
}

// latent is attention whose keys and values are made of one row of low rank for each token, which is all that is kept. What
// makes them is taken to the queries and to the outputs instead, so that no key is ever made.
func (m *kimi) latent(b block, x graph.Node) graph.Node {
	g, n, batch, h := b.g, x.Dim(0), x.Dim(1), m.lookHeads
	q := g.Reshape(b.dense("q_proj", x, h*(m.plain+m.turned), false), n, batch, h, m.plain+m.turned)
	parts := columns(g, b.dense("kv_a_proj_with_mqa", x, m.rank+m.turned, m.bias), m.rank, m.turned)
	kept := g.Concat(-1, b.rms("kv_a_layernorm", parts[0], 1e-6), parts[1]) // [T, B, rank+turned]
	w := g.Reshape(b.in("kv_b_proj").weight("weight", h*(m.plain+m.value), m.rank), h, m.plain+m.value, m.rank)
	qs := columns(g, q, m.plain, m.turned)
	byHead := func(y graph.Node, width int) graph.Node { // [T, B, H, F] to [H, T·B, F]
		return g.Transpose(g.Reshape(y, n*batch, h, width), 1, 0, 2)
	}
	back := func(y graph.Node, width int) graph.Node {
		return g.Reshape(g.Transpose(y, 1, 0, 2), n, batch, h, width)
	}
	plain := back(g.MatMul(byHead(qs[0], m.plain), g.Slice(w, 1, 0, m.plain)), m.rank)
	a := attention{heads: h, shared: 1, dim: m.rank + m.turned, value: m.rank, scale: 1 / math.Sqrt(float64(m.plain+m.turned)), latent: true}
	y := a.attend(b, g.Concat(-1, plain, qs[1]), kept, kept) // [T, B, H, rank]
	if g.Err() != nil {
		return y
	}
	y = back(g.MatMulT(byHead(y, m.rank), g.Slice(w, 1, m.plain, m.plain+m.value)), m.value)
	return b.dense("o_proj", joined(g, y), m.width, m.bias)
}

// mixture is some of many experts, chosen by a score with a bias and weighted by it without, and one for all tokens.
func (m *kimi) mixture(b block, x graph.Node) graph.Node {
	g, gate := b.g, b.in("gate")
	p := g.Sigmoid(b.dense("gate", x, m.experts, false))
	c := choose(g, g.Add(p, gate.weight("e_score_correction_bias", m.experts)), p, m.per)
	if m.renormed {
		c = c.normed(g, 1e-20)
	}
	c.weights = g.MulScalar(c.weights, m.scale)
	y := b.in("experts").experts(x, c, m.experts, m.expertInner, m.act, "w1", "w3", "w2")
	if m.shared > 0 {
		y = g.Add(y, b.in("shared_experts").mlp(x, m.expertInner*m.shared, m.act, false))
	}
	return y
}
