package onnx

import "github.com/unroll-go/unroll/graph"

// The operators of ONNX Runtime here compute with what quantised numbers stand for, and quantise the result.

// meant gives what input i of whole numbers of 8 bits stands for; its scale and zero point are the next two.
func (c *call) meant(i int) graph.Node {
	q, ok := c.bytes(i, i+2)
	scale := c.single(c.float(i + 1))
	if !ok || c.g.Err() != nil {
		return graph.Node{}
	}
	return c.g.Dequantise(q, scale)
}

// quantisedAs quantises a result by the scale of an input and the zero point of the next.
func (c *call) quantisedAs(y graph.Node, scale int) []value {
	return c.requantised(y, c.single(c.float(scale)), scale+1)
}

// buildQLinearBinary adds or multiplies A and B, broadcasting: each with its scale and zero point, then those of the result.
func buildQLinearBinary(c *call) []value {
	a, b := c.meant(0), c.meant(3)
	if c.op == "QLinearMul" {
		return c.quantisedAs(c.g.Mul(a, b), 6)
	}
	return c.quantisedAs(c.g.Add(a, b), 6)
}

// buildQLinearUnary is a function of X: X, its scale and zero point, and those of the result.
func buildQLinearUnary(c *call) []value {
	x := c.meant(0)
	if c.g.Err() != nil {
		return nil
	}
	switch c.op {
	case "QLinearSigmoid":
		x = c.g.Sigmoid(x)
	case "QLinearLeakyRelu":
		x = c.g.Sub(c.g.ReLU(x), c.g.MulScalar(c.g.ReLU(c.g.Neg(x)), c.node.float("alpha", 0.01)))
	default: // QLinearGlobalAveragePool
		if c.int("channels_last", 0) != 0 || x.Rank() < 3 {
			return c.failf("x of shape %v and channels_last %d; want [N, C, ...] and 0", x.Shape(), c.int("channels_last", 0))
		}
		shape := append(x.Shape()[:2], repeated(1, x.Rank()-2)...)
		x = c.g.Reshape(c.g.Mean(c.g.Reshape(x, shape[0], shape[1], -1), 2), shape...)
	}
	return c.quantisedAs(x, 3)
}

// buildQLinearConcat puts tensors one after the other along an axis: the result's scale and zero point, and each tensor with its own.
func buildQLinearConcat(c *call) []value {
	var parts []graph.Node
	for i := 2; i+2 < len(c.in); i += 3 {
		parts = append(parts, c.meant(i))
	}
	if c.g.Err() != nil {
		return nil
	}
	if len(c.in)%3 != 2 || !c.has("axis") {
		return c.failf("%d inputs, or no axis; want a scale and a zero point, and three for each tensor", len(c.in))
	}
	axis, ok := c.axis(c.int("axis", 0), parts[0].Rank())
	if !ok {
		return nil
	}
	return c.quantisedAs(c.g.Concat(axis, parts...), 0)
}
