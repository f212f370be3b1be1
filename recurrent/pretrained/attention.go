package pretrained

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// attention looks back at the tokens before: at all of them, or at a window. Several heads may share their keys and values
// (Ainslie et al., 2023, arXiv 2305.13245). Keys and values of the past are the state, and whether there was a token.
//
// Positions are told by rotation (Su et al., 2021, arXiv 2104.09864), of which the scores see differences alone. So keys are
// kept as they are, and rotated by their place in the past: the state needs no count of tokens, and none is too many.
//
// recurrent.WindowAttention is another thing: a cell for networks that are built here, whose state has one size for good, with
// padding and both directions. It rotates keys before it keeps them, by a count of tokens, and knows neither a past that grows, nor
// values that are a part of the keys, nor heads of values of another width.
type attention struct {
	width, heads, shared, dim int // shared: heads of keys and values
	value                     int // width of a value's head; 0 for dim

	window int // how many tokens are seen, with the last one; 0 for all
	turn   rope
	scale  float64 // of the scores; 0 for 1/√dim

	bias, outBias bool
	out           string  // the output's name; empty for "o_proj"
	keys          float64 // keys are multiplied by it; 0 for 1

	// allNorm norms all queries, and all keys, by the names q_norm and k_norm; nil for none.
	allNorm func(b block, name string, x graph.Node) graph.Node
	// latent tells that values are the first entries of the keys.
	latent bool

	queryNorm, keyNorm func(b block, x graph.Node) graph.Node // of heads [T, B, heads, dim]; nil for none
	gated              bool                                   // the output is multiplied by the sigmoid of a half of what q_proj gives
}

// rope says how the first dims entries of each head are rotated: entry i with entry i+dims/2, by theta^(-2i/dims) a token.
type rope struct {
	dims  int
	theta float64
}

// ropeOf reads how heads are rotated. Older files have it at the top.
func ropeOf(c *config, dim int, part float64) rope {
	p := c.object("rope_parameters")
	if len(p.fields) == 0 {
		p = c.object("rope_scaling")
	}
	if kind := p.text("rope_type", p.text("type", "default")); kind != "default" {
		c.wrong("rope_parameters", "the rope_type default: others are not computed here")
	}
	part = p.number("partial_rotary_factor", c.number("partial_rotary_factor", part))
	theta := p.number("rope_theta", c.number("rope_theta", 10000))
	if p.err != nil && c.err == nil {
		c.err = p.err
	}
	dims := int(float64(dim) * part)
	if !(part >= 0 && part <= 1) || dims%2 != 0 || !(theta > 0) {
		c.wrong("rope_parameters", "a positive rope_theta, and an even number of entries to rotate")
		return rope{}
	}
	return rope{dims: dims, theta: theta}
}

// usualAttention reads the configuration by its usual names.
func usualAttention(c *config) attention {
	a := attention{width: c.size("hidden_size"), heads: c.size("num_attention_heads"), bias: c.flag("attention_bias", false)}
	a.outBias = a.bias
	a.shared = c.sizeOr("num_key_value_heads", a.heads)
	if a.dim = a.width / a.heads; c.has("head_dim") || a.dim == 0 {
		a.dim = c.size("head_dim")
	}
	c.parts("num_attention_heads", a.heads, a.shared)
	return a
}

// apply maps x [T, B, width] to as much.
func (a attention) apply(b block, x graph.Node) graph.Node {
	g, n, batch := b.g, x.Dim(0), x.Dim(1)
	per := 1
	if a.gated {
		per = 2
	}
	q := b.dense("q_proj", x, a.heads*a.dim*per, a.bias)
	if a.allNorm != nil {
		q = a.allNorm(b, "q_norm", q)
	}
	q = grouped(g, q, a.heads) // [T, B, heads, dim]
	var gate graph.Node
	if a.gated {
		both := columns(g, q, a.dim, a.dim)
		q, gate = both[0], g.Sigmoid(joined(g, both[1]))
	}
	k := b.dense("k_proj", x, a.shared*a.dim, a.bias)
	v := b.dense("v_proj", x, a.shared*a.valueDim(), a.bias)
	if a.allNorm != nil {
		k = a.allNorm(b, "k_norm", k)
	}
	if a.keys != 0 {
		k = g.MulScalar(k, a.keys)
	}
	if a.queryNorm != nil {
		q = a.queryNorm(b, q)
	}
	if a.keyNorm != nil {
		k = joined(g, a.keyNorm(b, grouped(g, k, a.shared)))
	}
	y := a.attend(b, q, k, v)
	y = g.Reshape(y, n, batch, a.heads*a.valueDim())
	if a.gated {
		y = g.Mul(y, gate)
	}
	return b.dense(a.outName(), y, a.width, a.outBias)
}

func (a attention) outName() string {
	if a.out == "" {
		return "o_proj"
	}
	return a.out
}

func (a attention) valueDim() int {
	if a.value == 0 {
		return a.dim
	}
	return a.value
}

// attend maps queries [T, B, heads, dim], keys and values [T, B, shared·dim] to [T, B, heads, dim]. What is kept of the past
// are the keys, the values, and 1 where there was a token, [rows, B, ...], the last token in the last row.
func (a attention) attend(b block, q, k, v graph.Node) graph.Node {
	g, n, batch := b.g, q.Dim(0), q.Dim(1)
	if g.Err() != nil {
		return graph.Node{}
	}
	k = a.remember(b, "keys", k)
	if a.latent {
		v = g.Slice(k, -1, 0, a.valueDim())
	} else {
		v = a.remember(b, "values", v)
	}
	there := a.remember(b, "there", g.Full(1, n, batch, 1))
	if g.Err() != nil {
		return graph.Node{}
	}
	rows, per := k.Dim(0), a.heads/a.shared
	k = g.Transpose(grouped(g, k, a.shared), 1, 2, 0, 3)                         // [B, shared, rows, dim]
	v = g.Transpose(grouped(g, v, a.shared), 1, 2, 0, 3)                         // [B, shared, rows, value]
	q = g.Transpose(g.Reshape(q, n, batch, a.shared, per, a.dim), 1, 2, 3, 0, 4) // [B, shared, per, T, dim]
	k, q = a.turn.apply(g, k, 0), a.turn.apply(g, q, rows-n)                     // by places in the past
	scores := g.MatMulT(g.Reshape(q, batch, a.shared, per*n, a.dim), k)          // [B, shared, per·T, rows]
	scores = g.Reshape(g.MulScalar(scores, a.scaleOf()), batch, a.shared, per, n, rows)
	scores = g.Add(scores, a.unseen(g, n, rows), g.Reshape(g.Transpose(g.Affine(there, -hidden, hidden), 1, 2, 0), batch, 1, 1, 1, rows))
	weights := g.Reshape(g.Softmax(scores, -1), batch, a.shared, per*n, rows)
	y := g.Reshape(g.MatMul(weights, v), batch, a.shared, per, n, a.valueDim())
	return g.Reshape(g.Transpose(y, 3, 0, 1, 2, 4), n, batch, a.heads, a.valueDim())
}

func (a attention) scaleOf() float64 {
	if a.scale == 0 {
		return 1 / math.Sqrt(float64(a.dim))
	}
	return a.scale
}

// remember puts x [T, B, F] behind what is kept of the past, and keeps as many rows of it.
func (a attention) remember(b block, name string, x graph.Node) graph.Node {
	var s *slot
	switch width := x.Dim(-1); a.window {
	case 0:
		s = b.past(name, width)
	case 1:
		return x
	default:
		s = b.rows(name, a.window-1, width)
	}
	all := b.g.Concat(0, s.last, x)
	s.next = b.g.Slice(all, 0, x.Dim(0), all.Dim(0))
	return all
}

// hidden is added to the scores of what must not be seen.
const hidden = -1e30

// unseen is added to the scores [T, rows] of the last T rows: what comes later, and what has left the window, is hidden.
func (a attention) unseen(g *graph.Graph, n, rows int) graph.Node {
	out := make([]float32, n*rows)
	for t := range n {
		at := rows - n + t
		for j := range rows {
			if j > at || a.window > 0 && j <= at-a.window {
				out[t*rows+j] = hidden
			}
		}
	}
	return g.Const(graph.Floats(out, n, rows))
}

// apply rotates the rows of x [..., n, dim], of which the first stands at a place.
func (r rope) apply(g *graph.Graph, x graph.Node, from int) graph.Node {
	if r.dims == 0 || g.Err() != nil {
		return x
	}
	n, half, rest := x.Dim(-2), r.dims/2, x.Dim(-1)-r.dims
	cos, sin := make([]float32, n*half), make([]float32, n*half)
	for t := range n {
		for i := range half {
			angle := float64(from+t) * math.Pow(r.theta, -2*float64(i)/float64(r.dims))
			cos[t*half+i], sin[t*half+i] = float32(math.Cos(angle)), float32(math.Sin(angle))
		}
	}
	c, s := g.Const(graph.Floats(cos, n, half)), g.Const(graph.Floats(sin, n, half))
	widths := []int{half, half, rest}
	if rest == 0 {
		widths = widths[:2]
	}
	parts := columns(g, x, widths...)
	turned := []graph.Node{
		g.Sub(g.Mul(parts[0], c), g.Mul(parts[1], s)),
		g.Add(g.Mul(parts[1], c), g.Mul(parts[0], s)),
	}
	return g.Concat(-1, append(turned, parts[2:]...)...)
}
