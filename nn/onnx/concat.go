package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// concat puts values one after the other along an axis: whole numbers, floats, or what is true or false. Parts without
// elements, which a graph has none of, are passed over.
func (c *call) concat(in []value, axis int) []value {
	if c.g.Err() != nil || len(in) == 0 || in[0].absent() || in[0].list != nil {
		return c.failf("an input is missing, or a sequence")
	}
	shape := cloneInts(in[0].shape())
	axis, ok := c.axis(axis, len(shape))
	if !ok {
		return nil
	}
	shape[axis] = 0
	var parts []value
	for i, v := range in {
		have := cloneInts(v.shape())
		if len(have) == len(shape) {
			shape[axis] += have[axis]
			have[axis] = shape[axis]
		}
		switch {
		case v.absent():
			return c.failf("input %d is missing", i)
		case !slices.Equal(have, shape):
			return c.failf("shapes %v and %v along axis %d", in[0].shape(), v.shape(), axis)
		case sizeOf(v.shape()) > 0:
			parts = append(parts, v)
		}
	}
	if !c.room(shape) {
		return nil
	}
	switch {
	case len(parts) == 0:
		return in[:1]
	case len(parts) == 1:
		return parts
	case !slices.ContainsFunc(parts, func(v value) bool { return !v.isWhole() }):
		return []value{c.joined(parts, shape, axis)}
	case !slices.ContainsFunc(parts, func(v value) bool { return v.known == nil }):
		return []value{{known: joinedFloats(parts, shape, axis)}}
	}
	truth, nodes := true, make([]graph.Node, len(parts))
	for _, v := range parts {
		truth = truth && (v.truth || v.known != nil && v.known.floats == nil)
	}
	for i, v := range parts {
		if truth {
			nodes[i] = c.truthOf(v)
		} else {
			nodes[i] = c.computedFloats(v)
		}
	}
	if c.g.Err() != nil {
		return nil
	}
	return []value{{node: c.g.Concat(axis, nodes...), truth: truth}}
}

// joined puts whole numbers one after the other along an axis.
func (c *call) joined(parts []value, shape []int, axis int) value {
	blocks := blocksOf(parts, axis)
	return c.computed(c.elements(parts[0]), shape, func(dst []int, in [][]int) error {
		join(dst, in, blocks)
		return nil
	}, parts...)
}

// joinedFloats does so with floats that are known.
func joinedFloats(parts []value, shape []int, axis int) *constant {
	out := &constant{kind: parts[0].known.kind, shape: shape, floats: make([]float64, sizeOf(shape))}
	in := make([][]float64, len(parts))
	for i, v := range parts {
		in[i] = v.known.numbers()
	}
	join(out.floats, in, blocksOf(parts, axis))
	return out
}

// blocksOf is how many elements of each part follow each other.
func blocksOf(parts []value, axis int) []int {
	blocks := make([]int, len(parts))
	for i, v := range parts {
		blocks[i] = sizeOf(v.shape()[axis:])
	}
	return blocks
}

func join[T any](dst []T, in [][]T, blocks []int) {
	for o, to := 0, 0; to < len(dst); o++ {
		for i, n := range blocks {
			to += copy(dst[to:], in[i][o*n:(o+1)*n])
		}
	}
}
