package onnx

import (
	"github.com/unroll-go/unroll/graph"
)

// buildBatchNorm scales and shifts each channel of x [N, C, ...] by what was measured in training: scale⊙(x-mean)/√(var+ε) + B.
// Mean and variance are constants of the file, and no weights.
func buildBatchNorm(c *call) []value {
	x := c.float(0)
	scale, shift, mean, variance := c.float(1), c.float(2), c.float(3), c.float(4)
	switch {
	case c.g.Err() != nil:
		return nil
	case c.int("training_mode", 0) != 0:
		return c.failf("training_mode %d; want 0, a model for inference", c.int("training_mode", 0))
	case c.int("spatial", 1) != 1:
		return c.failf("spatial %d; want 1, one mean for each channel", c.int("spatial", 1))
	case x.Rank() < 2:
		return c.failf("x of shape %v; want [N, C, ...]", x.Shape())
	}
	g := c.g
	factor := g.Div(scale, g.Sqrt(g.AddScalar(variance, c.node.float("epsilon", 1e-5))))
	shift = g.Sub(shift, g.Mul(mean, factor))
	return []value{{node: g.Add(g.Mul(x, c.channels(factor, x)), c.channels(shift, x))}}
}

// standardised is (x-μ)/√(σ²+ε) for the rows of x [rows, F], and what it is made of: μ and 1/√(σ²+ε), [rows, 1].
func (c *call) standardised(x graph.Node, epsilon float64) (y, mean, inverse graph.Node) {
	g := c.g
	row := func(x graph.Node) graph.Node { return g.Reshape(g.Mean(x, 1), x.Dim(0), 1) }
	if g.Err() != nil {
		return y, mean, inverse
	}
	mean = row(x)
	centred := g.Sub(x, mean)
	deviation := g.Sqrt(g.AddScalar(row(g.Square(centred)), epsilon))
	return g.Div(centred, deviation), mean, g.Div(g.Full(1), deviation)
}

// buildLayerNorm standardises all axes from the given one on, as one, then scales and shifts.
func buildLayerNorm(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	shape := x.Shape()
	axis, ok := c.axis(c.int("axis", -1), len(shape))
	if !ok {
		return nil
	}
	rows, cols := sizeOf(shape[:axis]), sizeOf(shape[axis:])
	y, mean, inverse := c.standardised(c.g.Reshape(x, rows, cols), c.node.float("epsilon", 1e-5))
	y = c.g.Mul(c.g.Reshape(y, shape...), c.float(1))
	if !c.arg(2).absent() {
		y = c.g.Add(y, c.float(2))
	}
	left := append(cloneInts(shape[:axis]), repeated(1, len(shape)-axis)...)
	return []value{{node: y}, {node: c.g.Reshape(mean, left...)}, {node: c.g.Reshape(inverse, left...)}}
}

// buildGroupNorm standardises groups of channels of each sequence of the batch, then scales and shifts each channel, or
// each group before version 21. InstanceNormalization has a group for each channel.
func buildGroupNorm(c *call) []value {
	x := c.float(0)
	scale, shift := c.float(1), c.float(2)
	if c.g.Err() != nil {
		return nil
	}
	if x.Rank() < 3 {
		return c.failf("x of shape %v; want [N, C, ...]", x.Shape())
	}
	groups := x.Dim(1)
	if c.op == "GroupNormalization" {
		groups = c.int("num_groups", 0)
	}
	if groups < 1 || x.Dim(1)%groups != 0 {
		return c.failf("%d groups of %d channels", groups, x.Dim(1))
	}
	y, _, _ := c.standardised(c.g.Reshape(x, x.Dim(0)*groups, -1), c.node.float("epsilon", 1e-5))
	y = c.g.Reshape(y, x.Shape()...)
	each := func(v graph.Node) graph.Node { // a number for each channel
		if per := x.Dim(1) / groups; c.op == "GroupNormalization" && c.opset < 21 && v.Rank() == 1 && v.Dim(0) == groups {
			v = c.g.Reshape(c.g.BroadcastTo(c.g.Reshape(v, groups, 1), groups, per), groups*per)
		}
		return c.channels(v, x)
	}
	return []value{{node: c.g.Add(c.g.Mul(y, each(scale)), each(shift))}}
}
