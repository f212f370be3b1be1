package graph

import (
	"github.com/unroll-go/unroll/internal/op"
)

// MatMul is a·b for a [..., K] and b [K, N], giving [..., N]. If b has more dimensions, it is a product for every matrix of
// a batch: a [..., M, K] and b [..., K, N] with equal leading dimensions give [..., M, N]. Self-attention weighs its values
// so.
func (g *Graph) MatMul(a, b Node) Node {
	if !g.matrices("MatMul", a, b) {
		return Node{}
	}
	if b.Rank() > 2 {
		return g.batchMatmul("MatMul", op.BatchMatMul{}, a, b)
	}
	if a.Dim(-1) != b.Dim(0) {
		return g.failf("MatMul", "want [..., K]·[K, N], found %v·%v", a.shape(), b.shape())
	}
	return g.matmul(op.MatMul{}, a, b)
}

// MatMulT is a·bᵀ for a [..., K] and b [N, K], giving [..., N]: x·Wᵀ with a weight in PyTorch's [out, in] order. If b has
// more dimensions, it is a product for every matrix of a batch: a [..., M, K] and b [..., N, K] with equal leading
// dimensions give [..., M, N]. Self-attention scores its keys so.
func (g *Graph) MatMulT(a, b Node) Node {
	if !g.matrices("MatMulT", a, b) {
		return Node{}
	}
	if b.Rank() > 2 {
		return g.batchMatmul("MatMulT", op.BatchMatMul{TransB: true}, a, b)
	}
	if a.Dim(-1) != b.Dim(-1) {
		return g.failf("MatMulT", "want [..., K]·[N, K]ᵀ, found %v·%vᵀ", a.shape(), b.shape())
	}
	return g.matmul(op.MatMul{TransB: true}, a, b)
}

// TMatMul is aᵀ·b for a [..., M] and b [..., N] with the same leading dimensions, giving [M, N]: a weight's gradient
// over all rows.
func (g *Graph) TMatMul(a, b Node) Node {
	if !g.matrices("TMatMul", a, b) {
		return Node{}
	}
	if op.RowsOf(a.shape()) != op.RowsOf(b.shape()) {
		return g.failf("TMatMul", "want [..., M]ᵀ·[..., N] with equal leading dimensions, found %vᵀ·%v", a.shape(), b.shape())
	}
	return g.matmul(op.MatMul{TransA: true}, a, b)
}

func (g *Graph) matrices(what string, a, b Node) bool {
	if !g.floats(what, a, b) {
		return false
	}
	if a.Rank() < 2 || b.Rank() < 2 {
		g.failf(what, "operands need at least two dimensions, found %v and %v", a.shape(), b.shape())
		return false
	}
	return true
}

// matmul adds the node; operands of more than two dimensions count as matrices of their last one.
func (g *Graph) matmul(o op.MatMul, a, b Node) Node {
	if g.err != nil {
		return Node{}
	}
	m, n, _ := o.Sizes(a.shape(), b.shape())
	shape := []int{m, n}
	if !o.TransA {
		shape = append(op.Clone(a.shape()[:a.Rank()-1]), n)
	}
	return g.apply(o, shape, a, b)
}

func init() {
	differentiate(func(o op.MatMul, d derivation) []Node {
		g, a, b, dc := d.g, d.in[0], d.in[1], d.grad
		var da, db Node
		switch {
		case o.TransA: // C = Aᵀ·B over shared rows
			da, db = g.MatMulT(b, dc), g.matmul(op.MatMul{}, a, dc)
		case o.TransB: // C = A·Bᵀ
			da, db = g.MatMul(dc, b), g.TMatMul(dc, a)
		default: // C = A·B
			da, db = g.MatMulT(dc, b), g.TMatMul(a, dc)
		}
		return []Node{g.Reshape(da, a.shape()...), g.Reshape(db, b.shape()...)}
	})
}
