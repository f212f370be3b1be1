package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// BatchMatMul is one matrix product for each of a batch of pairs of matrices: the last two dimensions of both operands.
type BatchMatMul struct {
	TransA, TransB bool // not both
}

func (o BatchMatMul) String() string {
	switch {
	case o.TransA:
		return "batched matmul Aᵀ·B"
	case o.TransB:
		return "batched matmul A·Bᵀ"
	}
	return "batched matmul A·B"
}

func (o BatchMatMul) Bind(b *Binding) Task {
	return pick(b, bindBatchMatmul[float32](o, 0), bindBatchMatmul[float64](o, 0))
}

func (o BatchMatMul) BindAdd(b *Binding) Task {
	return pick(b, bindBatchMatmul[float32](o, 1), bindBatchMatmul[float64](o, 1))
}

// matrixSize is the size of the matrix in a shape's last two dimensions.
func matrixSize(shape []int) (rows, cols int) {
	return shape[len(shape)-2], shape[len(shape)-1]
}

// Sizes returns each product's m, n, k; equal tells whether both operands have the same k.
func (o BatchMatMul) Sizes(a, b []int) (m, n, k int, equal bool) {
	m, k = matrixSize(a)
	kb, n := matrixSize(b)
	if o.TransA {
		m, k = k, m
	}
	if o.TransB {
		kb, n = n, kb
	}
	return m, n, k, k == kb
}

func bindBatchMatmul[T kernel.Float](o BatchMatMul, beta T) func(*Binding) Task {
	return func(b *Binding) Task {
		x, y, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		m, n, k, _ := o.Sizes(b.In[0].Shape, b.In[1].Shape)
		_, lda := matrixSize(b.In[0].Shape)
		_, ldb := matrixSize(b.In[1].Shape)
		product := func(i int) {
			kernel.Gemm(o.TransA, o.TransB, m, n, k, 1, x[i*m*k:(i+1)*m*k], lda, y[i*k*n:(i+1)*k*n], ldb, beta, dst[i*m*n:(i+1)*m*n], n)
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
