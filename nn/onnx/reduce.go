package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// buildReduce takes the largest, the mean, the sum and so on over axes, all of them unless some are given. The axes are an
// attribute in older versions: of ReduceSum before 13, of the others before 18.
func buildReduce(c *call) []value {
	v := c.arg(0)
	if v.absent() || v.list != nil {
		return c.failf("input 0 (%q) is no tensor", c.node.input(0))
	}
	shape := v.shape()
	mark, ok := c.axes(c.node.ints("axes"), func(int) int { return len(shape) })
	if !ok {
		return nil
	}
	if !slices.Contains(mark, true) {
		if c.int("noop_with_empty_axes", 0) != 0 {
			return []value{v}
		}
		for i := range mark {
			mark[i] = true
		}
	}
	if v.integral() || v.truth {
		return c.reduceWhole(shape, mark)
	}
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	var axes []int
	for i, m := range mark {
		if m {
			axes, shape[i] = append(axes, i), 1
		}
	}
	x = reductions[c.op](c, x, axes)
	if c.g.Err() != nil {
		return nil
	}
	if c.int("keepdims", 1) != 0 && len(shape) > 0 {
		x = c.g.Reshape(x, shape...)
	}
	return []value{{node: x}}
}

// wholeReductions combine whole numbers, beginning with the first; means are divided afterwards.
var wholeReductions = map[string]func(x, y int) int{
	"ReduceMax":       func(x, y int) int { return max(x, y) },
	"ReduceMin":       func(x, y int) int { return min(x, y) },
	"ReduceSum":       func(x, y int) int { return x + y },
	"ReduceMean":      func(x, y int) int { return x + y },
	"ReduceProd":      func(x, y int) int { return x * y },
	"ReduceL1":        func(x, y int) int { return x + max(y, -y) },
	"ReduceSumSquare": func(x, y int) int { return x + y*y },
}

// reduceWhole reduces whole numbers, or what is true or false, over marked axes.
func (c *call) reduceWhole(have []int, mark []bool) []value {
	v, ok := c.wholes(0)
	f := wholeReductions[c.op]
	truth := c.elements(c.arg(0)) == onnxpb.TensorProto_BOOL
	if !ok || f == nil || sizeOf(have) == 0 || truth && c.op != "ReduceMax" && c.op != "ReduceMin" {
		return c.failf("input 0 (%q) holds %v of shape %v; want floats", c.node.input(0), c.elements(v), have)
	}
	var shape []int
	moves, n, kept := make([]int, len(have)), 1, 1
	for i := len(have) - 1; i >= 0; i-- {
		if mark[i] {
			n *= have[i]
		} else {
			moves[i], kept = kept, kept*have[i]
		}
	}
	for i, d := range have {
		if !mark[i] {
			shape = append(shape, d)
		} else if c.int("keepdims", 1) != 0 {
			shape = append(shape, 1)
		}
	}
	if !c.room(have) {
		return nil
	}
	to, kind, op := strided(have, moves), c.elements(v), c.op // where each element goes
	out := c.computed(kind, shape, func(dst []int, in [][]int) error {
		seen := make([]bool, len(dst))
		for i, x := range in[0] {
			d := to[i]
			switch {
			case seen[d]:
				dst[d] = f(dst[d], x)
			case op == "ReduceL1" || op == "ReduceSumSquare":
				dst[d], seen[d] = f(0, x), true
			default:
				dst[d], seen[d] = x, true
			}
		}
		if op == "ReduceMean" {
			for i := range dst {
				dst[i] /= n
			}
		}
		return fitAll(kind, dst)
	}, v)
	if truth {
		out = c.asTruth(out)
	}
	return []value{out}
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
