package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// minimax is MiniMax-Text-01 (MiniMax, 2025, arXiv 2501.08313): lightning attention, whose state fades at a fixed rate for each
// head, and attention, with experts.
type minimax struct {
	look                        attention
	width, heads, dim           int
	layers, experts, per, inner int
	list                        []string
	act                         string
	epsilon                     float64
	full, linear, feed          [2]float64 // what the input and the output of a part are multiplied by
}

func minimaxFamily(c *config) network {
	m := &minimax{
		look: usualAttention(c), width: c.size("hidden_size"), heads: c.size("num_attention_heads"), layers: c.size("num_hidden_layers"),
		experts: c.size("num_local_experts"), per: c.size("num_experts_per_tok"), inner: c.size("intermediate_size"),
		act: c.text("hidden_act", "silu"), epsilon: c.number("rms_norm_eps", 1e-5),
	}
	m.dim = m.look.dim
	part := 1.0
	if c.has("rotary_dim") {
		part = float64(c.size("rotary_dim")) / float64(m.dim)
	}
	m.look.turn = ropeOf(c, m.dim, part)
	c.expertsFit(m.experts, m.per)
	if m.list = kinds(c, m.layers, "layer_types", "layers_block_type"); m.list == nil {
		m.list = make([]string, min(m.layers, maxLayers))
		for i, kind := range c.numbers("attn_type_list") {
			if i < len(m.list) && kind == 0 {
				m.list[i] = "linear_attention"
			} else if i < len(m.list) {
				m.list[i] = "full_attention"
			}
		}
	}
	chosen(c, m.list, "linear_attention", "full_attention")
	factors := func(part, old string) [2]float64 {
		return [2]float64{
			c.number(part+"_alpha_factor", c.number("layernorm_"+old+"_alpha", 1)),
			c.number(part+"_beta_factor", c.number("layernorm_"+old+"_beta", 1)),
		}
	}
	m.full, m.linear, m.feed = factors("full_attn", "full_attention"), factors("linear_attn", "linear_attention"), factors("mlp", "mlp")
	return network{
		layers: m.layers, trunk: "model", embedding: "embed_tokens", width: m.width, tied: c.flag("tie_word_embeddings", false),
		layer: m.layer,
		last:  func(b block, x graph.Node) graph.Node { return b.rms("norm", x, m.epsilon) },
	}
}

// layer adds to what its norms give, not to what came in.
func (m *minimax) layer(b block, i int, x graph.Node) graph.Node {
	g := b.g
	add := func(by [2]float64, x, y graph.Node) graph.Node {
		return g.Add(g.MulScalar(x, by[0]), g.MulScalar(y, by[1]))
	}
	x = b.rms("input_layernorm", x, m.epsilon)
	if m.list[i] == "full_attention" {
		x = add(m.full, x, m.look.apply(b.in("self_attn"), x))
	} else {
		x = add(m.linear, x, m.lightning(b.in("self_attn"), i, x))
	}
	x = b.rms("post_attention_layernorm", x, m.epsilon)
	moe := b.in("block_sparse_moe")
	p := g.Softmax(moe.dense("gate", x, m.experts, false), -1)
	c := choose(g, p, p, m.per).normed(g, 0)
	return add(m.feed, x, moe.in("experts").experts(x, c, m.experts, m.inner, m.act, "w1", "w3", "w2"))
}

// lightning is S' = fade·S + k⊗v, y = S'ᵀq for each head. State: S [B, heads·dim·dim].
func (m *minimax) lightning(b block, layer int, x graph.Node) graph.Node {
	g, width := b.g, m.heads*m.dim
	all := grouped(g, activation(g, m.act, b.dense("qkv_proj", x, 3*width, false)), m.heads)
	parts := columns(g, all, m.dim, m.dim, m.dim)
	if g.Err() != nil {
		return graph.Node{}
	}
	fade := g.BroadcastTo(g.Const(graph.Floats(m.fading(layer), m.heads, 1)), x.Dim(0), x.Dim(1), m.heads, 1)
	y := b.memory(recurrent.Memory{Query: parts[0], Key: parts[1], Value: parts[2], LogDecay: fade})
	y = b.rms("norm", joined(g, y), 1e-6)
	return b.dense("out_proj", g.Mul(g.Sigmoid(b.dense("output_gate", x, width, false)), y), m.width, false)
}

// fading is the logarithm of what each head of a layer keeps of its state in a step: those of later layers keep more.
func (m *minimax) fading(layer int) []float32 {
	out := make([]float32, m.heads)
	factor := 1 - float64(layer)/(float64(m.layers-1)+1e-5) + 1e-5
	for i := range out {
		out[i] = float32(-math.Exp2(-8*float64(i+1)/float64(m.heads)) * factor)
	}
	return out
}
