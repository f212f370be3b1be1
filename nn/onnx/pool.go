package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// buildMaxPool takes the largest of what each window covers of x [N, C, ...]. storage_order only says how places are
// numbered, which are an output that is not supported.
func buildMaxPool(c *call) []value {
	x, o, _, ok := c.pooling()
	if !ok {
		return nil
	}
	return []value{{node: c.g.MaxPool(x, o)}}
}

// buildAveragePool takes the mean of what each window covers; of padding only what the file asks for has a part in it, and
// only if count_include_pad says so.
func buildAveragePool(c *call) []value {
	x, o, counts, ok := c.pooling()
	if !ok {
		return nil
	}
	y := c.g.SumPool(x, o)
	if c.g.Err() != nil {
		return nil
	}
	shape := y.Shape()[2:]
	share := graph.Floats64([]float64{1}, 1)
	for _, along := range counts { // outer products, one axis after the other
		var next []float64
		for _, a := range share.Float64s() {
			for _, n := range along {
				next = append(next, a/float64(n))
			}
		}
		share = graph.Floats64(next, len(next))
	}
	return []value{{node: c.g.Mul(y, c.g.Const(graph.Floats64(share.Float64s(), shape...)))}}
}

// pooling gives x and the window of a pooling, and for each axis how many places every result counts.
func (c *call) pooling() (x graph.Node, o graph.Window, counts [][]int, ok bool) {
	x = c.float(0)
	if c.g.Err() != nil {
		return x, o, nil, false
	}
	kernel := c.node.ints("kernel_shape")
	if x.Rank() < 3 || len(kernel) != x.Rank()-2 {
		c.failf("x of shape %v and kernel_shape %v; want [N, C, ...], and a size for each axis after the second", x.Shape(), kernel)
		return x, o, nil, false
	}
	w, ok := c.window(len(kernel), kernel)
	if !ok {
		return x, o, nil, false
	}
	lengths := x.Shape()[2:]
	w.pad(lengths)
	asked := slices.Clone(w.after) // padding that counts
	if c.int("ceil_mode", 0) != 0 {
		w.lengthen(lengths)
	}
	results := w.results(lengths)
	if !c.room(append(x.Shape()[:2], results...)) {
		return x, o, nil, false
	}
	for i, n := range lengths {
		first, end := 0, n
		if c.int("count_include_pad", 0) != 0 {
			first, end = -w.before[i], n+asked[i]
		}
		counts = append(counts, w.counts(i, results[i], first, end))
	}
	o = w.graph(0)
	o.Size = kernel
	return x, o, counts, true
}

// counts is how many places of a range each of n results reads along an axis.
func (w window) counts(axis, n, first, end int) []int {
	out := make([]int, n)
	for o := range out {
		at := o*w.stride[axis] - w.before[axis]
		below := func(bound int) int { // taps that lie below it
			return max(0, min(w.kernel[axis], (bound-at+w.dilation[axis]-1)/w.dilation[axis]))
		}
		if bound := end - at; bound > 0 {
			out[o] = below(end)
		}
		if first > at {
			out[o] -= below(first)
		}
	}
	return out
}

// buildGlobalPool reduces x [N, C, ...] to [N, C, 1, ...].
func buildGlobalPool(c *call) []value {
	x := c.float(0)
	if c.g.Err() != nil {
		return nil
	}
	if x.Rank() < 3 {
		return c.failf("x of shape %v; want [N, C, ...]", x.Shape())
	}
	reduce := c.g.Mean
	if c.op == "GlobalMaxPool" {
		reduce = c.g.Max
	}
	shape := append(x.Shape()[:2], repeated(1, x.Rank()-2)...)
	return []value{{node: c.g.Reshape(reduce(c.g.Reshape(x, x.Dim(0), x.Dim(1), -1), 2), shape...)}}
}
