package graph

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// orthogonalBlock rows are orthogonalised against all earlier ones by two matrix products, then among themselves.
const orthogonalBlock = 32

// Orthogonal draws a matrix whose rows (or columns, whichever are fewer) are orthonormal, times gain, uniformly
// distributed (Saxe, McClelland and Ganguli, 2014). Repeated products with it neither grow nor shrink a vector,
// which is why recurrent weights start there.
func Orthogonal(gain float64) Init {
	return func(dst []float64, shape []int, rng *rand.Rand) error {
		if len(shape) != 2 {
			return errors.Errorf("orthogonal initialiser: want a matrix, found shape %v", shape)
		}
		rows, cols := shape[0], shape[1]
		if rows > cols { // draw the transpose: its rows are the fewer
			t := make([]float64, len(dst))
			orthonormalRows(t, cols, rows, rng)
			for i := range rows {
				for j := range cols {
					dst[i*cols+j] = gain * t[j*rows+i]
				}
			}
			return nil
		}
		orthonormalRows(dst, rows, cols, rng)
		kernel.Affine(dst, dst, gain, 0)
		return nil
	}
}

// orthonormalRows fills q [rows, cols], rows <= cols, by block Gram-Schmidt on normal draws. Every projection is
// done twice, which keeps QQᵀ at the identity to rounding ("twice is enough", Giraud et al., 2005).
func orthonormalRows(q []float64, rows, cols int, rng *rand.Rand) {
	for i := range q {
		q[i] = rng.NormFloat64()
	}
	coeff := make([]float64, orthogonalBlock*rows)
	for start := 0; start < rows; start += orthogonalBlock {
		n := min(orthogonalBlock, rows-start)
		block := q[start*cols : (start+n)*cols]
		for range 2 {
			if start > 0 { // block -= (block·Qᵀ)·Q over the finished rows
				kernel.Gemm(false, true, n, start, cols, 1, block, cols, q, cols, 0, coeff, start)
				kernel.Gemm(false, false, n, cols, start, -1, coeff, start, q, cols, 1, block, cols)
			}
			gramSchmidt(block, n, cols)
		}
	}
}

// gramSchmidt orthonormalises the n rows of x among themselves, in place.
func gramSchmidt(x []float64, n, cols int) {
	for i := range n {
		row := x[i*cols : (i+1)*cols]
		for j := range i {
			prev := x[j*cols : (j+1)*cols]
			kernel.Axpy(row, -kernel.Dot(row, prev), prev)
		}
		kernel.Affine(row, row, 1/math.Sqrt(kernel.Dot(row, row)), 0)
	}
}
