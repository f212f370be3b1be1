package modules

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// flatten makes one axis of those from start_dim on, to end_dim.
func flatten(s *settings) func(c *call) graph.Node {
	start, end := s.whole("start_dim", 0), s.whole("end_dim", -1)
	return func(c *call) graph.Node {
		from, ok := c.axis(c.in[0], start, 0)
		if !ok {
			return graph.Node{}
		}
		to, ok := c.axis(c.in[0], end, 0)
		if !ok {
			return graph.Node{}
		}
		shape := c.in[0].Shape()
		if from > to {
			c.failf("axes %d to %d of shape %v", start, end, shape)
			return graph.Node{}
		}
		return c.g.Reshape(c.in[0], slices.Concat(shape[:from], []int{product(shape[from : to+1])}, shape[to+1:])...)
	}
}

// squeeze takes an axis of length 1 away.
func squeeze(s *settings) func(c *call) graph.Node {
	dim := s.must("dim")
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 0)
		if !ok {
			return graph.Node{}
		}
		shape := c.in[0].Shape()
		if shape[at] != 1 {
			c.failf("axis %d of shape %v; want one of length 1", dim, shape)
			return graph.Node{}
		}
		return c.g.Reshape(c.in[0], slices.Delete(shape, at, at+1)...)
	}
}

// unsqueeze puts an axis of length 1 in.
func unsqueeze(s *settings) func(c *call) graph.Node {
	dim := s.must("dim")
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 1)
		if !ok {
			return graph.Node{}
		}
		return c.g.Reshape(c.in[0], slices.Insert(c.in[0].Shape(), at, 1)...)
	}
}

func permute(s *settings) func(c *call) graph.Node {
	dims := s.wholes("dims", 0, 0)
	return func(c *call) graph.Node {
		axes := make([]int, len(dims))
		for i, d := range dims {
			at, ok := c.axis(c.in[0], d, 0)
			if !ok {
				return graph.Node{}
			}
			axes[i] = at
		}
		return c.g.Transpose(c.in[0], axes...)
	}
}

// transpose exchanges two axes.
func transpose(s *settings) func(c *call) graph.Node {
	a, b := s.must("dim0"), s.must("dim1")
	return func(c *call) graph.Node {
		from, ok := c.axis(c.in[0], a, 0)
		if !ok {
			return graph.Node{}
		}
		to, ok := c.axis(c.in[0], b, 0)
		if !ok {
			return graph.Node{}
		}
		axes := make([]int, c.in[0].Rank())
		for i := range axes {
			axes[i] = i
		}
		axes[from], axes[to] = to, from
		return c.g.Transpose(c.in[0], axes...)
	}
}

// selected takes one place of an axis, and the axis away.
func selected(s *settings) func(c *call) graph.Node {
	dim, index := s.must("dim"), s.must("index")
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 0)
		if !ok {
			return graph.Node{}
		}
		shape, i := c.in[0].Shape(), index
		if i < 0 {
			i += shape[at]
		}
		if i < 0 || i >= shape[at] {
			c.failf("index %d of an axis of length %d", index, shape[at])
			return graph.Node{}
		}
		return c.g.Reshape(c.g.Slice(c.in[0], at, i, i+1), slices.Delete(shape, at, at+1)...)
	}
}

// narrow takes length places of an axis from start on; without a length, all that follow.
func narrow(s *settings) func(c *call) graph.Node {
	dim, start, length := s.must("dim"), s.whole("start", 0), s.whole("length", -1)
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 0)
		if !ok {
			return graph.Node{}
		}
		from, end := start, c.in[0].Dim(at)
		if from < 0 {
			from += end
		}
		if length >= 0 {
			end = from + length
		}
		return c.g.Slice(c.in[0], at, from, end)
	}
}

// flip reverses an axis.
func flip(s *settings) func(c *call) graph.Node {
	dim := s.must("dim")
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 0)
		if !ok {
			return graph.Node{}
		}
		places := make([]int, c.in[0].Dim(at))
		for i := range places {
			places[i] = len(places) - 1 - i
		}
		return c.g.Take(c.in[0], at, places...)
	}
}

func cat(s *settings) func(c *call) graph.Node {
	dim := s.whole("dim", 0)
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 0)
		if !ok {
			return graph.Node{}
		}
		return c.g.Concat(at, c.in...)
	}
}

// stack puts values side by side along a new axis.
func stack(s *settings) func(c *call) graph.Node {
	dim := s.whole("dim", 0)
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 1)
		if !ok {
			return graph.Node{}
		}
		parts := make([]graph.Node, len(c.in))
		for i, x := range c.in {
			if !c.ranked(x, "values of one shape", c.in[0].Rank()) {
				return graph.Node{}
			}
			parts[i] = c.g.Reshape(x, slices.Insert(x.Shape(), at, 1)...)
		}
		return c.g.Concat(at, parts...)
	}
}

func sum(*settings) func(c *call) graph.Node {
	return func(c *call) graph.Node { return c.g.Add(c.in...) }
}
