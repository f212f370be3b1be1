package keras

import (
	"maps"
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras/internal/hdf5"
)

// scalar is the place of a single number, which a store keeps as a list of one.
var scalar = place{[]int{1}, []int{}, func(i int) int { return i }}

// hidden is what is added to the score of a step that is masked.
const hidden = -1e9

// attentionLayer is Attention (Luong et al., 2015) or AdditiveAttention (Bahdanau et al., 2015): query [B, T, D], value [B, S, D]
// and key [B, S, D], which is the value unless given, to [B, T, D].
func attentionLayer(additive bool) func(s settings) operation {
	return func(s settings) operation {
		scale, mode := s.truth("use_scale", additive), s.text("score_mode", "dot")
		joined := mode == "concat" && !additive
		if mode != "dot" && !joined {
			s.problem("score_mode is %q; want dot or concat", mode)
		}
		if s.number("dropout", 0) > 0 {
			s.note("dropout has no effect in training")
		}
		return operation{
			take: func(t *taker) {
				switch {
				case scale && additive:
					d := t.next("scale", -1)
					t.put("scale", d, same(d.Shape))
				case scale:
					t.put("scale", t.next("scale"), scalar)
				}
				if joined {
					t.put("concat_score_weight", t.next("concat_score_weight"), scalar)
				}
			},
			run: func(c *call) []value {
				if !enough(c, 2) {
					return nil
				}
				query, val := c.in[0], c.in[1]
				key := val
				if len(c.in) > 2 {
					key = c.in[2]
				}
				for _, v := range []value{query, val, key} {
					if v.x.Rank() != 3 || v.x.IsIDs() {
						c.g.Failf("Keras", "%s wants sequences [B, T, D], found %v", c.layer.name, v.x)
						return nil
					}
				}
				score := scores(c, query.x, key.x, additive, joined)
				if val.mask.Valid() && c.g.Err() == nil {
					score = c.g.Add(score, c.g.Affine(c.g.Reshape(val.mask, val.mask.Dim(0), 1, val.mask.Dim(1)), -hidden, hidden))
				}
				y := c.g.MatMul(c.g.Softmax(score, -1), val.x)
				if query.mask.Valid() && c.g.Err() == nil {
					y = c.g.Mul(y, c.g.Reshape(query.mask, query.mask.Dim(0), query.mask.Dim(1), 1))
				}
				return []value{{y, query.mask}}
			},
		}
	}
}

// scores are [B, T, S].
func scores(c *call, query, key graph.Node, additive, joined bool) graph.Node {
	g, scale := c.g, c.weight(c.g, "scale")
	if !additive && !joined {
		y := g.MatMulT(query, key)
		if scale.Valid() {
			y = g.Mul(y, scale)
		}
		return y
	}
	sum := g.Add(g.Reshape(query, query.Dim(0), query.Dim(1), 1, query.Dim(2)), g.Reshape(key, key.Dim(0), 1, key.Dim(1), key.Dim(2)))
	if joined {
		if scale.Valid() {
			sum = g.Mul(sum, scale)
		}
		return g.Mul(g.Sum(g.Tanh(sum), -1), c.weight(g, "concat_score_weight"))
	}
	y := g.Tanh(sum)
	if scale.Valid() {
		y = g.Mul(y, scale)
	}
	return g.Sum(y, -1)
}

// multiHeadLayer is MultiHeadAttention (Vaswani et al., 2017). Weights of query, key and value: [N·H, D] and [N·H]; of the
// output [D, N·H] and [D].
func multiHeadLayer(s settings) operation {
	heads, width, bias := s.size("num_heads", 0), s.size("key_dim", 0), s.truth("use_bias", true)
	values := width
	if s.values["value_dim"] != nil {
		values = s.size("value_dim", width)
	}
	if s.values["attention_axes"] != nil {
		if list, ok := s.values["attention_axes"].([]any); !ok || len(list) != 1 || list[0] != float64(1) {
			s.problem("attention_axes is %s; only the axis of time is supported", brief(s.values["attention_axes"]))
		}
	}
	if s.number("dropout", 0) > 0 {
		s.note("dropout has no effect in training")
	}
	return operation{
		parts: []string{"query_dense", "key_dense", "value_dense", "output_dense"},
		take: func(t *taker) {
			for _, p := range []struct {
				name string
				size int
			}{{"query", width}, {"key", width}, {"value", values}} {
				k := t.next(p.name+" kernel", -1, heads, p.size)
				t.put(p.name+"_weight", flat(k, k.Shape[0], heads*p.size), kernel([]int{0}, heads*p.size, k.Shape[0]))
				if bias {
					b := t.next(p.name+" bias", heads, p.size)
					t.put(p.name+"_bias", flat(b, heads*p.size), same([]int{heads * p.size}))
				}
			}
			k := t.next("output kernel", heads, values, -1)
			out := k.Shape[2]
			t.put("output_weight", flat(k, heads*values, out), kernel([]int{0}, out, heads*values))
			if bias {
				t.put("output_bias", t.next("output bias", out), same([]int{out}))
			}
		},
		run: func(c *call) []value { return attend(c, heads, width, values) },
	}
}

// flat gives an array another shape.
func flat(d hdf5.Dataset, shape ...int) hdf5.Dataset {
	d.Shape = shape
	return d
}

func attend(c *call, heads, width, values int) []value {
	in := map[string]value{}
	names := []string{"query", "value", "key"}
	for i, v := range c.in[:min(len(c.in), 3)] {
		in[names[i]] = v
	}
	maps.Copy(in, c.named)
	if _, ok := in["value"]; !ok {
		c.g.Failf("Keras", "%s has no value; want query and value", c.layer.name)
		return nil
	}
	if _, ok := in["key"]; !ok {
		in["key"] = in["value"]
	}
	g := c.g
	project := func(name string, size int) graph.Node { // [B, N, T, H]
		x := in[name].x
		if g.Err() == nil && (x.Rank() != 3 || x.IsIDs()) {
			g.Failf("Keras", "%s wants sequences [B, T, D], found %v", c.layer.name, x)
		}
		y := plus(c, g.MatMulT(x, c.weight(g, name+"_weight")), name+"_bias")
		if g.Err() != nil {
			return graph.Node{}
		}
		return g.Transpose(g.Reshape(y, x.Dim(0), x.Dim(1), heads, size), 0, 2, 1, 3)
	}
	q, k, v := project("query", width), project("key", width), project("value", values)
	score := g.MulScalar(g.MatMulT(q, k), 1/math.Sqrt(float64(width)))
	if g.Err() != nil {
		return nil
	}
	if m := visible(c, in); m.Valid() {
		score = g.Add(score, g.Affine(m, -hidden, hidden))
	}
	y := g.Transpose(g.MatMul(g.Softmax(score, -1), v), 0, 2, 1, 3)
	if g.Err() != nil {
		return nil
	}
	y = g.Reshape(y, y.Dim(0), y.Dim(1), heads*values)
	return []value{{plus(c, g.MatMulT(y, c.weight(g, "output_weight")), "output_bias"), in["query"].mask}}
}

// visible is the mask of scores [B, 1, T, S]: 1 where both the query's and the key's step count.
func visible(c *call, in map[string]value) graph.Node {
	var out graph.Node
	join := func(m graph.Node) {
		if out.Valid() {
			out = c.g.Mul(out, m)
		} else {
			out = m
		}
	}
	if m := in["query"].mask; m.Valid() {
		join(c.g.Reshape(m, m.Dim(0), 1, m.Dim(1), 1))
	}
	if m := in["value"].mask; m.Valid() {
		join(c.g.Reshape(m, m.Dim(0), 1, 1, m.Dim(1)))
	}
	if m := in["key"].mask; m.Valid() {
		join(c.g.Reshape(m, m.Dim(0), 1, 1, m.Dim(1)))
	}
	if m := in["attention_mask"].x; m.Valid() && m.Rank() == 3 {
		join(c.g.Reshape(m, m.Dim(0), 1, m.Dim(1), m.Dim(2)))
	}
	return out
}

// plus adds a bias that the layer may have.
func plus(c *call, x graph.Node, name string) graph.Node {
	if b := c.weight(c.g, name); b.Valid() {
		return c.g.Add(x, b)
	}
	return x
}
