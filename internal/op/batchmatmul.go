package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// BatchMatMul is one matrix product for each of a batch of pairs of matrices: the last two dimensions of both operands.
type BatchMatMul struct {
	TransA, TransB bool // not both

	Precision kernel.Precision // of float32; set by the compiler
}

func (o BatchMatMul) String() string {
	s := "batched matmul A·B"
	switch {
	case o.TransA:
		s = "batched matmul Aᵀ·B"
	case o.TransB:
		s = "batched matmul A·Bᵀ"
	}
	return s + inPrecision(o.Precision)
}

func (o BatchMatMul) In(p kernel.Precision) Op {
	o.Precision = p
	return o
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
			x, y, dst := x[i*m*k:(i+1)*m*k], y[i*k*n:(i+1)*k*n], dst[i*m*n:(i+1)*m*n]
			multiply(o.Precision, o.TransA, o.TransB, m, n, k, x, lda, y, ldb, beta, dst, n, nil)
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
