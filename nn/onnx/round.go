package onnx

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// exact32 is where floats of 32 bits have no fractions any more; exact64 is that of 64 bits. Numbers beyond stay as they are.
const exact32, exact64 = 1 << 23, 1 << 52

// buildWholePart rounds: down, up, or to the nearest, ties to even. It has no derivative.
func buildWholePart(c *call) []value {
	if k := c.arg(0).known; k != nil && k.floats != nil && c.g.Err() == nil {
		return c.folded(k, knownFunctions[c.op])
	}
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: c.wholePart(x)}}
}

func (c *call) wholePart(x graph.Node) graph.Node {
	g := c.g
	limit := float64(exact64)
	if g.Params().Dtype().String() == "float32" {
		limit = exact32
	}
	small := g.Less(g.Abs(x), g.Full(limit)) // a NaN is not
	safe := g.Where(small, x, g.Full(0))
	cut := g.FromIDs(g.ToIDs(safe))
	var y graph.Node
	switch c.op {
	case "Floor":
		y = g.Sub(cut, g.Less(safe, cut))
	case "Ceil":
		y = g.Add(cut, g.Less(cut, safe))
	default:
		y = g.FromIDs(c.nearest(g.ToIDs(g.MulScalar(safe, 2)), g.ToIDs(safe), g.Equal(g.MulScalar(safe, 2), g.FromIDs(g.ToIDs(g.MulScalar(safe, 2))))))
	}
	return g.Where(small, y, x)
}

// nearest rounds numbers of which twice, cut, once, cut, and whether twice is whole are known.
func (c *call) nearest(twice, once, tie graph.Node) graph.Node {
	return c.g.ComputeIDs("Round", twice.Shape(), func(dst []int, in [][]int) error {
		for i, t := range in[0] {
			n, odd := in[1][i], t%2 != 0
			switch {
			case !odd:
				dst[i] = n
			case in[2][i] != 0 && n%2 == 0: // in the middle, and even
				dst[i] = n
			case t < 0:
				dst[i] = n - 1
			default:
				dst[i] = n + 1
			}
		}
		return nil
	}, twice, once, c.g.ToIDs(tie))
}

// buildSign is 1, 0 or -1.
func buildSign(c *call) []value {
	if v := c.arg(0); v.whole() {
		return c.wholeUnary(v)
	}
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	zero := c.g.Full(0)
	return []value{{node: c.g.Where(c.g.Equal(x, x), c.g.Sub(c.g.Less(zero, x), c.g.Less(x, zero)), x)}}
}

// buildMod is the remainder: of whole numbers with the sign of the divisor, or, with fmod, of the dividend.
func buildMod(c *call) []value {
	if k := c.foldedPair(c.arg(0), c.arg(1)); k != nil {
		return []value{{known: k}}
	}
	a, ok := c.wholes(0)
	b, both := c.wholes(1)
	if !ok || !both {
		return nil
	}
	f := wholeFunctions["Mod"]
	if c.int("fmod", 0) != 0 {
		f = func(x, y int) (int, error) {
			if y == 0 {
				return wholeFunctions["Mod"](x, y)
			}
			return x % y, nil
		}
	}
	return []value{c.combined(c.elements(a), a, b, f)}
}

func buildIsNaN(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: c.g.Affine(c.g.Equal(x, x), -1, 1), truth: true}}
}

func buildIsInf(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	out := c.g.Full(0, x.Shape()...)
	for i, name := range []string{"detect_negative", "detect_positive"} {
		if c.int(name, 1) != 0 {
			out = c.g.Add(out, c.g.Equal(x, c.g.Full(math.Inf(2*i-1))))
		}
	}
	return []value{{node: out, truth: true}}
}
