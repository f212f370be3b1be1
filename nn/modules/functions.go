package modules

import (
	"math"
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

func dropoutLayer(s *settings) func(c *call) graph.Node {
	d := nn.Dropout{Rate: s.float("p", 0.5)}
	return func(c *call) graph.Node { return d.Apply(c.g, c.in[0]) }
}

func gelu(g *graph.Graph, x graph.Node) graph.Node { return nn.GELU{}.Apply(g, x) }
func silu(g *graph.Graph, x graph.Node) graph.Node { return nn.SiLU{}.Apply(g, x) }

func leakyReLU(s *settings) func(c *call) graph.Node {
	slope := s.float("negative_slope", 0.01)
	return func(c *call) graph.Node {
		x := c.in[0]
		return c.g.Sub(c.g.ReLU(x), c.g.MulScalar(c.g.ReLU(c.g.Neg(x)), slope))
	}
}

// elu is x above 0, and alpha·(exp(x)-1) below.
func elu(s *settings) func(c *call) graph.Node {
	alpha := s.float("alpha", 1)
	return func(c *call) graph.Node {
		below := c.g.AddScalar(c.g.Exp(c.g.Neg(c.g.ReLU(c.g.Neg(c.in[0])))), -1)
		return c.g.Add(c.g.ReLU(c.in[0]), c.g.MulScalar(below, alpha))
	}
}

func hardtanh(s *settings) func(c *call) graph.Node {
	low, high := s.float("min_val", -1), s.float("max_val", 1)
	return func(c *call) graph.Node { return c.g.Clamp(c.in[0], low, high) }
}

func scale(s *settings) func(c *call) graph.Node {
	by, plus := s.float("by", 1), s.float("plus", 0)
	return func(c *call) graph.Node { return c.g.Affine(c.in[0], by, plus) }
}

func softmax(f func(g *graph.Graph, x graph.Node, axis int) graph.Node) func(s *settings) func(c *call) graph.Node {
	return func(s *settings) func(c *call) graph.Node {
		dim := s.must("dim")
		return func(c *call) graph.Node {
			at, ok := c.axis(c.in[0], dim, 0)
			if !ok {
				return graph.Node{}
			}
			return f(c.g, c.in[0], at)
		}
	}
}

// reduced is a mean, a sum or a maximum along an axis.
func reduced(f func(g *graph.Graph, x graph.Node, axes ...int) graph.Node) func(s *settings) func(c *call) graph.Node {
	return func(s *settings) func(c *call) graph.Node {
		dim, keep := s.must("dim"), s.truth("keepdim", false)
		return func(c *call) graph.Node {
			at, ok := c.axis(c.in[0], dim, 0)
			if !ok {
				return graph.Node{}
			}
			return kept(c.g, c.in[0], f(c.g, c.in[0], at), at, keep)
		}
	}
}

// kept puts an axis that was reduced back, with length 1.
func kept(g *graph.Graph, x, y graph.Node, at int, keep bool) graph.Node {
	if !keep || g.Err() != nil {
		return y
	}
	shape := x.Shape()
	shape[at] = 1
	return g.Reshape(y, shape...)
}

// normalize gives rows along an axis the length 1: x/max(‖x‖, eps), as torch.nn.functional.normalize.
func normalize(s *settings) func(c *call) graph.Node {
	dim, eps := s.whole("dim", 1), s.float("eps", 1e-12)
	return func(c *call) graph.Node {
		at, ok := c.axis(c.in[0], dim, 0)
		if !ok {
			return graph.Node{}
		}
		length := c.g.Sqrt(c.g.Clamp(c.g.Sum(c.g.Square(c.in[0]), at), eps*eps, math.MaxFloat32))
		return c.g.Div(c.in[0], kept(c.g, c.in[0], length, at, true))
	}
}

// hypot is √(a²+b²).
func hypot(*settings) func(c *call) graph.Node {
	return func(c *call) graph.Node {
		return c.g.Sqrt(c.g.Add(c.g.Square(c.in[0]), c.g.Square(c.in[1])))
	}
}

// pool is max_pool or avg_pool along so many axes of x [N, C, ...].
func pool(axes int, largest bool) func(s *settings) func(c *call) graph.Node {
	return func(s *settings) func(c *call) graph.Node {
		size := s.wholes("kernel_size", axes, 0)
		o := graph.Window{Size: size, Stride: size, Before: s.wholes("padding", axes, 0)}
		if s.values["stride"] != nil {
			o.Stride = s.wholes("stride", axes, 1)
		}
		o.After = o.Before
		if slices.Min(size) < 1 {
			s.problem("kernel_size %v; want at least 1", size)
		}
		return func(c *call) graph.Node {
			switch {
			case !c.ranked(c.in[0], "[N, C, ...]", axes+2):
				return graph.Node{}
			case largest:
				return c.g.MaxPool(c.in[0], o)
			}
			return c.g.MulScalar(c.g.SumPool(c.in[0], o), 1/float64(product(size))) // PyTorch counts padding, too
		}
	}
}

// pad puts places around the last axes, as torch.nn.functional.pad: two numbers for the last axis, two for the one before, and so
// on. reflect and replicate are for one axis.
func pad(s *settings) func(c *call) graph.Node {
	around, mode, v := s.wholes("pad", 0, 0), s.text("mode", "constant"), s.float("value", 0)
	switch {
	case len(around) == 0 || len(around)%2 != 0 || slices.Min(around) < 0:
		s.problem("pad is %v; want two numbers for each axis, 0 or more", around)
	case mode != "constant" && (mode != "reflect" && mode != "replicate" || len(around) != 2):
		s.problem("mode %q for pad %v; want constant, or reflect or replicate along one axis", mode, around)
	}
	return func(c *call) graph.Node {
		x := c.in[0]
		for i := 0; i < len(around); i += 2 {
			at, ok := c.axis(x, -1-i/2, 0)
			if !ok {
				return graph.Node{}
			}
			if (around[i]+around[i+1])*max(elements(x)/max(x.Dim(at), 1), 1) > c.room {
				return c.g.Failf(c.layer.module, tooMuch, c.layer.name)
			}
			if mode == "constant" {
				x = constantPad(c.g, x, at, around[i], around[i+1], v)
				continue
			}
			places, ok := mirrored(x.Dim(at), around[i], around[i+1], mode == "reflect")
			if !ok {
				c.failf("pad %v is more than an axis of %d places has", around, x.Dim(at))
				return graph.Node{}
			}
			x = c.g.Take(x, at, places...)
		}
		return x
	}
}

func constantPad(g *graph.Graph, x graph.Node, axis, before, after int, v float64) graph.Node {
	parts, shape := []graph.Node{x}, x.Shape()
	if shape[axis] = before; before > 0 {
		parts = append([]graph.Node{g.Full(v, shape...)}, x)
	}
	if shape[axis] = after; after > 0 {
		parts = append(parts, g.Full(v, slices.Clone(shape)...))
	}
	if len(parts) == 1 {
		return x
	}
	return g.Concat(axis, parts...)
}

// mirrored lists the places of an axis of n with its ends reflected, or repeated.
func mirrored(n, before, after int, reflect bool) ([]int, bool) {
	if n < 1 || reflect && max(before, after) >= n {
		return nil, false
	}
	var out []int
	for i := -before; i < n+after; i++ {
		at := min(max(i, 0), n-1)
		if reflect {
			if at = i; i < 0 {
				at = -i
			} else if i >= n {
				at = 2*(n-1) - i
			}
		}
		out = append(out, at)
	}
	return out, true
}

// reshape takes numbers, -1 once for what is left, and names of the inputs' axes.
func reshape(s *settings) func(c *call) graph.Node {
	list, ok := s.get("shape").([]any)
	if !ok || len(list) == 0 {
		s.problem("shape is %v; want a list of numbers and names", s.values["shape"])
	}
	for i, v := range list {
		switch v := v.(type) {
		case float64:
			list[i] = strconv.Itoa(s.toInt("shape", v))
		case string:
		default:
			s.problem("shape has %v; want numbers and names", v)
		}
	}
	return func(c *call) graph.Node {
		var shape []int
		for _, v := range list {
			name, _ := v.(string)
			n, ok := number(name)
			if !ok {
				if n, ok = c.dims[name]; !ok {
					c.failf("no input has an axis %q", name)
					return graph.Node{}
				}
			}
			shape = append(shape, n)
		}
		return c.g.Reshape(c.in[0], shape...)
	}
}
