package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// batchMatmul is one product for every matrix of a batch: operands with equal leading dimensions.
func (g *Graph) batchMatmul(name string, o op.BatchMatMul, a, b Node) Node {
	if !g.matrices(name, a, b) {
		return Node{}
	}
	lead := a.shape()[:a.Rank()-2]
	m, n, _, equal := o.Sizes(a.shape(), b.shape())
	if !equal || !slices.Equal(lead, b.shape()[:b.Rank()-2]) {
		return g.failf(name, "%s: the sizes of %v and %v do not fit", o, a.shape(), b.shape())
	}
	return g.apply(o, append(op.Clone(lead), m, n), a, b)
}

func init() {
	differentiate(func(o op.BatchMatMul, d derivation) []Node {
		g, a, b, dc := d.g, d.in[0], d.in[1], d.grad
		switch {
		case o.TransA: // C = Aᵀ·B
			return []Node{g.MatMulT(b, dc), g.MatMul(a, dc)}
		case o.TransB: // C = A·Bᵀ
			return []Node{g.MatMul(dc, b), g.batchMatmul("MatMulT", op.BatchMatMul{TransA: true}, dc, a)}
		}
		return []Node{g.MatMulT(dc, b), g.batchMatmul("MatMul", op.BatchMatMul{TransA: true}, a, dc)} // C = A·B
	})
}
