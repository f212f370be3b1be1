package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
)

// SolveLower solves x = b + L·x for every matrix of a batch, where L is what of a [..., C, C] lies below its diagonal, and
// b is [..., C, N] with the same leading dimensions: x_t = b_t + Σ_{j<t} a_tj·x_j, row by row (forward substitution). So it is
// (I-L)⁻¹·b without the inverse. The delta rule's writes, each of which corrects what those before it have written, are such
// a system.
func (g *Graph) SolveLower(a, b Node) Node {
	if !g.matrices("SolveLower", a, b) {
		return Node{}
	}
	r := a.Rank()
	if b.Rank() != r || a.Dim(r-1) != a.Dim(r-2) || !slices.Equal(a.shape()[:r-1], b.shape()[:r-1]) {
		return g.failf("SolveLower", "want [..., C, C] and [..., C, N] with equal leading dimensions, found %v and %v", a.shape(), b.shape())
	}
	return g.apply(op.Substitute{}, op.Clone(b.shape()), a, b)
}

// belowDiagonal is 1 below the diagonal of [n, n] and 0 elsewhere.
func (g *Graph) belowDiagonal(n int) Node {
	return g.constant(&compile.Leaf{Name: "below the diagonal", Shape: []int{n, n}}, func(i int) float64 {
		if i%n < i/n {
			return 1
		}
		return 0
	})
}

func init() {
	differentiate(func(o op.Substitute, d derivation) []Node { // y = dx + Lᵀ·y is the gradient of b; that of L is y·xᵀ
		g, a, x := d.g, d.in[0], d.out
		y := g.apply(op.Substitute{Back: !o.Back}, op.Clone(d.grad.shape()), a, d.grad)
		left, right := y, x
		if o.Back { // L was transposed
			left, right = x, y
		}
		return []Node{g.Mul(g.MatMulT(left, right), g.belowDiagonal(a.Dim(-1))), y}
	})
}
