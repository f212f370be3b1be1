package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// rwkv7 is RWKV-7 (Peng et al., 2025, arXiv 2503.14456). Its authors publish .pth files, in which matrices of low rank are
// [in, out]; the library flash-linear-attention has other names and turns those.
type rwkv7 struct {
	width, heads, inner int
	flash               bool
	epsilon, inside     float64
}

// rwkv7Family reads a config.json of flash-linear-attention.
func rwkv7Family(c *config) network {
	m := &rwkv7{width: c.size("hidden_size"), flash: true, epsilon: c.number("norm_eps", 1e-5)}
	if c.has("num_heads") && !c.has("head_dim") {
		m.heads = c.size("num_heads")
	} else {
		m.heads = c.parts("hidden_size", m.width, c.sizeOr("head_dim", 64))
	}
	m.inside = float64(c.parts("hidden_size", m.width, m.heads)) * m.epsilon
	if m.inner = c.sizeOr("intermediate_size", 0); m.inner == 0 {
		m.inner = int(float64(m.width) * c.number("hidden_ratio", 4))
	}
	if c.has("value_dim") {
		for _, v := range c.numbers("value_dim") {
			if int(v) != m.width {
				c.wrong("value_dim", "the hidden_size: others are not computed here")
			}
		}
	}
	c.one("hidden_act", "sqrelu")
	if c.has("attn") {
		c.wrong("attn", "null: attention beside RWKV-7 is not computed here")
	}
	return network{
		layers: c.size("num_hidden_layers"), trunk: "model", embedding: "embeddings", width: m.width,
		tied: c.flag("tie_word_embeddings", false), layer: m.layer,
		last: func(b block, x graph.Node) graph.Node { return b.norm("norm", x, m.epsilon) },
	}
}

// rwkv7Of is the network of a .pth file, whose sizes are those of its tensors.
func rwkv7Of(layers, width, heads, inner int) network {
	m := &rwkv7{width: width, heads: heads, inner: inner, epsilon: 1e-5, inside: 64e-5}
	return network{
		layers: layers, embedding: "emb", list: "blocks", head: "head", width: width, layer: m.layer,
		last: func(b block, x graph.Node) graph.Node { return b.norm("ln_out", x, m.epsilon) },
	}
}

// names are what parts are called, in files of the authors and of flash-linear-attention.
func (m *rwkv7) name(authors, flash string) string {
	if m.flash {
		return flash
	}
	return authors
}

func (m *rwkv7) layer(b block, i int, x graph.Node) graph.Node {
	if i == 0 {
		x = b.norm(m.name("ln0", "pre_norm"), x, m.epsilon)
	}
	time := b.in(m.name("att", "attn"))
	x = b.g.Add(x, m.time(time, i, b.norm(m.name("ln1", "attn_norm"), x, m.epsilon)))
	return b.g.Add(x, m.channels(b.in("ffn"), b.norm(m.name("ln2", "ffn_norm"), x, m.epsilon)))
}

// low is a matrix of low rank with a function inside, and a bias.
func (m *rwkv7) low(b block, letter string, x graph.Node, inside func(graph.Node) graph.Node, bias bool) graph.Node {
	g := b.g
	var y graph.Node
	if m.flash {
		in := b.in(letter+"_lora", "lora")
		shape := in.in("0").shapeOf("weight")
		if len(shape) != 2 {
			return g.Failf("RWKV-7", "%s0.weight has shape %v; want [rank, %d]", in.name, shape, m.width)
		}
		return in.dense("2", inside(in.dense("0", x, shape[0], false)), m.width, bias)
	}
	shape := b.shapeOf(letter + "1")
	if len(shape) != 2 {
		return g.Failf("RWKV-7", "%s%s1 has shape %v; want [%d, rank]", b.name, letter, shape, m.width)
	}
	y = inside(g.MatMul(x, b.weight(letter+"1", m.width, shape[1])))
	y = g.MatMul(y, b.weight(letter+"2", shape[1], m.width))
	if bias {
		y = g.Add(y, b.weight(letter+"0", 1, 1, m.width))
	}
	return y
}

// project is a square matrix.
func (m *rwkv7) project(b block, authors, flash string, x graph.Node) graph.Node {
	return b.dense(m.name(authors, flash), x, m.width, false)
}

// vector is a weight of the width, of which files of the authors have the shape [1, 1, width].
func (m *rwkv7) weight(b block, name string) graph.Node {
	if m.flash {
		return b.weight(name, m.width)
	}
	return b.g.Reshape(b.weight(name, 1, 1, m.width), m.width)
}

// time is the generalised delta rule S' = S·(diag(w) - κᵀ(κ⊙a)) + vᵀk, y = S'·r for each head. What is kept here is Sᵀ, [B,
// heads, dim, dim], and the row before.
func (m *rwkv7) time(b block, layer int, x graph.Node) graph.Node {
	g, before := b.g, b.shifted("before", x)
	gap := g.Sub(before, x)
	mix := func(letter string) graph.Node { return g.Add(x, g.Mul(gap, b.weight("x_"+letter, 1, 1, m.width))) }
	same := func(y graph.Node) graph.Node { return y }
	heads := func(y graph.Node) graph.Node { return grouped(g, y, m.heads) }
	r, k := m.project(b, "receptance", "r_proj", mix("r")), m.project(b, "key", "k_proj", mix("k"))
	xv := mix("v")
	v := m.project(b, "value", "v_proj", xv)
	w := g.Exp(g.MulScalar(g.Sigmoid(m.low(b, "w", mix("w"), g.Tanh, true)), -math.Exp(-0.5)))
	a := g.Sigmoid(m.low(b, "a", mix("a"), same, true))
	gate := m.low(b, "g", mix("g"), g.Sigmoid, false)
	if layer == 0 {
		b.state.values = v
	} else {
		v = g.Add(v, g.Mul(g.Sub(b.state.values, v), g.Sigmoid(m.low(b, "v", xv, same, true))))
	}
	found := nn.L2Norm{Bound: true}.Apply(g, heads(g.Mul(k, m.weight(b, "k_k"))))
	k = g.Mul(k, g.AddScalar(g.Mul(g.AddScalar(a, -1), m.weight(b, "k_a")), 1))
	r, k, v, w, a = heads(r), heads(k), heads(v), heads(w), heads(a)
	s := b.vector("S", m.heads, m.width/m.heads, m.width/m.heads)
	y := each(g, func(at []graph.Node) graph.Node {
		r, k, v, w, found, put := at[0], at[1], at[2], at[3], at[4], at[5]
		erased := outer(g, put, through(g, found, s.next))
		s.next = g.Add(g.Sub(g.Mul(column(g, w), s.next), erased), outer(g, k, v))
		return through(g, r, s.next)
	}, r, k, v, w, found, g.Mul(found, a))
	y = nn.GroupNorm{Groups: m.heads, Epsilon: m.inside}.Apply(b.in(m.name("ln_x", "g_norm")).g, joined(g, y))
	bonus := g.Sum(g.Mul(g.Mul(r, k), b.weight("r_k", m.heads, m.width/m.heads)), -1)
	y = g.Add(y, joined(g, g.Mul(column(g, bonus), v)))
	return m.project(b, "output", "o_proj", g.Mul(y, gate))
}

// channels is a feed-forward network of what lies between x and the row before it. State: that row.
func (m *rwkv7) channels(b block, x graph.Node) graph.Node {
	g, before := b.g, b.shifted("before", x)
	mu := b.weight("x_k", b.shapeOf("x_k")...)
	if g.Err() == nil && mu.Dim(-1) != m.width {
		return g.Failf("RWKV-7", "%sx_k has shape %v; want %d numbers", b.name, mu.Shape(), m.width)
	}
	k := g.Add(x, g.Mul(g.Sub(before, x), g.Reshape(mu, m.width)))
	return b.dense("value", activation(g, "relu2", b.dense("key", k, m.inner, false)), m.width, false)
}
