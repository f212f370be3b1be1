package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// relabelled gives v another shape with the same elements in the same order.
func (c *call) relabelled(v value, shape []int) []value {
	if c.g.Err() != nil || v.absent() {
		return c.failf("the input is missing")
	}
	if !c.room(shape) {
		return nil
	}
	if slices.ContainsFunc(shape, func(d int) bool { return d < 0 }) || sizeOf(shape) != sizeOf(v.shape()) {
		return c.failf("shape %v does not hold the elements of %v", shape, v.shape())
	}
	switch k := v.known; {
	case k != nil:
		return []value{{known: &constant{kind: k.kind, shape: cloneInts(shape), ints: k.ints, floats: k.floats}}}
	case slices.Equal(shape, v.shape()):
		return []value{v}
	}
	return []value{c.moved(v, shape, inOrder, 0, func(x graph.Node) graph.Node { return c.g.Reshape(x, shape...) })}
}

// buildReshape: 0 keeps the input's dimension, one -1 is worked out.
func buildReshape(c *call) []value {
	want, ok := c.ints(1)
	if !ok {
		return nil
	}
	have := c.arg(0).shape()
	shape, open, known := cloneInts(want), -1, 1
	for i, d := range shape {
		switch {
		case d == 0 && c.int("allowzero", 0) == 0 && i < len(have):
			shape[i] = have[i]
		case d == -1 && open < 0:
			open = i
			continue
		case d < 1 || d > sizeOf(have)/known:
			return c.failf("shape %v for a tensor of shape %v", want, have)
		}
		known *= shape[i]
	}
	if open >= 0 {
		shape[open] = sizeOf(have) / known
	}
	return c.relabelled(c.arg(0), shape)
}

// buildFlatten makes a matrix, cutting the shape in two before the axis.
func buildFlatten(c *call) []value {
	shape := c.arg(0).shape()
	axis := c.int("axis", 1)
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis > len(shape) {
		return c.failf("axis %d of a tensor with %d dimensions", c.int("axis", 1), len(shape))
	}
	return c.relabelled(c.arg(0), []int{sizeOf(shape[:axis]), sizeOf(shape[axis:])})
}

// axes marks the axes of a node in a tensor of the rank: the second input from version 13 on, and an attribute, which is
// given here, before that.
func (c *call) axes(list []int, rank func(axes int) int) ([]bool, bool) {
	if c.opset >= 13 && !c.arg(1).absent() {
		var ok bool
		if list, ok = c.ints(1); !ok {
			return nil, false
		}
	}
	mark := make([]bool, rank(len(list)))
	for _, a := range list {
		axis, ok := c.axis(a, len(mark))
		if !ok {
			return nil, false
		}
		if mark[axis] {
			c.failf("axis %d is given twice", a)
			return nil, false
		}
		mark[axis] = true
	}
	return mark, true
}

func buildSqueeze(c *call) []value {
	have := c.arg(0).shape()
	mark, ok := c.axes(c.node.ints("axes"), func(int) int { return len(have) })
	if !ok {
		return nil
	}
	all := !slices.Contains(mark, true)
	shape := []int{}
	for i, d := range have {
		switch {
		case mark[i] && d != 1:
			return c.failf("axis %d of shape %v cannot be squeezed", i, have)
		case mark[i] || all && d == 1:
		default:
			shape = append(shape, d)
		}
	}
	return c.relabelled(c.arg(0), shape)
}

func buildUnsqueeze(c *call) []value {
	have := c.arg(0).shape()
	mark, ok := c.axes(c.node.ints("axes"), func(axes int) int { return len(have) + axes })
	if !ok {
		return nil
	}
	shape := []int{}
	for _, one := range mark {
		if one {
			shape = append(shape, 1)
		} else {
			shape, have = append(shape, have[0]), have[1:]
		}
	}
	return c.relabelled(c.arg(0), shape)
}

// buildTranspose permutes the axes; without a permutation it reverses them.
func buildTranspose(c *call) []value {
	v := c.arg(0)
	have := v.shape()
	perm := c.node.ints("perm")
	if !c.has("perm") {
		for i := range slices.Backward(have) {
			perm = append(perm, i)
		}
	}
	seen, shape := make([]bool, len(have)), make([]int, len(perm))
	for i, p := range perm {
		if len(perm) != len(have) || p < 0 || p >= len(have) || seen[p] {
			return c.failf("perm %v is no permutation of the axes of %v", perm, have)
		}
		seen[p], shape[i] = true, have[p]
	}
	if len(perm) < 2 {
		return c.in[:1]
	}
	out := c.transposedTo(v, perm)
	if v.node.Valid() && slices.Equal(perm, []int{1, 0}) {
		out.of = v.node
	}
	return []value{out}
}

// transposedTo permutes the axes of a value.
func (c *call) transposedTo(v value, perm []int) value {
	have := v.shape()
	shape, moves := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		shape[i], moves[i] = have[p], steps(have)[p]
	}
	return c.moved(v, shape, func() []int { return strided(shape, moves) }, 0,
		func(x graph.Node) graph.Node { return c.g.Transpose(x, perm...) })
}

func buildConcat(c *call) []value {
	if !c.has("axis") {
		return c.failf("it has no axis")
	}
	return c.concat(c.in, c.int("axis", 0))
}

// buildShape gives the input's shape, or the part of it from start up to end.
func buildShape(c *call) []value {
	v := c.arg(0)
	if c.g.Err() != nil || v.absent() {
		return c.failf("the input is missing")
	}
	shape := v.shape()
	bound := func(name string, otherwise int) int {
		at := c.int(name, otherwise)
		if at < 0 {
			at += len(shape)
		}
		return max(0, min(len(shape), at))
	}
	start, end := bound("start", 0), bound("end", len(shape))
	return []value{{known: ints64(shape[start:max(start, end)]...)}}
}

// buildSize gives the number of the input's elements.
func buildSize(c *call) []value {
	v := c.arg(0)
	if c.g.Err() != nil || v.absent() {
		return c.failf("the input is missing")
	}
	return []value{{known: &constant{kind: onnxpb.TensorProto_INT64, shape: []int{}, ints: []int{sizeOf(v.shape())}}}}
}

// buildExpand broadcasts in both directions: to the shape, but keeping dimensions of x where the shape has 1.
func buildExpand(c *call) []value {
	want, ok := c.ints(1)
	v := c.arg(0)
	if !ok || v.absent() {
		return c.failf("an input is missing")
	}
	have := v.shape()
	shape := make([]int, max(len(want), len(have)))
	for i := range shape {
		shape[i] = max(at(want, i-len(shape)+len(want)), at(have, i-len(shape)+len(have)))
	}
	if len(want) > 0 && slices.Min(want) < 1 {
		return c.failf("shape %v for a tensor of shape %v", want, have)
	}
	if _, ok := c.broadcast(have, shape); !ok {
		return nil
	}
	return []value{c.expanded(v, shape)}
}

// expanded repeats v to a shape that it broadcasts to.
func (c *call) expanded(v value, shape []int) value {
	if slices.Equal(v.shape(), shape) {
		return v
	}
	have := v.shape()
	return c.moved(v, shape, func() []int { return repeats(have, shape) }, 0,
		func(x graph.Node) graph.Node { return c.g.BroadcastTo(x, shape...) })
}

// buildTile repeats x so many times along each axis.
func buildTile(c *call) []value {
	times, ok := c.ints(1)
	v := c.arg(0)
	if !ok || v.absent() {
		return c.failf("an input is missing")
	}
	have := v.shape()
	if len(times) != len(have) {
		return c.failf("repeats %v for a tensor of shape %v", times, have)
	}
	for axis, n := range times {
		if n < 1 || n > farthest {
			return c.failf("repeats %v; want numbers from 1 to %d", times, farthest)
		}
		if n == 1 {
			continue
		}
		shape := cloneInts(v.shape())
		shape[axis] *= n
		if !c.room(shape) {
			return nil
		}
		places := make([]int, shape[axis])
		for i := range places {
			places[i] = i % have[axis]
		}
		if v = c.entries(v, axis, places, 0); c.g.Err() != nil {
			return nil
		}
	}
	return []value{v}
}
