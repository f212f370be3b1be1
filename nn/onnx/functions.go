package onnx

import (
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// buildActivation applies a function that recurrent operators have, too, with the constants of the node.
func buildActivation(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	name := strings.ToLower(c.op)
	kind := activationKinds[name]
	a := activation{name: name, alpha: c.node.float("alpha", kind.alphaD), beta: c.node.float("beta", kind.betaD)}
	return []value{{node: a.apply(c.g, x)}}
}

// below is min(x, 0).
func below(g *graph.Graph, x graph.Node) graph.Node { return g.Neg(g.ReLU(g.Neg(x))) }

// exponential is x above 0 and α(e^{x/β}-1) below.
func exponential(g *graph.Graph, x graph.Node, alpha, beta float64) graph.Node {
	return g.Add(g.ReLU(x), g.Affine(g.Exp(g.MulScalar(below(g, x), 1/beta)), alpha, -alpha))
}

// functions are element-wise functions with the node's constants.
var functions = map[string]func(c *call, x graph.Node) graph.Node{
	"HardSwish": func(c *call, x graph.Node) graph.Node { // x·min(1, max(0, x/6 + 1/2))
		return c.g.Mul(x, c.g.Clamp(c.g.Affine(x, 1./6, 0.5), 0, 1))
	},
	"Mish": func(c *call, x graph.Node) graph.Node { return c.g.Mul(x, c.g.Tanh(c.g.Softplus(x))) },
	"Selu": func(c *call, x graph.Node) graph.Node {
		alpha, gamma := c.node.float("alpha", 1.67326319217681884765625), c.node.float("gamma", 1.05070102214813232421875)
		return c.g.MulScalar(exponential(c.g, x, alpha, 1), gamma)
	},
	"Celu": func(c *call, x graph.Node) graph.Node {
		alpha := c.node.float("alpha", 1)
		if alpha == 0 {
			c.failf("alpha 0; want another number")
			return x
		}
		return exponential(c.g, x, alpha, alpha)
	},
	"ThresholdedRelu": func(c *call, x graph.Node) graph.Node {
		return c.g.Where(c.g.Less(c.g.Full(c.node.float("alpha", 1)), x), x, c.g.Full(0))
	},
	"Gelu": func(c *call, x graph.Node) graph.Node {
		half := c.g.MulScalar(x, 0.5)
		switch how := c.node.string("approximate", "none"); how {
		case "none":
			return c.g.Mul(half, c.g.AddScalar(c.g.Erf(c.g.MulScalar(x, math.Sqrt2/2)), 1))
		case "tanh":
			inner := c.g.Mul(x, c.g.Affine(c.g.Square(x), 0.044715, 1))
			return c.g.Mul(half, c.g.AddScalar(c.g.Tanh(c.g.MulScalar(inner, math.Sqrt(2/math.Pi))), 1))
		default:
			c.failf("approximate %q; want none or tanh", how)
			return x
		}
	},
	"Swish": func(c *call, x graph.Node) graph.Node {
		return c.g.Mul(x, c.g.Sigmoid(c.g.MulScalar(x, c.node.float("alpha", 1))))
	},
	"Reciprocal": func(c *call, x graph.Node) graph.Node { return c.g.Div(c.g.Full(1), x) },
}

func buildFunction(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: functions[c.op](c, x)}}
}

// buildPRelu is x above 0 and slope⊙x below; the slope is broadcast.
func buildPRelu(c *call) []value {
	x, slope := c.float(0), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	if slope.Rank() == 1 && x.Rank() > 2 && slope.Dim(0) != x.Dim(-1) && c.opset < 9 {
		slope = c.channels(slope, x)
	}
	return []value{{node: c.g.Add(c.g.ReLU(x), c.g.Mul(slope, below(c.g, x)))}}
}

// buildPow raises x to a power: a known 2, 1/2 or 1 in a way of its own, which is faster.
func buildPow(c *call) []value {
	if c.arg(0).integral() {
		return c.wholePow()
	}
	if k := c.foldedPair(c.arg(0), value{known: c.arg(1).known.floating()}); k != nil {
		return []value{{known: k}}
	}
	x := c.float(0)
	if k := c.arg(1).known; k != nil && k.len() == 1 && len(k.shape) <= max(x.Rank(), 0) && c.g.Err() == nil {
		switch k.number(0) {
		case 1:
			return []value{{node: x}}
		case 2:
			return []value{{node: c.g.Square(x)}}
		case 0.5:
			return []value{{node: c.g.Sqrt(x)}}
		}
	}
	y := c.number(1)
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: c.g.Pow(x, y)}}
}

// wholePow raises whole numbers to a power.
func (c *call) wholePow() []value {
	v, ok := c.wholes(0)
	if !ok {
		return nil
	}
	kind := c.elements(v)
	if c.arg(1).integral() {
		power, _ := c.wholes(1)
		return []value{c.combined(kind, v, power, func(x, y int) (int, error) {
			if y < 0 {
				return 0, errors.Errorf("%d to the power of %d, which is no whole number", x, y)
			}
			out := 1
			for ; y > 0; y >>= 1 {
				if y&1 == 1 {
					out *= x
				}
				x *= x
			}
			return out, nil
		})}
	}
	base := first(c.cast(v, c.m.kind))
	if k := c.foldedPair(base, c.arg(1)); k != nil {
		return c.cast(value{known: k}, kind)
	}
	x, y := c.computedFloats(base), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	return c.cast(value{node: c.g.Pow(x, y)}, kind)
}

// floating is known numbers as floats; nil for none.
func (k *constant) floating() *constant {
	if k == nil {
		return nil
	}
	return &constant{kind: floatKind, shape: k.shape, floats: k.numbers()}
}

// number is an input as a node of floats, which may be whole numbers.
func (c *call) number(i int) graph.Node {
	v := c.arg(i)
	if !v.integral() || c.g.Err() != nil {
		return c.float(i)
	}
	return c.computedFloats(first(c.cast(v, c.m.kind)))
}

// buildClip limits x. A bound that is left out is none.
func buildClip(c *call) []value {
	if c.arg(0).integral() {
		return c.clipWhole()
	}
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	low, high := c.node.float("min", math.Inf(-1)), c.node.float("max", math.Inf(1))
	for i, bound := range []*float64{&low, &high} {
		switch v := c.arg(1 + i); {
		case v.absent():
		case v.known != nil && v.known.len() == 1:
			*bound = v.known.number(0)
		default:
			if bounds := c.float(1 + i); c.g.Err() == nil && len(bounds.Shape()) > 0 {
				return c.failf("input %d has shape %v; want one number", 1+i, bounds.Shape())
			}
			x = c.larger(i == 0, x, c.float(1+i))
		}
	}
	if c.g.Err() != nil {
		return nil
	}
	if low > high { // every number is the upper bound then
		return []value{{node: c.g.Full(high, x.Shape()...)}}
	}
	if math.IsInf(low, -1) && math.IsInf(high, 1) {
		return []value{{node: x}}
	}
	return []value{{node: c.g.Clamp(x, low, high)}}
}

// clipWhole is buildClip for whole numbers.
func (c *call) clipWhole() []value {
	out, ok := c.wholes(0)
	for i, f := range []string{"Max", "Min"} {
		if !c.arg(1+i).absent() && ok {
			var bound value
			if bound, ok = c.wholes(1 + i); !ok {
				return nil
			}
			out = c.combined(c.elements(out), out, bound, wholeFunctions[f])
		}
	}
	return []value{out}
}

// larger is the larger of two, or the smaller, broadcasting. A NaN in either is one in the result.
func (c *call) larger(largest bool, a, b graph.Node) graph.Node {
	if c.g.Err() != nil {
		return graph.Node{}
	}
	shape, ok := c.broadcast(a.Shape(), b.Shape())
	if !ok {
		return graph.Node{}
	}
	a, b = c.g.BroadcastTo(a, shape...), c.g.BroadcastTo(b, shape...)
	first, second := b, a
	if largest {
		first, second = a, b
	}
	taken := c.g.Where(c.g.LessOrEqual(first, second), b, a) // a where first > second, or one is NaN
	return c.g.Where(c.g.Equal(b, b), taken, b)
}

// buildMany is the largest, the smallest, the sum or the mean of all inputs, broadcasting.
func buildMany(c *call) []value {
	out := c.arg(0)
	for i := 1; i < len(c.in) && c.g.Err() == nil; i++ {
		next := c.arg(i)
		pair := *c
		pair.in = []value{out, next}
		switch {
		case out.integral() && next.integral() && (c.op == "Max" || c.op == "Min"):
			out = first(pair.wholeNumbers())
		case c.op == "Max" || c.op == "Min":
			if k := c.foldedPair(out, next); k != nil {
				out = value{known: k}
				break
			}
			out = value{node: c.larger(c.op == "Max", pair.float(0), pair.float(1))}
		default:
			a, b := pair.float(0), pair.float(1)
			if c.g.Err() != nil {
				return nil
			}
			if _, ok := c.broadcast(a.Shape(), b.Shape()); ok {
				out = value{node: c.g.Add(a, b)}
			}
		}
	}
	if c.op == "Mean" && len(c.in) > 1 {
		out = value{node: c.g.MulScalar(out.node, 1/float64(len(c.in)))}
	}
	return []value{out}
}
