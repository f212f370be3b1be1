package kernel

import (
	"fmt"
	"unsafe"
)

// Packed is a matrix op(B) [k, n] in the order in which products read it: panels of as many columns as a tile has.
// Packing takes a fifth of the time, or all of it if the matrix does not fit in the caches, of multiplying 32 rows by
// the matrix; so a weight that many steps multiply by is packed once. The zero value is ready for Pack.
type Packed[T Float] struct {
	k, n, cols int
	data       []T

	// What is being packed, during Pack.
	b      []T
	ldb    int
	transB bool
}

// Pack copies op(B), stored [k, n], or [n, k] with transB, with ldb between its rows. It reuses p's memory.
func (p *Packed[T]) Pack(transB bool, k, n int, b []T, ldb int) {
	if k > 0 && n > 0 {
		checkOperand("B", b, k, n, ldb, transB)
	}
	s := tileShape[T]()
	if s.rows == 0 {
		s.cols = max(n, 1) // one panel: op(B) itself
	}
	p.k, p.n, p.cols = max(k, 0), max(n, 0), s.cols
	size := (p.n + s.cols - 1) / s.cols * s.cols * p.k
	if cap(p.data) < size {
		p.data = aligned[T](size)
	}
	p.data = p.data[:size]
	switch {
	case size == 0:
		return
	case s.rows == 0 && transB:
		for j := range n {
			for l, v := range b[j*ldb:][:k] {
				p.data[l*n+j] = v
			}
		}
		return
	case s.rows == 0:
		packPart(p.data, n, b, ldb, k, n)
		return
	}
	p.b, p.ldb, p.transB = b, ldb, transB
	theTeam.run(p, ceil(n, packedAtOnce*s.cols), helpersToPack(size))
	p.b = nil
}

// packedAtOnce is the number of panels in a part of the work of packing.
const packedAtOnce = 8

// part packs some panels, see team.
func (p *Packed[T]) part(i int, _ *scratch) {
	j0 := i * packedAtOnce * p.cols
	j1 := min(j0+packedAtOnce*p.cols, p.n)
	packB(tileShape[T](), p.data[j0*p.k:], p.k*p.cols, p.transB, p.b, p.ldb, 0, p.k, j0, j1)
}

// GemmPacked is Gemm with op(B) packed, and with a bias [n] for every row unless it is nil:
// C = alpha·op(A)·op(B) + beta·C + bias, op(A) [m, k], C [m, n], k and n those of p.
func GemmPacked[T Float](transA bool, m int, alpha T, a []T, lda int, p *Packed[T], beta T, c []T, ldc int, bias []T) {
	if m <= 0 || p.n <= 0 {
		return
	}
	checkMatrix("C", c, m, p.n, ldc)
	sums := p.k > 0 && alpha != 0
	if sums {
		checkOperand("A", a, m, p.k, lda, transA)
	}
	if bias != nil && len(bias) != p.n {
		panic(fmt.Sprintf("kernel: GemmPacked: a bias of %d elements, want %d", len(bias), p.n))
	}
	s := tileShape[T]()
	switch {
	case !sums:
		for i := range m {
			row := c[i*ldc : i*ldc+p.n]
			scaleRow(row, beta)
			if bias != nil {
				AddTo(row, bias)
			}
		}
		return
	case s.rows == 0:
		s.cols = p.n
	}
	if p.cols != s.cols {
		panic(fmt.Sprintf("kernel: GemmPacked: panels have %d columns, want %d", p.cols, s.cols))
	}
	q := product[T]{shape: s, m: m, n: p.n, k: p.k, alpha: alpha, a: a, lda: lda, transA: transA, b: p.data, ldb: p.n,
		packed: true, beta: beta, bias: bias, c: c, ldc: ldc}
	q.run()
}

// Empty tells whether nothing is packed.
func (p *Packed[T]) Empty() bool { return len(p.data) == 0 }

// Bytes is the size of p's memory.
func (p *Packed[T]) Bytes() int { return cap(p.data) * int(unsafe.Sizeof(T(0))) }

// PackingKeepsOrder tells whether Gemm, for four rows and more, adds in the order in which GemmPacked does, and so gives
// the same bits. The loops in Go do not.
func PackingKeepsOrder[T Float]() bool { return tileShape[T]().rows > 0 }

// SumDepth is the number of products that Gemm adds up before it adds them to C: a sum that is cut at a multiple of it, the
// second part added to the first, has the same bits. 0 if sums are not cut, as in the loops in Go.
func SumDepth[T Float]() int { return tileShape[T]().depth }
