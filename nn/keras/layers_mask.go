package keras

import (
	"github.com/unroll-go/unroll/graph"
)

// maskOperations are the operations that Keras 3 writes between the layers of a functional model for masks, of 0 and 1.
func maskOperations() map[string]func(s settings) operation {
	pair := func(f func(g *graph.Graph, a, b graph.Node) graph.Node) func(s settings) operation {
		return func(settings) operation {
			return operation{run: func(c *call) []value {
				if !enough(c, 2) {
					return nil
				}
				return []value{{x: f(c.g, c.in[0].x, c.in[1].x)}}
			}}
		}
	}
	filled := func(v float64) func(s settings) operation {
		return func(settings) operation {
			return operation{run: func(c *call) []value { return []value{{x: c.g.Full(v, c.in[0].x.Shape()...)}} }}
		}
	}
	return map[string]func(s settings) operation{
		"NotEqual":   notEqual,
		"LogicalOr":  pair(func(g *graph.Graph, a, b graph.Node) graph.Node { return g.Clamp(g.Add(a, b), 0, 1) }),
		"LogicalAnd": pair(func(g *graph.Graph, a, b graph.Node) graph.Node { return g.Mul(a, b) }),
		"ZerosLike":  filled(0), "OnesLike": filled(1),
		"Any": func(s settings) operation {
			axis := int(s.number("axis", -1))
			s.only("keepdims", false)
			return operation{run: func(c *call) []value { return []value{{x: c.g.Max(c.in[0].x, axis)}} }}
		},
		"ExpandDims": func(s settings) operation {
			s.only("axis", -1)
			return operation{run: func(c *call) []value {
				return []value{{x: c.g.Reshape(c.in[0].x, append(c.in[0].x.Shape(), 1)...)}}
			}}
		},
	}
}

// notEqual is 1 where an input is not the number that the call has beside it.
func notEqual(settings) operation {
	return operation{run: func(c *call) []value {
		if len(c.numbers) != 1 || len(c.in) != 1 {
			c.g.Failf("Keras", "%s compares other things than a tensor and a number, which is not supported", c.layer.name)
			return nil
		}
		x, v := c.in[0].x, c.numbers[0]
		if x.IsIDs() {
			return []value{{x: c.g.IDMask(x, int(v))}}
		}
		return []value{{x: different(c.g, x, v)}}
	}}
}
