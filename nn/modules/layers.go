package modules

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// module is a layer that an nn.Module computes.
func module(m nn.Module) func(c *call) []graph.Node {
	return func(c *call) []graph.Node { return []graph.Node{m.Apply(c.g, c.in[0])} }
}

func embedding(_ *settings, w *source) func(c *call) []graph.Node {
	shape := w.take("weight", -1, -1)
	return module(nn.Embedding{Tokens: shape[0], Size: shape[1]})
}

func linear(_ *settings, w *source) func(c *call) []graph.Node {
	units, bias := w.take("weight", -1, -1)[0], w.has("bias")
	if bias {
		w.take("bias", units)
	}
	return module(nn.Dense{Units: units, NoBias: !bias})
}

// convolution is one along so many axes, of x [N, C, ...]; padding is numbers, or "same", as in PyTorch.
func convolution(axes int) func(s *settings, w *source) func(c *call) []graph.Node {
	return func(s *settings, w *source) func(c *call) []graph.Node {
		groups, normed := s.whole("groups", 1), w.has("weight_v")
		open := append([]int{-1, -1}, []int{-1, -1}[:axes]...)
		var shape []int
		if normed {
			shape = w.take("weight_v", open...)
			w.take("weight_g", append([]int{shape[0]}, []int{1, 1, 1}[:axes+1]...)...)
		} else {
			shape = w.take("weight", open...)
		}
		bias := w.has("bias")
		if bias {
			w.take("bias", shape[0])
		}
		o := graph.Window{Stride: s.wholes("stride", axes, 1), Dilation: s.wholes("dilation", axes, 1), Groups: groups}
		o.Before, o.After = s.padding(shape[2:], o.Dilation)
		return func(c *call) []graph.Node {
			if !c.ranked(c.in[0], "[N, C, ...]", axes+2) {
				return nil
			}
			kernel := convWeight(c.g, normed, shape)
			var b graph.Node
			if bias {
				b = c.g.Param("bias", nil, shape[0])
			}
			return []graph.Node{c.g.Conv(c.in[0], kernel, b, o)}
		}
	}
}

// convWeight is the weight, or with weight normalisation g·v/‖v‖ for each channel of the result.
func convWeight(g *graph.Graph, normed bool, shape []int) graph.Node {
	if !normed {
		return g.Param("weight", nil, shape...)
	}
	ones := append([]int{shape[0]}, []int{1, 1, 1}[:len(shape)-1]...)
	v := g.Param("weight_v", nil, shape...)
	squares := g.Sum(g.Reshape(g.Square(v), shape[0], -1), 1)
	return g.Mul(v, g.Div(g.Param("weight_g", nil, ones...), g.Reshape(g.Sqrt(squares), ones...)))
}

// padding reads how many places there are before and after each axis.
func (s *settings) padding(kernel, dilation []int) (before, after []int) {
	if s.values["padding"] != "same" {
		before = s.wholes("padding", len(kernel), 0)
		return before, before
	}
	s.used["padding"] = true
	for i, k := range kernel {
		reach := dilation[i] * (k - 1)
		before, after = append(before, reach/2), append(after, reach-reach/2)
	}
	return before, after
}

// batchNorm normalises the channels, which are axis 1.
func batchNorm(s *settings, w *source) func(c *call) []graph.Node {
	n := nn.BatchNorm{Epsilon: s.float("eps", 1e-5), Momentum: s.float("momentum", 0.1), NoAffine: !w.has("weight")}
	f := w.take("running_mean", -1)[0]
	w.take("running_var", f)
	if !n.NoAffine {
		w.take("weight", f)
		w.take("bias", f)
	}
	return func(c *call) []graph.Node {
		if !c.ranked(c.in[0], "[N, C] or [N, C, ...]", 2, 3, 4) {
			return nil
		}
		there, back := []int{0}, []int{0, c.in[0].Rank() - 1}
		for i := 2; i < c.in[0].Rank(); i++ {
			there, back = append(there, i), append(back, i-1)
		}
		y := n.Apply(c.g, c.g.Transpose(c.in[0], append(there, 1)...))
		return []graph.Node{c.g.Transpose(y, back...)}
	}
}

func layerNorm(s *settings, w *source) func(c *call) []graph.Node {
	n := nn.LayerNorm{Epsilon: s.float("eps", 1e-5), NoBias: !w.has("bias")}
	f := w.take("weight", -1)[0]
	if !n.NoBias {
		w.take("bias", f)
	}
	return module(n)
}

func rmsNorm(s *settings, w *source) func(c *call) []graph.Node {
	n := nn.RMSNorm{Epsilon: s.float("eps", 1.1920929e-07)}
	w.take("weight", -1)
	return module(n)
}

func crfLayer(s *settings, w *source) func(c *call) []graph.Node {
	s.truth("batch_first", false)
	k := w.take("transitions", -1, -1)[0]
	w.take("start_transitions", k)
	w.take("end_transitions", k)
	return nil // Run decodes
}

// projected takes the weights of an attention of the width e.
func projected(w *source) (e int, bias bool) {
	e, bias = w.take("in_proj_weight", -1, -1)[1], w.has("in_proj_bias")
	w.take("out_proj.weight", e, e)
	if bias {
		w.take("in_proj_bias", 3*e)
		w.take("out_proj.bias", e)
	}
	return e, bias
}

// attention reads queries, and keys and values if they are others. Without batch_first, [T, B, E]; or [T, E].
func attention(s *settings, w *source) func(c *call) []graph.Node {
	e, bias := projected(w)
	a := nn.MultiHeadAttention{Heads: s.must("num_heads"), Causal: s.truth("is_causal", false), Dropout: s.float("dropout", 0), NoBias: !bias}
	first := s.truth("batch_first", false)
	if !w.err && (a.Heads < 1 || e%a.Heads != 0) {
		s.problem("%d heads; want a divisor of the width %d", a.Heads, e)
	}
	return func(c *call) []graph.Node {
		var in []graph.Node
		for _, x := range c.in {
			if !c.ranked(x, "[T, B, E] or [T, E]", 2, 3) {
				return nil
			}
			in = append(in, timeMajor(c.g, x, first))
		}
		for len(in) < 3 {
			in = append(in, in[len(in)-1])
		}
		y, _ := a.Attend(c.g, in[0], in[1], in[2], graph.Node{})
		return []graph.Node{asGiven(c.g, y, c.in[0].Rank(), first)}
	}
}

// encoderLayer is TransformerEncoderLayer, with relu or gelu.
func encoderLayer(s *settings, w *source) func(c *call) []graph.Node {
	l := nn.TransformerEncoderLayer{Heads: s.must("nhead"), Dropout: s.float("dropout", 0.1), PostNorm: !s.truth("norm_first", false)}
	switch f := s.text("activation", "relu"); f {
	case "relu":
	case "gelu":
		l.Activation = nn.GELU{}
	default:
		s.problem("activation %q; want relu or gelu", f)
	}
	first := s.truth("batch_first", false)
	attended := &source{parser: w.parser, scope: w.full("self_attn"), layer: w.layer}
	e, _ := projected(attended)
	l.Hidden = w.take("linear1.weight", -1, e)[0]
	w.take("linear1.bias", l.Hidden)
	w.take("linear2.weight", e, l.Hidden)
	for _, name := range []string{"linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"} {
		w.take(name, e)
	}
	return func(c *call) []graph.Node {
		if !c.ranked(c.in[0], "[T, B, E] or [T, E]", 2, 3) {
			return nil
		}
		return []graph.Node{asGiven(c.g, l.Apply(c.g, timeMajor(c.g, c.in[0], first)), c.in[0].Rank(), first)}
	}
}

// timeMajor is x [T, B, F] of x, or of [B, T, F] if the batch is first, or of [T, F].
func timeMajor(g *graph.Graph, x graph.Node, first bool) graph.Node {
	switch {
	case g.Err() != nil:
		return graph.Node{}
	case x.Rank() == 2:
		return g.Reshape(x, x.Dim(0), 1, x.Dim(1))
	case first:
		return g.Transpose(x, 1, 0, 2)
	}
	return x
}

// asGiven undoes timeMajor.
func asGiven(g *graph.Graph, y graph.Node, rank int, first bool) graph.Node {
	switch {
	case g.Err() != nil:
		return graph.Node{}
	case rank == 2:
		return g.Reshape(y, y.Dim(0), y.Dim(2))
	case first:
		return g.Transpose(y, 1, 0, 2)
	}
	return y
}
