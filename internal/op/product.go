package op

import (
	"github.com/unroll-go/unroll/internal/kernel"
)

// Product is an operation that multiplies matrices. Its zero value does so in full precision; the compiler sets another.
type Product interface {
	Op
	// In is the operation in a precision of float32.
	In(p kernel.Precision) Op
}

// multiply is C = op(A)·op(B) + beta·C + bias in a precision, see kernel.GemmBias. Every product goes through here, unless an
// operand of it is packed: so none forgets its precision.
func multiply[T kernel.Float](p kernel.Precision, transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int,
	beta T, c []T, ldc int, bias []T) {
	if p == kernel.FullPrecision {
		kernel.GemmBias(transA, transB, m, n, k, 1, a, lda, b, ldb, beta, c, ldc, bias)
		return
	}
	kernel.GemmRounded(p, transA, transB, m, n, k, any(a).([]float32), lda, any(b).([]float32), ldb,
		float32(beta), any(c).([]float32), ldc, any(bias).([]float32))
}

// inPrecision is what a product's name ends in.
func inPrecision(p kernel.Precision) string {
	if p == kernel.FullPrecision {
		return ""
	}
	return " in " + p.String()
}
