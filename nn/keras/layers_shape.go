package keras

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

func flattenLayer(s settings) operation {
	s.only("data_format", "channels_last")
	return operation{run: func(c *call) []value {
		x := c.in[0].x
		if c.g.Err() != nil || x.Rank() < 1 {
			return nil
		}
		return []value{{x: c.g.Reshape(x, x.Dim(0), size(x.Shape()[1:]))}}
	}}
}

func size(shape []int) int { return product(shape) }

func reshapeLayer(s settings) operation {
	list, _ := s.values["target_shape"].([]any)
	target := whole(list, -1)
	if target == nil || slices.Contains(target, 0) {
		s.problem("target_shape is %s; want whole numbers", brief(s.values["target_shape"]))
	}
	return operation{run: func(c *call) []value {
		x := c.in[0].x
		if c.g.Err() != nil {
			return nil
		}
		return []value{{x: c.g.Reshape(x, append([]int{x.Dim(0)}, target...)...)}}
	}}
}

func permuteLayer(s settings) operation {
	list, _ := s.values["dims"].([]any)
	dims := whole(list, 1)
	if dims == nil {
		s.problem("dims is %s; want whole numbers of at least 1", brief(s.values["dims"]))
	}
	return operation{run: func(c *call) []value {
		return []value{{x: c.g.Transpose(c.in[0].x, append([]int{0}, dims...)...)}}
	}}
}

// repeatLayer turns [B, F] into [B, n, F].
func repeatLayer(s settings) operation {
	n := s.size("n", 0)
	return operation{run: func(c *call) []value {
		x := c.in[0].x
		if c.g.Err() == nil && x.Rank() != 2 {
			c.g.Failf("Keras", "%s wants [B, F], found %v", c.layer.name, x.Shape())
		}
		if c.g.Err() != nil {
			return nil
		}
		return []value{{x: c.g.BroadcastTo(c.g.Reshape(x, x.Dim(0), 1, x.Dim(1)), x.Dim(0), n, x.Dim(1))}}
	}}
}

// ends reads how many steps a layer adds or takes at both ends: one number, or two.
func ends(s settings, key string) (before, after int) {
	list, ok := s.values[key].([]any)
	if !ok {
		list = []any{s.values[key], s.values[key]}
	}
	n := whole(list, 0)
	if len(n) != 2 {
		s.problem("%s is %s; want two numbers of steps", key, brief(s.values[key]))
		return 0, 0
	}
	return n[0], n[1]
}

func padLayer(s settings) operation {
	before, after := ends(s, "padding")
	return operation{run: func(c *call) []value { return []value{{x: padded(c.g, c.in[0].x, 1, before, after, 0)}} }}
}

func cropLayer(s settings) operation {
	before, after := ends(s, "cropping")
	return operation{run: func(c *call) []value {
		x := c.in[0].x
		if c.g.Err() != nil || x.Rank() < 2 {
			return nil
		}
		return []value{{x: c.g.Slice(x, 1, before, x.Dim(1)-after)}}
	}}
}

// padded puts a value at both ends of an axis.
func padded(g *graph.Graph, x graph.Node, axis, before, after int, v float64) graph.Node {
	if g.Err() != nil || x.Rank() <= axis {
		return graph.Node{}
	}
	parts := []graph.Node{x}
	at := func(n int) graph.Node {
		shape := x.Shape()
		shape[axis] = n
		return g.Full(v, shape...)
	}
	if before > 0 {
		parts = append([]graph.Node{at(before)}, parts...)
	}
	if after > 0 {
		parts = append(parts, at(after))
	}
	if len(parts) == 1 {
		return x
	}
	return g.Concat(axis, parts...)
}

// strided takes n of every stride elements of an axis, from start on.
func strided(g *graph.Graph, x graph.Node, axis, start, n, stride int) graph.Node {
	if stride == 1 {
		return g.Slice(x, axis, start, start+n)
	}
	end := min(start+n*stride, x.Dim(axis))
	part := padded(g, g.Slice(x, axis, start, end), axis, 0, start+n*stride-end, 0)
	if g.Err() != nil {
		return graph.Node{}
	}
	shape := x.Shape()
	apart := slices.Concat(shape[:axis], []int{n, stride}, shape[axis+1:])
	shape[axis] = n
	return g.Reshape(g.Slice(g.Reshape(part, apart...), axis+1, 0, 1), shape...)
}
