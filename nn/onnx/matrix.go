package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// buildMatMul is x·W for x [..., K] and a matrix W [K, N].
func buildMatMul(c *call) []value {
	a, b := c.float(0), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	if a.Rank() < 1 || b.Rank() != 2 {
		return c.failf("a product of shapes %v and %v; want [..., K] and a matrix [K, N]", a.Shape(), b.Shape())
	}
	shape := append(a.Shape()[:a.Rank()-1], b.Dim(1))
	if a.Rank() == 1 {
		a = c.g.Reshape(a, 1, a.Dim(0))
	}
	return []value{{node: c.g.Reshape(c.product(a, c.arg(1), b), shape...)}}
}

// product is a·b, where b may be known to be the transpose of a matrix.
func (c *call) product(a graph.Node, v value, b graph.Node) graph.Node {
	if v.of.Valid() {
		return c.g.MatMulT(a, v.of)
	}
	return c.g.MatMul(a, b)
}

// buildGemm is alpha·A'·B' + beta·C, with A' and B' transposed or not, and C broadcast to the product's shape.
func buildGemm(c *call) []value {
	a, b := c.float(0), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	if a.Rank() != 2 || b.Rank() != 2 {
		return c.failf("a product of shapes %v and %v; want two matrices", a.Shape(), b.Shape())
	}
	if c.int("transA", 0) != 0 {
		a = c.g.Transpose(a)
	}
	var y graph.Node
	if c.int("transB", 0) != 0 {
		y = c.g.MatMulT(a, b)
	} else {
		y = c.product(a, c.arg(1), b)
	}
	y = c.g.MulScalar(y, c.node.float("alpha", 1))
	if c.arg(2).absent() || c.g.Err() != nil {
		return []value{{node: y}}
	}
	bias := c.g.MulScalar(c.float(2), c.node.float("beta", 1))
	sum := c.g.Add(y, bias)
	if c.g.Err() == nil && !slices.Equal(sum.Shape(), y.Shape()) {
		return c.failf("C of shape %v does not broadcast to %v", bias.Shape(), y.Shape())
	}
	return []value{{node: sum}}
}

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
	if index.ids != nil {
		if axis != 0 {
			return c.failf("indices given when the model runs on axis %d; want axis 0", axis)
		}
		table := c.float(0)
		return []value{{node: index.ids.rows(c.g, table)}}
	}
	at, ok := c.ints(1)
	if !ok {
		return nil
	}
	n := data.shape()[axis]
	at = cloneInts(at)
	for i, v := range at {
		if v < 0 {
			at[i] += n
		}
		if at[i] < 0 || at[i] >= n {
			return c.failf("index %d of axis %d, which has %d", v, axis, n)
		}
	}
	shape := append(cloneInts(data.shape()[:axis]), index.shape()...)
	shape = append(shape, data.shape()[axis+1:]...)
	if data.known != nil && data.known.floats == nil {
		return []value{{known: data.known.pick(axis, at, shape)}}
	}
	if data.known != nil {
		data = value{node: c.float(0)}
	}
	return []value{data.reshaped(shape, func(x graph.Node, tail []int) graph.Node {
		return c.g.Reshape(pick(c.g, x, axis, at), append(cloneInts(shape), tail...)...)
	})}
}

// pick takes entries of an axis, one by one, or as one slice where they follow each other.
func pick(g *graph.Graph, x graph.Node, axis int, at []int) graph.Node {
	var parts []graph.Node
	for i := 0; i < len(at); {
		j := i + 1
		for j < len(at) && at[j] == at[j-1]+1 {
			j++
		}
		parts = append(parts, g.Slice(x, axis, at[i], at[i]+j-i))
		i = j
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return g.Concat(axis, parts...)
}

// pick takes entries of an axis of known whole numbers.
func (c *constant) pick(axis int, at, shape []int) *constant {
	outer, n, inner := sizeOf(c.shape[:axis]), c.shape[axis], sizeOf(c.shape[axis+1:])
	out := &constant{kind: c.kind, shape: shape, ints: []int{}}
	for o := 0; o < outer; o++ {
		for _, i := range at {
			out.ints = append(out.ints, c.ints[(o*n+i)*inner:(o*n+i+1)*inner]...)
		}
	}
	return out
}

// buildConstant gives the number, numbers or tensor that the node holds.
func buildConstant(c *call) []value {
	k := c.tensor
	switch {
	case k != nil:
	case c.has("value_float"):
		k = &constant{kind: floatKind, shape: []int{}, floats: []float64{c.node.float("value_float", 0)}}
	case c.has("value_floats"):
		v := c.node.floats("value_floats")
		k = &constant{kind: floatKind, shape: []int{len(v)}, floats: v}
	case c.has("value_int"):
		k = ints64(c.int("value_int", 0))
		k.shape = []int{}
	case c.has("value_ints"):
		k = ints64(c.node.ints("value_ints")...)
	default:
		return c.failf("it has no value")
	}
	return []value{{known: k}}
}
