package graph

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// matmul is a matrix product. The left operand may have more than two dimensions: all but its last are rows, so one
// product serves a whole sequence. The three transposes are closed under differentiation.
type matmul struct {
	transA, transB bool // not both

	// Set by the compiler:
	bias   bool // a third operand, a vector, is added to every row
	packed bool // the second operand is packed
}

func (o matmul) String() string {
	s := "matmul A·B"
	switch {
	case o.transA:
		s = "matmul Aᵀ·B"
	case o.transB:
		s = "matmul A·Bᵀ"
	}
	if o.packed {
		s += " packed"
	}
	if o.bias {
		s += " + bias"
	}
	return s
}

// sizes returns the product's m, n, k, given both operands as matrices of their last dimension.
func (o matmul) sizes(a, b []int) (m, n, k int) {
	rowsA, colsA, rowsB, colsB := rowsOf(a), a[len(a)-1], rowsOf(b), b[len(b)-1]
	switch {
	case o.transA:
		return colsA, colsB, rowsA
	case o.transB:
		return rowsA, rowsB, colsA
	}
	return rowsA, colsB, colsA
}

func (o matmul) bind(b *binding) task {
	return pick(b, bindMatmul[float32](o, 0), bindMatmul[float64](o, 0))
}
func (o matmul) bindAdd(b *binding) task {
	return pick(b, bindMatmul[float32](o, 1), bindMatmul[float64](o, 1))
}

func bindMatmul[T kernel.Float](o matmul, beta T) func(*binding) task {
	return func(b *binding) task {
		x, dst := vec[T](b.in[0]), vec[T](b.out)
		m, n, k := o.sizes(b.in[0].shape, b.in[1].shape)
		ldx, ldy, ldc := b.in[0].ld(), b.in[1].ld(), b.out.ld()
		if rowsOf(b.out.shape) != m { // a gradient of a tensor with more dimensions
			ldc = n
		}
		var bias []T
		if o.bias {
			bias = vec[T](b.in[2])
		}
		if o.packed {
			w := b.in[1].packed.(*kernel.Packed[T])
			return func() error {
				kernel.GemmPacked(o.transA, m, 1, x, ldx, w, beta, dst, ldc, bias)
				return nil
			}
		}
		y := vec[T](b.in[1])
		return func() error {
			kernel.GemmBias(o.transA, o.transB, m, n, k, 1, x, ldx, y, ldy, beta, dst, ldc, bias)
			return nil
		}
	}
}

// rowsOf is the number of rows of a tensor seen as a matrix of its last dimension.
func rowsOf(shape []int) int { return sizeOf(shape[:len(shape)-1]) }

// MatMul is a·b for a [..., K] and b [K, N], giving [..., N].
func (g *Graph) MatMul(a, b Node) Node {
	if !g.matrices("MatMul", a, b) {
		return Node{}
	}
	if b.Rank() != 2 || a.Dim(-1) != b.Dim(0) {
		return g.failf("MatMul", "want [..., K]·[K, N], found %v·%v", a.shape(), b.shape())
	}
	return g.matmul(matmul{}, a, b)
}

// MatMulT is a·bᵀ for a [..., K] and b [N, K], giving [..., N]: x·Wᵀ with a weight in PyTorch's [out, in] order.
func (g *Graph) MatMulT(a, b Node) Node {
	if !g.matrices("MatMulT", a, b) {
		return Node{}
	}
	if b.Rank() != 2 || a.Dim(-1) != b.Dim(-1) {
		return g.failf("MatMulT", "want [..., K]·[N, K]ᵀ, found %v·%vᵀ", a.shape(), b.shape())
	}
	return g.matmul(matmul{transB: true}, a, b)
}

// TMatMul is aᵀ·b for a [..., M] and b [..., N] with the same leading dimensions, giving [M, N]: a weight's gradient
// over all rows.
func (g *Graph) TMatMul(a, b Node) Node {
	if !g.matrices("TMatMul", a, b) {
		return Node{}
	}
	if rowsOf(a.shape()) != rowsOf(b.shape()) {
		return g.failf("TMatMul", "want [..., M]ᵀ·[..., N] with equal leading dimensions, found %vᵀ·%v", a.shape(), b.shape())
	}
	return g.matmul(matmul{transA: true}, a, b)
}

func (g *Graph) matrices(op string, a, b Node) bool {
	if !g.floats(op, a, b) {
		return false
	}
	if a.Rank() < 2 || b.Rank() < 2 {
		g.failf(op, "operands need at least two dimensions, found %v and %v", a.shape(), b.shape())
		return false
	}
	return true
}

// matmul adds the node; operands of more than two dimensions count as matrices of their last one.
func (g *Graph) matmul(o matmul, a, b Node) Node {
	if g.err != nil {
		return Node{}
	}
	m, n, _ := o.sizes(a.shape(), b.shape())
	shape := []int{m, n}
	if !o.transA {
		shape = append(cloneInts(a.shape()[:a.Rank()-1]), n)
	}
	return g.apply(o, shape, a, b)
}

func init() {
	differentiate(func(o matmul, d derivation) []Node {
		g, a, b, dc := d.g, d.in[0], d.in[1], d.grad
		var da, db Node
		switch {
		case o.transA: // C = Aᵀ·B over shared rows
			da, db = g.MatMulT(b, dc), g.matmul(matmul{}, a, dc)
		case o.transB: // C = A·Bᵀ
			da, db = g.MatMul(dc, b), g.TMatMul(dc, a)
		default: // C = A·B
			da, db = g.MatMulT(dc, b), g.TMatMul(a, dc)
		}
		return []Node{g.Reshape(da, a.shape()...), g.Reshape(db, b.shape()...)}
	})
}
