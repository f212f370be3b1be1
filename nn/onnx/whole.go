package onnx

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// Whole numbers, such as shapes, places and lengths, are computed when a graph is built if they are known then, and by the
// same code when the model runs if they are not.

// wholeFunc computes whole numbers from others. It keeps none of the slices and changes only dst.
type wholeFunc func(dst []int, in [][]int) error

// computed gives whole numbers of a type and shape that f computes from others.
func (c *call) computed(kind dataType, shape []int, f wholeFunc, in ...value) value {
	if c.g.Err() != nil || !c.room(shape) {
		return value{}
	}
	if sizeOf(shape) == 0 {
		return value{known: nothing(kind, shape)}
	}
	known := true
	for _, v := range in {
		if !v.isWhole() {
			c.failf("an input that holds floats or nothing; want whole numbers")
			return value{}
		}
		known = known && v.known != nil
	}
	if known {
		numbers := make([][]int, len(in))
		for i, v := range in {
			numbers[i] = v.known.ints
		}
		out := &constant{kind: kind, shape: cloneInts(shape), ints: make([]int, sizeOf(shape))}
		if err := f(out.ints, numbers); err != nil {
			c.failf("%v", err)
			return value{}
		}
		return value{known: out}
	}
	nodes := make([]graph.Node, len(in))
	for i, v := range in {
		nodes[i] = c.ids(v)
	}
	if !c.spend(2 * bytesOf(shape)) { // what f remembers
		return value{}
	}
	return value{ids: c.g.ComputeIDs(c.op, shape, f, nodes...), idKind: kind}
}

// nothing is a tensor without elements. A graph has none, so it always is a known one.
func nothing(kind dataType, shape []int) *constant {
	k := &constant{kind: kind, shape: cloneInts(shape)}
	if isFloat(kind) {
		k.floats = []float64{}
	} else {
		k.ints = []int{}
	}
	return k
}

// ids gives whole numbers as a node of the graph.
func (c *call) ids(v value) graph.Node {
	switch k := v.known; {
	case c.g.Err() != nil || v.ids.Valid() || k == nil:
		return v.ids
	case k.len() == 0:
		c.failf("whole numbers of shape %v, which are none", k.shape)
		return graph.Node{}
	case !c.spend(bytesOf(k.shape)):
		return graph.Node{}
	case len(k.shape) == 0:
		number := k.ints[0]
		return c.g.ComputeIDs(c.op, nil, func(dst []int, _ [][]int) error { dst[0] = number; return nil })
	default:
		return c.g.Const(graph.Ints(k.ints, k.shape...))
	}
}

// wholes gives the i-th input as whole numbers; what is true or false is 1 or 0.
func (c *call) wholes(i int) (value, bool) {
	v := c.arg(i)
	switch {
	case c.g.Err() != nil:
		return v, false
	case v.truth:
		return value{ids: c.g.ToIDs(v.node), idKind: onnxpb.TensorProto_BOOL}, true
	case v.whole != 0:
		return value{ids: c.g.ToIDs(v.node), idKind: v.whole}, true
	case !v.isWhole():
		c.failf("input %d (%q) holds floats or nothing; want whole numbers", i, c.node.input(i))
		return v, false
	}
	return v, true
}

// asTruth gives whole numbers that are 1 or 0 as what is true or false.
func (c *call) asTruth(v value) value {
	if v.known != nil || c.g.Err() != nil {
		return v
	}
	return value{node: c.g.FromIDs(v.ids), truth: true}
}

// combined computes whole numbers from the elements of two tensors, broadcasting.
func (c *call) combined(kind dataType, a, b value, f func(x, y int) (int, error)) value {
	if c.g.Err() != nil {
		return value{}
	}
	shape, ok := c.broadcast(a.shape(), b.shape())
	if !ok {
		return value{}
	}
	left, right := repeats(a.shape(), shape), repeats(b.shape(), shape)
	return c.computed(kind, shape, func(dst []int, in [][]int) error {
		for i := range dst {
			v, err := f(in[0][placeOf(left, i)], in[1][placeOf(right, i)])
			if err != nil {
				return err
			}
			if dst[i], err = fit(kind, v); err != nil {
				return err
			}
		}
		return nil
	}, a, b)
}

// repeats lists the elements of a tensor that one of another shape, to which it broadcasts, repeats; nil where they are all of
// them in order.
func repeats(have, shape []int) []int {
	if slices.Equal(have, shape) {
		return nil
	}
	moves := make([]int, len(shape))
	for i, s := range steps(have) {
		if have[i] > 1 {
			moves[len(shape)-len(have)+i] = s
		}
	}
	return strided(shape, moves)
}

func placeOf(places []int, i int) int {
	if places == nil {
		return i
	}
	return places[i]
}

// moved gives a value whose elements are those at places of v, in another shape; places below 0 give a filling. f does the
// same to floats that are computed when the model runs, filling with 0. No places stand for all elements in order.
func (c *call) moved(v value, shape []int, places func() []int, fill float64, f func(x graph.Node) graph.Node) value {
	switch {
	case c.g.Err() != nil || !c.room(shape):
		return value{}
	case sizeOf(shape) == 0:
		return value{known: nothing(c.elements(v), shape)}
	case v.known != nil:
		return value{known: v.known.at(shape, places(), fill)}
	case v.ids.Valid():
		at := places()
		return c.computed(v.idKind, shape, func(dst []int, in [][]int) error {
			for i := range dst {
				if p := placeOf(at, i); p < 0 {
					dst[i] = int(fill)
				} else {
					dst[i] = in[0][p]
				}
			}
			return nil
		}, v)
	}
	return value{node: f(v.node), truth: v.truth}
}

// inOrder are the places of elements that stay in order.
func inOrder() []int { return nil }

// fit wraps a whole number as arithmetic in its type does.
func fit(kind dataType, v int) (int, error) {
	switch kind {
	case onnxpb.TensorProto_INT32:
		return int(int32(v)), nil
	case onnxpb.TensorProto_INT16:
		return int(int16(v)), nil
	case onnxpb.TensorProto_INT8:
		return int(int8(v)), nil
	case onnxpb.TensorProto_UINT32:
		return int(uint32(v)), nil
	case onnxpb.TensorProto_UINT16:
		return int(uint16(v)), nil
	case onnxpb.TensorProto_UINT8:
		return int(uint8(v)), nil
	case onnxpb.TensorProto_UINT64:
		if v < 0 {
			return 0, errors.Errorf("%d as a number of %v; want numbers below 2^63", uint64(v), kind)
		}
	}
	return v, nil
}

// bits is how many bits a type of whole numbers has, and whether one of them is the sign.
func bits(kind dataType) (n int, signed bool) {
	switch kind {
	case onnxpb.TensorProto_INT8:
		return 8, true
	case onnxpb.TensorProto_UINT8:
		return 8, false
	case onnxpb.TensorProto_INT16:
		return 16, true
	case onnxpb.TensorProto_UINT16:
		return 16, false
	case onnxpb.TensorProto_INT32:
		return 32, true
	case onnxpb.TensorProto_UINT32:
		return 32, false
	case onnxpb.TensorProto_UINT64:
		return 63, false
	}
	return 64, true
}
