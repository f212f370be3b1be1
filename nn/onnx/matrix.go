package onnx

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// buildMatMul multiplies as numpy's matmul: x [..., M, K] and a matrix [K, N], or stacks of matrices whose leading
// dimensions are broadcast. A vector is a row on the left, a column on the right, and the result lacks that dimension.
func buildMatMul(c *call) []value {
	a, b := c.float(0), c.float(1)
	if c.g.Err() != nil {
		return nil
	}
	left, right := a.Shape(), b.Shape()
	if len(left) < 1 || len(right) < 1 {
		return c.failf("a product of shapes %v and %v; want at least one dimension", left, right)
	}
	if len(left) == 1 {
		a = c.g.Reshape(a, 1, left[0])
	}
	if len(right) == 1 {
		b = c.g.Reshape(b, right[0], 1)
	}
	var y graph.Node
	if len(right) <= 2 {
		y = c.product(a, c.arg(1), b)
	} else {
		y = c.stacks(a, b)
	}
	if c.g.Err() != nil {
		return nil
	}
	shape := y.Shape()
	if len(left) == 1 {
		shape = slices.Delete(shape, len(shape)-2, len(shape)-1)
	}
	if len(right) == 1 {
		shape = shape[:len(shape)-1]
	}
	if slices.Equal(shape, y.Shape()) {
		return []value{{node: y}}
	}
	return []value{{node: c.g.Reshape(y, shape...)}}
}

// stacks multiplies the matrices of two stacks, a [..., M, K] and b [..., K, N].
func (c *call) stacks(a, b graph.Node) graph.Node {
	left, right := a.Shape(), b.Shape()
	x, y := left[:len(left)-2], right[:len(right)-2]
	both, ok := c.broadcast(x, y)
	if !ok {
		return graph.Node{}
	}
	left, right = append(cloneInts(both), left[len(x):]...), append(cloneInts(both), right[len(y):]...)
	if !c.room(left) || !c.room(right) {
		return graph.Node{}
	}
	return c.g.MatMul(c.g.BroadcastTo(a, left...), c.g.BroadcastTo(b, right...))
}

// at is dimension i of a shape, 1 before its first.
func at(shape []int, i int) int {
	if i < 0 {
		return 1
	}
	return shape[i]
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
