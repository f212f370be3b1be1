package pretrained

import "github.com/unroll-go/unroll/graph"

// rwkv4 is RWKV-4 (Peng et al., 2023, arXiv 2305.13048).
type rwkv4 struct {
	width, attention, inner int
	rescale                 int // after so many layers, what flows through them is halved; 0 for never
	epsilon                 float64
}

func rwkv4Family(c *config) network {
	m := &rwkv4{width: c.size("hidden_size"), rescale: c.countOr("rescale_every", 6), epsilon: c.number("layer_norm_epsilon", 1e-5)}
	m.attention = c.sizeOr("attention_hidden_size", m.width)
	m.inner = c.sizeOr("intermediate_size", 4*m.width)
	return network{
		layers: c.size("num_hidden_layers"), trunk: "rwkv", embedding: "embeddings", list: "blocks", head: "head", width: m.width,
		tied: c.flag("tie_word_embeddings", false), layer: m.layer,
		last: func(b block, x graph.Node) graph.Node { return b.norm("ln_out", x, m.epsilon) },
	}
}

// layer maps x [T, B, width] to as much. Halving changes nothing but how the norms' ε compares with what they see; it was
// meant for numbers of 16 bits, and is kept because the published values have it.
func (m *rwkv4) layer(b block, i int, x graph.Node) graph.Node {
	g, scale := b.g, 1.0
	if m.rescale > 0 {
		scale = 1 / float64(uint64(1)<<min(i/m.rescale, 60))
	}
	if i == 0 {
		x = b.norm("pre_ln", x, m.epsilon)
	}
	x = g.Add(x, g.MulScalar(m.time(b.in("attention"), b.norm("ln1", x, m.epsilon)), scale))
	x = g.Add(x, g.MulScalar(m.channels(b.in("feed_forward"), b.norm("ln2", x, m.epsilon)), scale))
	if m.rescale > 0 && (i+1)%m.rescale == 0 {
		x = g.MulScalar(x, 0.5)
	}
	return x
}

// mix is what lies between x and the row before it: x⊙μ + before⊙(1-μ).
func (m *rwkv4) mix(b block, name string, x, before graph.Node) graph.Node {
	g, mu := b.g, b.weight("time_mix_"+name, 1, 1, m.width)
	return g.Add(g.Mul(x, mu), g.Mul(before, g.Affine(mu, -1, 1)))
}

// time is the mean of all values so far, weighted by exp(key) and by how long ago they were. State: the row before, and the
// numerator, the denominator and the largest exponent, by which both are divided, [B, attention] each.
func (m *rwkv4) time(b block, x graph.Node) graph.Node {
	g, before := b.g, b.shifted("before", x)
	k := b.dense("key", m.mix(b, "key", x, before), m.attention, false)
	v := b.dense("value", m.mix(b, "value", x, before), m.attention, false)
	r := g.Sigmoid(b.dense("receptance", m.mix(b, "receptance", x, before), m.attention, false))
	top, bottom := b.vector("numerator", m.attention), b.vector("denominator", m.attention)
	most := b.vectorFrom(-1e30, "largest", m.attention)
	decay := g.Neg(g.Exp(b.weight("time_decay", m.attention)))
	bonus := b.weight("time_first", m.attention)
	y := each(g, func(at []graph.Node) graph.Node {
		k, v := at[0], at[1]
		now := g.Add(k, bonus)
		largest := larger(g, most.next, now)
		past, present := g.Exp(g.Sub(most.next, largest)), g.Exp(g.Sub(now, largest))
		y := g.Div(g.Add(g.Mul(past, top.next), g.Mul(present, v)), g.Add(g.Mul(past, bottom.next), present))
		faded := g.Add(most.next, decay)
		most.next = larger(g, faded, k)
		past, present = g.Exp(g.Sub(faded, most.next)), g.Exp(g.Sub(k, most.next))
		top.next = g.Add(g.Mul(past, top.next), g.Mul(present, v))
		bottom.next = g.Add(g.Mul(past, bottom.next), present)
		return y
	}, k, v)
	return b.dense("output", g.Mul(r, y), m.width, false)
}

// channels is what other networks have as a feed-forward network. State: the row before.
func (m *rwkv4) channels(b block, x graph.Node) graph.Node {
	g, before := b.g, b.shifted("before", x)
	k := activation(g, "relu2", b.dense("key", m.mix(b, "key", x, before), m.inner, false))
	r := g.Sigmoid(b.dense("receptance", m.mix(b, "receptance", x, before), m.width, false))
	return g.Mul(r, b.dense("value", k, m.width, false))
}
