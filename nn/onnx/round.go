package onnx

import (
	"math"
)

// buildWholePart rounds: down, up, or to the nearest, ties to even. Nothing can be learned through it.
func buildWholePart(c *call) []value {
	if k := c.arg(0).known; k != nil && k.floats != nil && c.g.Err() == nil {
		return c.folded(k, knownFunctions[c.op])
	}
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	switch c.op {
	case "Floor":
		x = c.g.Floor(x)
	case "Ceil":
		x = c.g.Neg(c.g.Floor(c.g.Neg(x)))
	default:
		x = c.g.Round(x)
	}
	return []value{{node: x}}
}

// buildSign is 1, 0 or -1.
func buildSign(c *call) []value {
	if c.arg(0).integral() {
		return c.wholeUnary()
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
