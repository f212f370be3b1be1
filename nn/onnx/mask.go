package onnx

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// buildRange counts known whole numbers from a start up to a limit, without it.
func buildRange(c *call) []value {
	if k := c.arg(0).known; k != nil && k.floats != nil {
		return c.floatRange()
	}
	var bound [3]int
	for i := range bound {
		v, ok := c.ints(i)
		if !ok {
			return nil
		}
		if len(v) != 1 {
			return c.failf("input %d has %d numbers; want one", i, len(v))
		}
		bound[i] = v[0]
	}
	start, limit, step := bound[0], bound[1], bound[2]
	if step == 0 {
		return c.failf("a step of 0")
	}
	n := 0
	if (limit-start)/step >= 0 {
		n = (limit - start) / step
		if n*step != limit-start {
			n++
		}
		if (limit > start) != (step > 0) {
			n = 0
		}
	}
	if !c.room([]int{n}) {
		return nil
	}
	out := ints64(make([]int, n)...)
	for i := range out.ints {
		out.ints[i] = start + i*step
	}
	return []value{{known: out}}
}

// buildWhere takes elements of one tensor where a condition holds, and of another elsewhere, broadcasting all three.
func buildWhere(c *call) []value {
	a, b := c.arg(1), c.arg(2)
	if k := c.arg(0).known; k != nil && c.g.Err() == nil && !a.absent() && !b.absent() {
		if all, first := k.uniform(); all { // a mask of shapes, often
			return c.chosen(first, a, b)
		}
	}
	if a.integral() && b.integral() {
		return c.whereWhole()
	}
	condition := c.truth(0)
	if c.g.Err() != nil {
		return nil
	}
	truth := c.elements(a) == onnxpb.TensorProto_BOOL && c.elements(b) == onnxpb.TensorProto_BOOL
	var x, y graph.Node
	if truth {
		x, y = c.truthOf(a), c.truthOf(b)
	} else {
		x, y = c.float(1), c.float(2)
	}
	if c.g.Err() != nil {
		return nil
	}
	shape, ok := c.broadcast(condition.Shape(), x.Shape(), y.Shape())
	if !ok {
		return nil
	}
	full := func(x graph.Node) graph.Node { return c.g.BroadcastTo(x, shape...) }
	return []value{{node: c.g.Where(full(condition), full(x), full(y)), truth: truth}}
}

// uniform tells whether a tensor is all true or all false, and which.
func (k *constant) uniform() (all, first bool) {
	for i := range k.len() {
		if (k.number(i) != 0) != (k.number(0) != 0) {
			return false, false
		}
	}
	return k.len() > 0, k.len() > 0 && k.number(0) != 0
}

// chosen gives one of two tensors in the shape that all inputs broadcast to.
func (c *call) chosen(first bool, a, b value) []value {
	shape, ok := c.broadcast(c.arg(0).shape(), a.shape(), b.shape())
	if !ok {
		return nil
	}
	if first {
		return []value{c.expanded(a, shape)}
	}
	return []value{c.expanded(b, shape)}
}

// whereWhole is buildWhere for whole numbers.
func (c *call) whereWhole() []value {
	condition, ok := c.wholes(0)
	a, first := c.wholes(1)
	b, second := c.wholes(2)
	if !ok || !first || !second {
		return nil
	}
	shape, ok := c.broadcast(condition.shape(), a.shape(), b.shape())
	if !ok {
		return nil
	}
	mask, left, right := repeats(condition.shape(), shape), repeats(a.shape(), shape), repeats(b.shape(), shape)
	out := c.computed(c.elements(a), shape, func(dst []int, in [][]int) error {
		for i := range dst {
			if in[0][placeOf(mask, i)] != 0 {
				dst[i] = in[1][placeOf(left, i)]
			} else {
				dst[i] = in[2][placeOf(right, i)]
			}
		}
		return nil
	}, condition, a, b)
	if c.elements(a) == onnxpb.TensorProto_BOOL {
		out = c.asTruth(out)
	}
	return []value{out}
}

// broadcast is the shape that all of some become.
func (c *call) broadcast(shapes ...[]int) ([]int, bool) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
		for _, s := range shapes {
			d := at(s, i-rank+len(s))
			if d != 1 && out[i] != 1 && d != out[i] {
				c.failf("shapes %v cannot be broadcast", shapes)
				return nil, false
			}
			if d != 1 {
				out[i] = d
			}
		}
	}
	return out, c.room(out)
}
