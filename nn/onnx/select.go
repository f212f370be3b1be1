package onnx

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// The operators here take entries of an axis.

// buildGather takes entries of an axis: rows of a table by ids that are given when the program runs, or anything by
// indices that are known.
func buildGather(c *call) []value {
	data, index := c.arg(0), c.arg(1)
	if c.g.Err() != nil || data.absent() || index.absent() {
		return c.failf("an input is missing")
	}
	axis, ok := c.axis(c.int("axis", 0), len(data.shape()))
	if !ok {
		return nil
	}
	if index.ids.Valid() {
		return []value{c.taken(data, index, axis)}
	}
	at, ok := c.ints(1)
	if !ok {
		return nil
	}
	n := data.shape()[axis]
	shape := append(cloneInts(data.shape()[:axis]), index.shape()...)
	shape = append(shape, data.shape()[axis+1:]...)
	if !c.room(shape) {
		return nil
	}
	at = cloneInts(at)
	for i, v := range at {
		var err error
		if at[i], err = fromEnd(v, n); err != nil {
			return c.failf("axis %d: %v", axis, err)
		}
	}
	return c.relabelled(c.entries(data, axis, at, 0), shape)
}

// taken takes entries of an axis by ids that are known when the model runs. The axis comes first for floats, as in a
// table; the axes of the ids are put in its place.
func (c *call) taken(v, index value, axis int) value {
	have, n := v.shape(), len(index.shape())
	shape := append(append(cloneInts(have[:axis]), index.shape()...), have[axis+1:]...)
	if !c.room(shape) {
		return value{}
	}
	if v.isWhole() {
		return c.takenWhole(v, index, axis, shape)
	}
	x := c.computedFloats(v)
	if c.g.Err() != nil {
		return value{}
	}
	if axis == 0 {
		return value{node: c.g.GatherFromEnd(x, index.ids), truth: v.truth}
	}
	first, back := []int{axis}, []int(nil)
	for i := range have {
		if i != axis {
			first = append(first, i)
		}
	}
	y := c.g.GatherFromEnd(c.g.Transpose(x, first...), index.ids) // [ids..., before..., after...]
	for i := range axis {
		back = append(back, n+i)
	}
	for i := range n {
		back = append(back, i)
	}
	for i := n + axis; i < y.Rank(); i++ {
		back = append(back, i)
	}
	return value{node: c.g.Transpose(y, back...), truth: v.truth}
}

// takenWhole is taken for whole numbers.
func (c *call) takenWhole(v, index value, axis int, shape []int) value {
	n, count := v.shape()[axis], sizeOf(index.shape())
	inner := sizeOf(v.shape()[axis+1:])
	return c.computed(c.elements(v), shape, func(dst []int, in [][]int) error {
		for i := range dst {
			at, err := fromEnd(in[1][i/inner%count], n)
			if err != nil {
				return err
			}
			dst[i] = in[0][(i/inner/count*n+at)*inner+i%inner]
		}
		return nil
	}, v, index)
}

// fromEnd is an index of n entries, of which those below 0 count from the end.
func fromEnd(index, n int) (int, error) {
	if index < -n || index >= n {
		return 0, errors.Errorf("index %d; want %d to %d", index, -n, n-1)
	}
	if index < 0 {
		return index + n, nil
	}
	return index, nil
}

// pick takes entries of an axis: a slice where they follow each other.
func (c *call) pick(x graph.Node, axis int, at []int) graph.Node {
	for i, v := range at {
		if v != at[0]+i {
			return c.g.Take(x, axis, at...)
		}
	}
	return c.g.Slice(x, axis, at[0], at[0]+len(at))
}

// entries takes entries of an axis, which stays; places below 0 give a filling, which is 0 for numbers that are not known. The
// caller has asked for room.
func (c *call) entries(v value, axis int, places []int, fill float64) value {
	have := v.shape()
	shape := cloneInts(have)
	shape[axis] = len(places)
	inner := sizeOf(have[axis+1:])
	return c.moved(v, shape, func() []int { return blockPlaces(sizeOf(have[:axis]), have[axis]*inner, inner, places) }, fill,
		func(x graph.Node) graph.Node { return c.pick(x, axis, places) })
}

// blockPlaces lists the places of entries, of so many elements each, in blocks one after the other.
func blockPlaces(outer, block, inner int, entries []int) []int {
	out := make([]int, 0, outer*len(entries)*inner)
	for o := range outer {
		for _, e := range entries {
			for i := range inner {
				if e < 0 {
					out = append(out, -1)
				} else {
					out = append(out, o*block+e*inner+i)
				}
			}
		}
	}
	return out
}

// buildSlice takes parts of axes with a step; bounds count from the end when negative, and are cut to the axis.
func buildSlice(c *call) []value {
	starts, ends, axes, ok := c.node.ints("starts"), c.node.ints("ends"), c.node.ints("axes"), true
	var steps []int
	if c.opset >= 10 {
		starts, ok = c.ints(1)
		ends, _ = c.ints(2)
		if !c.arg(3).absent() {
			axes, _ = c.ints(3)
		}
		if !c.arg(4).absent() {
			steps, _ = c.ints(4)
		}
	}
	if !ok || c.g.Err() != nil {
		return nil
	}
	v := c.arg(0)
	for i := range starts {
		axis, step := i, 1
		if len(axes) > 0 && i < len(axes) {
			axis = axes[i]
		}
		if i < len(steps) {
			step = steps[i]
		}
		if len(ends) != len(starts) || len(axes) > 0 && len(axes) != len(starts) || len(steps) > 0 && len(steps) != len(starts) {
			return c.failf("%d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(steps))
		}
		if axis, ok = c.axis(axis, len(v.shape())); !ok {
			return nil
		}
		if step == 0 {
			return c.failf("step 0 of axis %d", axis)
		}
		first, count := sliceBounds(v.shape()[axis], starts[i], ends[i], step)
		if v = c.picked(v, axis, first, count, step); c.g.Err() != nil {
			return nil
		}
	}
	return []value{v}
}

// picked takes count entries of an axis, which stays: first, first+step and so on.
func (c *call) picked(v value, axis, first, count, step int) value {
	shape := cloneInts(v.shape())
	shape[axis] = count
	if !c.room(shape) {
		return value{}
	}
	at := make([]int, count)
	for i := range at {
		at[i] = first + i*step
	}
	return c.entries(v, axis, at, 0)
}

// sliceBounds says which entry a slice takes first of an axis of n, and how many.
func sliceBounds(n, start, end, step int) (first, count int) {
	bound := func(at, low, high int) int {
		if at < 0 {
			at = max(at, math.MinInt+n) + n
		}
		return max(low, min(high, at))
	}
	step = max(-n-1, min(n+1, step)) // so that no sum overflows
	if step > 0 {
		first = bound(start, 0, n)
		return first, max(0, (bound(end, 0, n)-first+step-1)/step)
	}
	first = bound(start, -1, n-1)
	return first, max(0, (first-bound(end, -1, n-1)-step-1)/-step)
}

// equalParts are the sizes of parts of n; the last is smaller where they cannot be equal.
func equalParts(n, each int) (sizes []int) {
	for left := n; left > 0; left -= each {
		sizes = append(sizes, min(each, left))
	}
	return sizes
}

// buildSplit cuts an axis in parts of given sizes, or in equal ones.
func buildSplit(c *call) []value {
	v := c.arg(0)
	axis, ok := c.axis(c.int("axis", 0), len(v.shape()))
	if !ok {
		return nil
	}
	n, k := v.shape()[axis], len(c.out)
	sizes := c.node.ints("split")
	if c.opset >= 13 && !c.arg(1).absent() {
		if sizes, ok = c.ints(1); !ok {
			return nil
		}
	}
	if len(sizes) == 0 {
		sizes = equalParts(n, (n+k-1)/k)
	}
	var out []value
	start := 0
	for _, size := range sizes {
		if size < 0 || size > n-start {
			return c.failf("parts %v of axis %d of %v", sizes, axis, v.shape())
		}
		out, start = append(out, c.picked(v, axis, start, size, 1)), start+size
		if c.g.Err() != nil {
			return nil
		}
	}
	if start != n || len(out) != k {
		return c.failf("parts %v of axis %d of %v for %d outputs", sizes, axis, v.shape(), k)
	}
	return out
}
