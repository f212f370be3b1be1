package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// deltaRule writes values under keys, each in the place of what the key has found before (Schlag et al., 2021, arXiv
// 2102.11174), in a state that fades (Yang et al., 2024, arXiv 2412.06464; Kimi Team, 2025, arXiv 2510.26692):
//
//	S' = exp(fade)·S,  S = S' + k⊗β(v - S'ᵀk),  y = Sᵀq
//
// for queries and keys [T, B, H, K], values [T, B, H, V] and β [T, B, H]. fade is [T, B, H, 1], or [T, B, H, K] for a decay of
// each channel of the keys.
func deltaRule(b block, q, k, v, fade, beta graph.Node) graph.Node {
	g := b.g
	return b.memory(recurrent.Memory{
		Query: q, Key: g.Mul(k, column(g, beta)), Value: v, LogDecay: fade, Recall: g.Neg(k),
	})
}

// memory runs a memory over queries, keys and values [T, B, H, ...]. State: S [B, H·K·V].
func (b block) memory(m recurrent.Memory) graph.Node {
	if b.g.Err() != nil {
		return graph.Node{}
	}
	s := b.vector("S", m.Key.Dim(2)*m.Key.Dim(3)*m.Value.Dim(3))
	read, next := recurrent.Order{}.Chunks(b.g, m, s.last)
	s.next = next
	return read
}

// unitKeys brings queries and keys to length 1, and queries to what scores are divided by.
func unitKeys(g *graph.Graph, q, k graph.Node) (graph.Node, graph.Node) {
	if g.Err() != nil {
		return q, k
	}
	one := nn.L2Norm{}
	return g.MulScalar(one.Apply(g, q), 1/math.Sqrt(float64(q.Dim(-1)))), one.Apply(g, k)
}

// gatedDelta is the mixer of Qwen3-Next, Qwen3.5 and OLMo Hybrid: the gated delta rule.
type gatedDelta struct {
	width, keyHeads, heads, keyDim, valueDim, taps int
	act                                            string
	epsilon                                        float64
	negative                                       bool // β reaches 2, so that what is under a key can change its sign
}

func gatedDeltaOf(c *config) *gatedDelta {
	m := &gatedDelta{
		width: c.size("hidden_size"), keyHeads: c.size("linear_num_key_heads"), heads: c.size("linear_num_value_heads"),
		keyDim: c.size("linear_key_head_dim"), valueDim: c.size("linear_value_head_dim"), taps: c.sizeOr("linear_conv_kernel_dim", 4),
		act: c.text("hidden_act", "silu"), epsilon: c.number("rms_norm_eps", 1e-6),
	}
	c.parts("linear_num_value_heads", m.heads, m.keyHeads)
	return m
}

func (m *gatedDelta) keys() int   { return m.keyHeads * m.keyDim }
func (m *gatedDelta) values() int { return m.heads * m.valueDim }

// rule maps queries and keys [T, B, keys], values [T, B, values], and what β and the fading are made of, [T, B, heads] each, to
// [T, B, heads, valueDim].
func (m *gatedDelta) rule(b block, q, k, v, beta, fade graph.Node) graph.Node {
	g, per := b.g, m.heads/m.keyHeads
	q, k = unitKeys(g, grouped(g, q, m.keyHeads), grouped(g, k, m.keyHeads))
	beta = g.Sigmoid(beta)
	if m.negative {
		beta = g.MulScalar(beta, 2)
	}
	rate := g.Exp(b.weight("A_log", m.heads))
	fade = g.Neg(g.Mul(rate, g.Softplus(g.Add(fade, b.weight("dt_bias", m.heads)))))
	return deltaRule(b, repeated(g, q, 2, per), repeated(g, k, 2, per), grouped(g, v, m.heads), column(g, fade), beta)
}

// output norms heads [T, B, heads, valueDim] and multiplies them by silu(gate).
func (m *gatedDelta) output(b block, name string, y, gate graph.Node, epsilon float64) graph.Node {
	norm := nn.GatedRMSNorm{Norm: nn.RMSNorm{Epsilon: epsilon}, NormFirst: true}
	return joined(b.g, norm.Apply(b.in(name).g, y, grouped(b.g, gate, m.heads)))
}

// convolved is the convolution of queries, keys and values side by side.
func (m *gatedDelta) convolved(b block, all graph.Node) (q, k, v graph.Node) {
	parts := columns(b.g, activation(b.g, m.act, b.conv("conv1d", all, m.taps, false)), m.keys(), m.keys(), m.values())
	return parts[0], parts[1], parts[2]
}

// mixed is the mixer with the projections of Qwen3-Next, which lie head by head in two matrices.
func (m *gatedDelta) mixed(b block, x graph.Node) graph.Node {
	g, per := b.g, m.heads/m.keyHeads
	all := grouped(g, b.dense("in_proj_qkvz", x, 2*m.keys()+2*m.values(), false), m.keyHeads)
	parts := columns(g, all, m.keyDim, m.keyDim, per*m.valueDim, per*m.valueDim)
	gates := columns(g, grouped(g, b.dense("in_proj_ba", x, 2*m.heads, false), m.keyHeads), per, per)
	q, k, v := m.convolved(b, g.Concat(-1, joined(g, parts[0]), joined(g, parts[1]), joined(g, parts[2])))
	y := m.rule(b, q, k, v, joined(g, gates[0]), joined(g, gates[1]))
	return b.dense("out_proj", m.output(b, "norm", y, joined(g, parts[3]), m.epsilon), m.width, false)
}

// apart is the mixer with the projections of Qwen3.5, each in a matrix.
func (m *gatedDelta) apart(b block, x graph.Node) graph.Node {
	q, k, v := m.convolved(b, b.dense("in_proj_qkv", x, 2*m.keys()+m.values(), false))
	y := m.rule(b, q, k, v, b.dense("in_proj_b", x, m.heads, false), b.dense("in_proj_a", x, m.heads, false))
	gate := b.dense("in_proj_z", x, m.values(), false)
	return b.dense("out_proj", m.output(b, "norm", y, gate, m.epsilon), m.width, false)
}

// olmo is the mixer of OLMo Hybrid, which has a matrix for everything.
func (m *gatedDelta) olmo(b block, x graph.Node) graph.Node {
	q, k := b.dense("q_proj", x, m.keys(), false), b.dense("k_proj", x, m.keys(), false)
	all := b.g.Concat(-1, q, k, b.dense("v_proj", x, m.values(), false))
	parts := columns(b.g, activation(b.g, m.act, b.convs(all, m.taps)), m.keys(), m.keys(), m.values())
	y := m.rule(b, parts[0], parts[1], parts[2], b.dense("b_proj", x, m.heads, false), b.dense("a_proj", x, m.heads, false))
	return b.dense("o_proj", m.output(b, "o_norm", y, b.dense("g_proj", x, m.values(), false), 1e-5), m.width, false)
}

// convs is a convolution whose weights lie in three tensors. They need not be cut where queries, keys and values are:
// transformers cuts them in thirds when it saves a model.
func (b block) convs(all graph.Node, taps int) graph.Node {
	var parts []graph.Node
	from := 0
	for _, name := range []string{"q_conv1d", "k_conv1d", "v_conv1d"} {
		in := b.in(name)
		shape := in.shapeOf("weight")
		if len(shape) != 3 || from+shape[0] > all.Dim(-1) {
			return b.g.Failf("Convolution", "%sweight has shape %v; want the weights of %d features in three parts", in.name, shape, all.Dim(-1))
		}
		parts = append(parts, b.conv(name, b.g.Slice(all, -1, from, from+shape[0]), taps, false))
		from += shape[0]
	}
	if b.g.Err() == nil && from != all.Dim(-1) {
		return b.g.Failf("Convolution", "%sq_conv1d, k_conv1d and v_conv1d have the weights of %d features; want %d", b.name, from, all.Dim(-1))
	}
	return b.g.Concat(-1, parts...)
}
