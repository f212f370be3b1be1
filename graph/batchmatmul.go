package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
)

// batchMatmul is one matrix product for each of a batch of pairs of matrices: the last two dimensions of both operands.
type batchMatmul struct {
	transA, transB bool // not both
}

func (o batchMatmul) String() string {
	switch {
	case o.transA:
		return "batched matmul Aᵀ·B"
	case o.transB:
		return "batched matmul A·Bᵀ"
	}
	return "batched matmul A·B"
}

func (o batchMatmul) bind(b *binding) task {
	return pick(b, bindBatchMatmul[float32](o, 0), bindBatchMatmul[float64](o, 0))
}
func (o batchMatmul) bindAdd(b *binding) task {
	return pick(b, bindBatchMatmul[float32](o, 1), bindBatchMatmul[float64](o, 1))
}

// matrixSize is the size of the matrix in a shape's last two dimensions.
func matrixSize(shape []int) (rows, cols int) {
	return shape[len(shape)-2], shape[len(shape)-1]
}

// sizes returns each product's m, n, k; equal tells whether both operands have the same k.
func (o batchMatmul) sizes(a, b []int) (m, n, k int, equal bool) {
	m, k = matrixSize(a)
	kb, n := matrixSize(b)
	if o.transA {
		m, k = k, m
	}
	if o.transB {
		kb, n = n, kb
	}
	return m, n, k, k == kb
}

func bindBatchMatmul[T kernel.Float](o batchMatmul, beta T) func(*binding) task {
	return func(b *binding) task {
		x, y, dst := vec[T](b.in[0]), vec[T](b.in[1]), vec[T](b.out)
		m, n, k, _ := o.sizes(b.in[0].shape, b.in[1].shape)
		_, lda := matrixSize(b.in[0].shape)
		_, ldb := matrixSize(b.in[1].shape)
		product := func(i int) {
			kernel.Gemm(o.transA, o.transB, m, n, k, 1, x[i*m*k:(i+1)*m*k], lda, y[i*k*n:(i+1)*k*n], ldb, beta, dst[i*m*n:(i+1)*m*n], n)
		}
		batch := len(dst) / (m * n)
		// Large products are shared between the processors each by itself, many small ones as a group.
		if m*n*k >= 1<<22 || len(dst)*k < sharedWork {
			return func() error {
				for i := range batch {
					product(i)
				}
				return nil
			}
		}
		part := kernel.Part(func(i int, _ []float64) { product(i) })
		return func() error { kernel.Share(batch, part); return nil }
	}
}

// BatchMatMul is a·b for every matrix of a batch: a [..., M, K] and b [..., K, N] with equal leading dimensions give
// [..., M, N]. Self-attention weighs its values so.
func (g *Graph) BatchMatMul(a, b Node) Node { return g.batchMatmul("BatchMatMul", batchMatmul{}, a, b) }

// BatchMatMulT is a·bᵀ for every matrix of a batch: a [..., M, K] and b [..., N, K] with equal leading dimensions give
// [..., M, N]. Self-attention scores its keys so.
func (g *Graph) BatchMatMulT(a, b Node) Node {
	return g.batchMatmul("BatchMatMulT", batchMatmul{transB: true}, a, b)
}

// BatchTMatMul is aᵀ·b for every matrix of a batch: a [..., K, M] and b [..., K, N] with equal leading dimensions give
// [..., M, N].
func (g *Graph) BatchTMatMul(a, b Node) Node {
	return g.batchMatmul("BatchTMatMul", batchMatmul{transA: true}, a, b)
}

func (g *Graph) batchMatmul(name string, o batchMatmul, a, b Node) Node {
	if !g.matrices(name, a, b) {
		return Node{}
	}
	lead := a.shape()[:a.Rank()-2]
	m, n, _, equal := o.sizes(a.shape(), b.shape())
	if !equal || !slices.Equal(lead, b.shape()[:b.Rank()-2]) {
		return g.failf(name, "%s: the sizes of %v and %v do not fit", o, a.shape(), b.shape())
	}
	return g.apply(o, append(cloneInts(lead), m, n), a, b)
}

func init() {
	differentiate(func(o batchMatmul, d derivation) []Node {
		g, a, b, dc := d.g, d.in[0], d.in[1], d.grad
		switch {
		case o.transA: // C = Aᵀ·B
			return []Node{g.BatchMatMulT(b, dc), g.BatchMatMul(a, dc)}
		case o.transB: // C = A·Bᵀ
			return []Node{g.BatchMatMul(dc, b), g.BatchTMatMul(dc, a)}
		}
		return []Node{g.BatchMatMulT(dc, b), g.BatchTMatMul(a, dc)} // C = A·B
	})
}
