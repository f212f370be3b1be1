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
