package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// The operators here tell padding from the steps of sequences. What is true or false is 1 or 0 in the graph.

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

// buildLess compares the numbers of the steps, 0 to T-1, with the lengths of sequences: true where a step belongs to
// its sequence. That is the one comparison of numbers that are given when the model runs.
func buildLess(c *call) []value {
	steps, lengths := c.arg(0).known, c.arg(1).ids
	if steps == nil || steps.floats != nil || lengths == nil || len(lengths.base.Shape()) != 1 || !counts(steps) ||
		!line(steps.shape) || !line(lengths.shape) {
		return c.failf("a comparison of shapes %v and %v; want the numbers of all steps, and lengths of sequences that are an input of the model",
			c.arg(0).shape(), c.arg(1).shape())
	}
	shape, ok := c.broadcast(steps.shape, lengths.shape)
	if !ok {
		return nil
	}
	t, b := steps.len(), sizeOf(lengths.shape)
	mask := c.g.LengthMask(lengths.base, t) // [T, B]
	if t > 1 && b > 1 && along(steps.shape) < along(lengths.shape) {
		mask = c.g.Transpose(mask) // the steps come after the sequences
	}
	return []value{{node: c.g.Reshape(mask, shape...), truth: true}}
}

// counts tells whether numbers are 0, 1, 2 and so on.
func counts(k *constant) bool {
	for i, v := range k.ints {
		if v != i {
			return false
		}
	}
	return len(k.ints) > 0
}

// line tells whether at most one dimension is above 1, and there is one.
func line(shape []int) bool { return len(shape) > 0 && slices.Max(shape) == sizeOf(shape) }

// along is the axis of a line, counted from the last one.
func along(shape []int) int { return len(shape) - 1 - slices.Index(shape, slices.Max(shape)) }

// buildWhere takes elements of one tensor where a condition holds, and of another elsewhere, broadcasting all three.
func buildWhere(c *call) []value {
	condition := c.truth(0)
	a, b := c.float(1), c.float(2)
	if c.g.Err() != nil {
		return nil
	}
	shape, ok := c.broadcast(condition.Shape(), a.Shape(), b.Shape())
	if !ok {
		return nil
	}
	full := func(x graph.Node) graph.Node {
		if slices.Equal(x.Shape(), shape) {
			return x
		}
		return c.g.BroadcastTo(x, shape...)
	}
	return []value{{node: c.g.Where(full(condition), full(a), full(b))}}
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
			out[i] = max(out[i], d)
		}
	}
	return out, c.room(out)
}
