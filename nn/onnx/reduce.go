package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// buildReduce takes the largest, the mean or the sum over axes, all of them unless some are given. The axes are an
// attribute in older versions: of ReduceSum before 13, of the others before 18.
func buildReduce(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	mark, ok := c.axes(c.node.ints("axes"), func(int) int { return x.Rank() })
	if !ok {
		return nil
	}
	if !slices.Contains(mark, true) {
		if c.int("noop_with_empty_axes", 0) != 0 {
			return []value{{node: x}}
		}
		for i := range mark {
			mark[i] = true
		}
	}
	reduce := map[string]func(x graph.Node, axes ...int) graph.Node{"ReduceMax": c.g.Max, "ReduceMean": c.g.Mean, "ReduceSum": c.g.Sum}[c.op]
	shape := x.Shape()
	var axes []int
	for i, m := range mark {
		if m {
			axes, shape[i] = append(axes, i), 1
		}
	}
	if len(axes) > 0 { // of a scalar there is nothing to reduce
		x = reduce(x, axes...)
	}
	if c.int("keepdims", 1) != 0 && len(shape) > 0 {
		x = c.g.Reshape(x, shape...)
	}
	return []value{{node: x}}
}
