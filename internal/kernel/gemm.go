package kernel

import "fmt"

// Gemm computes C = alpha·op(A)·op(B) + beta·C for row-major matrices, op(A) [m, k], op(B) [k, n], C [m, n].
// A is stored [m, k], or [k, m] with transA; B is stored [k, n], or [n, k] with transB; lda, ldb and ldc are the
// distances between rows. With beta 0, C is only written, whatever it holds; with k or alpha 0, C becomes beta·C.
//
// Sums are taken in an order that depends on the shape and on the processor's kind, never on the number of
// processors; gemmGeneric has the definition. Large products are shared between processors:
// the operands escape to other goroutines until it returns.
func Gemm[T Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	GemmBias(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, nil)
}

// GemmBias is Gemm with a bias [n] for every row unless it is nil: C = alpha·op(A)·op(B) + beta·C + bias. The bias is
// written where a tile's sums begin, while that part of C is at hand, and gives the bits that GemmPacked gives.
func GemmBias[T Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int, bias []T) {
	if m <= 0 || n <= 0 {
		return
	}
	if bias != nil && len(bias) != n {
		panic(fmt.Sprintf("kernel: GemmBias: a bias of %d elements, want %d", len(bias), n))
	}
	checkMatrix("C", c, m, n, ldc)
	sums := k > 0 && alpha != 0
	if sums {
		checkOperand("A", a, m, k, lda, transA)
		checkOperand("B", b, k, n, ldb, transB)
	}
	p := product[T]{shape: tileShape[T](), m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, transA: transA,
		b: b, ldb: ldb, transB: transB, beta: beta, bias: bias, c: c, ldc: ldc}
	tiny := !sums || m*n*k < tinyProduct
	if bias != nil && (tiny || m <= stripRows) { // these do not know of a bias: it is what they add to
		for i := range m {
			p.start(i, i+1, 0, n, 0)
		}
		p.bias, p.beta = nil, 1
	}
	if tiny {
		gemmGeneric(transA, transB, m, n, k, alpha, a, lda, b, ldb, p.beta, c, ldc)
		return
	}
	p.run()
}

// tinyProduct is the number of multiplications below which loops take less time than tiles.
const tinyProduct = 256

func checkOperand[T Float](name string, x []T, rows, cols, ld int, trans bool) {
	if trans {
		rows, cols = cols, rows
	}
	checkMatrix(name, x, rows, cols, ld)
}

func checkMatrix[T Float](name string, x []T, rows, cols, ld int) {
	if ld < cols || len(x) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("kernel: Gemm: matrix %s [%d, %d] with row distance %d needs %d elements, has %d",
			name, rows, cols, ld, (rows-1)*ld+cols, len(x)))
	}
}
