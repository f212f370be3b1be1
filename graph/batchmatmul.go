package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// BatchMatMul is a·b for every matrix of a batch: a [..., M, K] and b [..., K, N] with equal leading dimensions give
// [..., M, N]. Self-attention weighs its values so.
func (g *Graph) BatchMatMul(a, b Node) Node {
	return g.batchMatmul("BatchMatMul", op.BatchMatMul{}, a, b)
}

// BatchMatMulT is a·bᵀ for every matrix of a batch: a [..., M, K] and b [..., N, K] with equal leading dimensions give
// [..., M, N]. Self-attention scores its keys so.
func (g *Graph) BatchMatMulT(a, b Node) Node {
	return g.batchMatmul("BatchMatMulT", op.BatchMatMul{TransB: true}, a, b)
}

// BatchTMatMul is aᵀ·b for every matrix of a batch: a [..., K, M] and b [..., K, N] with equal leading dimensions give
// [..., M, N].
func (g *Graph) BatchTMatMul(a, b Node) Node {
	return g.batchMatmul("BatchTMatMul", op.BatchMatMul{TransA: true}, a, b)
}

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
			return []Node{g.BatchMatMulT(b, dc), g.BatchMatMul(a, dc)}
		case o.TransB: // C = A·Bᵀ
			return []Node{g.BatchMatMul(dc, b), g.BatchTMatMul(dc, a)}
		}
		return []Node{g.BatchMatMulT(dc, b), g.BatchTMatMul(a, dc)} // C = A·B
	})
}
