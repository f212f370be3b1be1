package keras

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// enough reports a call with fewer inputs than a layer needs.
func enough(c *call, n int) bool {
	if len(c.in) < n {
		c.g.Failf("Keras", "%s has %d inputs; want at least %d", c.layer.name, len(c.in), n)
	}
	return c.g.Err() == nil
}

// mergeLayer joins inputs element by element.
func mergeLayer(kind string) func(s settings) operation {
	return func(s settings) operation {
		return operation{run: func(c *call) []value {
			if !enough(c, 2) {
				return nil
			}
			g, x := c.g, aligned(c)
			if g.Err() != nil {
				return nil
			}
			y := x[0]
			switch kind {
			case "Add":
				y = g.Add(x...)
			case "Average":
				y = g.MulScalar(g.Add(x...), 1/float64(len(x)))
			case "Subtract":
				y = g.Sub(x[0], x[1])
			case "Multiply":
				for _, more := range x[1:] {
					y = g.Mul(y, more)
				}
			case "Maximum":
				y = g.Max(g.Stack(x...), 0)
			case "Minimum":
				for i := range x {
					x[i] = g.Neg(x[i])
				}
				y = g.Neg(g.Max(g.Stack(x...), 0))
			}
			return []value{{y, mergedMask(c, s.keras3())}}
		}}
	}
}

// aligned gives all inputs one number of axes: those that lack some get them behind the batch.
func aligned(c *call) []graph.Node {
	rank := 0
	for _, v := range c.in {
		rank = max(rank, v.x.Rank())
	}
	out := make([]graph.Node, len(c.in))
	for i, v := range c.in {
		out[i] = v.x
		if shape := v.x.Shape(); len(shape) > 0 && len(shape) < rank {
			out[i] = c.g.Reshape(v.x, slices.Concat(shape[:1], slices.Repeat([]int{1}, rank-len(shape)), shape[1:])...)
		}
	}
	return out
}

// mergedMask is, in Keras 3, where any of the masks is, if all inputs have one; in Keras 2 where all are that are there.
func mergedMask(c *call, keras3 bool) graph.Node {
	var masks []graph.Node
	for _, v := range c.in {
		if v.mask.Valid() {
			masks = append(masks, v.mask)
		}
	}
	switch {
	case len(masks) == 0 || keras3 && len(masks) < len(c.in):
		return graph.Node{}
	case keras3:
		return c.g.Max(c.g.Stack(masks...), 0)
	}
	return allOf(c.g, masks)
}

// allOf is 1 where all masks are.
func allOf(g *graph.Graph, masks []graph.Node) graph.Node {
	m := masks[0]
	for _, more := range masks[1:] {
		m = g.Mul(m, more)
	}
	return m
}

func concatLayer(s settings) operation {
	keras3 := s.keras3()
	at := int(s.number("axis", -1))
	return operation{run: func(c *call) []value {
		if !enough(c, 1) {
			return nil
		}
		axis, rank := at, c.in[0].x.Rank()
		if axis < 0 {
			axis += rank
		}
		if axis < 1 || axis >= rank {
			c.g.Failf("Keras", "%s joins axis %d of %v", c.layer.name, at, c.in[0].x)
			return nil
		}
		parts := make([]graph.Node, len(c.in))
		for i, v := range c.in {
			parts[i] = v.x
		}
		y := c.g.Concat(axis, parts...)
		return []value{{y, joinedMask(c, axis, keras3)}}
	}}
}

// joinedMask is the mask of a Concatenate: along time the masks join, too; otherwise one of them is enough in Keras 3, and all
// must agree in Keras 2. An input without one counts everywhere.
func joinedMask(c *call, axis int, keras3 bool) graph.Node {
	var masks, joined []graph.Node
	for _, v := range c.in {
		m := v.mask
		if m.Valid() {
			masks = append(masks, m)
		} else if c.g.Err() == nil && v.x.Rank() > 1 {
			m = c.g.Full(1, v.x.Dim(0), v.x.Dim(1))
		}
		joined = append(joined, m)
	}
	switch {
	case len(masks) == 0 || c.g.Err() != nil:
		return graph.Node{}
	case axis == 1:
		return c.g.Concat(1, joined...)
	case keras3:
		return c.g.Max(c.g.Stack(joined...), 0)
	}
	return allOf(c.g, masks)
}

// dotLayer multiplies two inputs along an axis of each: [B, T, D] and [B, S, D] give [B, T, S]; [B, D] twice gives [B, 1].
func dotLayer(s settings) operation {
	axes := s.sizes("axes", 2, 0)
	if v, ok := s.values["axes"].(float64); ok && v < 0 {
		s.problem("axes is %g; only axes from the front are supported", v)
	}
	unit := s.truth("normalize", false)
	return operation{run: func(c *call) []value {
		if !enough(c, 2) {
			return nil
		}
		g := c.g
		a, b := c.in[0].x, c.in[1].x
		flat := a.Rank() == 2 && b.Rank() == 2
		if flat {
			a, b = g.Reshape(a, a.Dim(0), 1, a.Dim(1)), g.Reshape(b, b.Dim(0), 1, b.Dim(1))
		}
		if g.Err() != nil {
			return nil
		}
		if a.Rank() != 3 || b.Rank() != 3 || !flat && (axes[0] > 2 || axes[1] > 2) {
			g.Failf("Keras", "%s multiplies %v and %v along axes %v, which is not supported", c.layer.name, a, b, axes)
			return nil
		}
		if !flat && axes[0] == 1 {
			a = g.Transpose(a, 0, 2, 1)
		}
		if !flat && axes[1] == 1 {
			b = g.Transpose(b, 0, 2, 1)
		}
		if unit {
			a, b = unitRows(g, a), unitRows(g, b)
		}
		y := g.MatMulT(a, b)
		if flat && g.Err() == nil {
			y = g.Reshape(y, y.Dim(0), 1)
		}
		return []value{{x: y}}
	}}
}

// unitRows divides rows by their lengths.
func unitRows(g *graph.Graph, x graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	shape := x.Shape()
	shape[len(shape)-1] = 1
	return g.Div(x, g.Sqrt(g.AddScalar(g.Reshape(g.Sum(g.Square(x), -1), shape...), 1e-12)))
}
