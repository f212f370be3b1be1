package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// buildReduce takes the largest, the mean, the sum and so on over axes, all of them unless some are given. The axes are an
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
	reduce := reductions[c.op]
	shape := x.Shape()
	var axes []int
	for i, m := range mark {
		if m {
			axes, shape[i] = append(axes, i), 1
		}
	}
	x = reduce(c, x, axes)
	if c.g.Err() != nil {
		return nil
	}
	if c.int("keepdims", 1) != 0 && len(shape) > 0 {
		x = c.g.Reshape(x, shape...)
	}
	return []value{{node: x}}
}

// reductions reduce axes of x; of a scalar there are none.
var reductions = map[string]func(c *call, x graph.Node, axes []int) graph.Node{
	"ReduceMax":  func(c *call, x graph.Node, axes []int) graph.Node { return over(c.g.Max, x, axes) },
	"ReduceMin":  func(c *call, x graph.Node, axes []int) graph.Node { return c.g.Neg(over(c.g.Max, c.g.Neg(x), axes)) },
	"ReduceMean": func(c *call, x graph.Node, axes []int) graph.Node { return over(c.g.Mean, x, axes) },
	"ReduceSum":  sumOver,
	"ReduceProd": productOver,
	"ReduceL1":   func(c *call, x graph.Node, axes []int) graph.Node { return sumOver(c, c.g.Abs(x), axes) },
	"ReduceL2":   func(c *call, x graph.Node, axes []int) graph.Node { return c.g.Sqrt(sumOver(c, c.g.Square(x), axes)) },
	"ReduceSumSquare": func(c *call, x graph.Node, axes []int) graph.Node {
		return sumOver(c, c.g.Square(x), axes)
	},
	"ReduceLogSum": func(c *call, x graph.Node, axes []int) graph.Node { return c.g.Log(sumOver(c, x, axes)) },
	"ReduceLogSumExp": func(c *call, x graph.Node, axes []int) graph.Node {
		for _, axis := range slices.Backward(axes) { // the logarithm of a sum of sums
			x = c.g.LogSumExp(x, axis)
		}
		return x
	},
}

func over(reduce func(x graph.Node, axes ...int) graph.Node, x graph.Node, axes []int) graph.Node {
	if len(axes) == 0 {
		return x
	}
	return reduce(x, axes...)
}

func sumOver(c *call, x graph.Node, axes []int) graph.Node { return over(c.g.Sum, x, axes) }

// productOver multiplies the entries of each axis, halves by halves: a product of n numbers takes log n steps.
func productOver(c *call, x graph.Node, axes []int) graph.Node {
	for _, axis := range slices.Backward(axes) {
		for c.g.Err() == nil && x.Dim(axis) > 1 {
			n := x.Dim(axis)
			y := c.g.Mul(c.g.Slice(x, axis, 0, n/2), c.g.Slice(x, axis, n/2, n/2*2))
			if n%2 == 1 {
				y = c.g.Concat(axis, y, c.g.Slice(x, axis, n-1, n))
			}
			x = y
		}
		if c.g.Err() == nil {
			x = c.g.Reshape(x, slices.Delete(x.Shape(), axis, axis+1)...)
		}
	}
	return x
}
