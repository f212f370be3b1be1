package kernel

import (
	"runtime"
	"unsafe"
)

// shape is how a product is cut up: tiles of rows·cols of C, and depth products in a row before they are added to C, a
// piece of them after the other.
type shape struct{ rows, cols, depth, piece int }

// product is one call of Gemm.
type product[T Float] struct {
	shape
	m, n, k int
	alpha   T
	a       []T
	lda     int
	transA  bool
	b       []T // op(B), or the panels of a Packed
	ldb     int
	transB  bool
	packed  bool
	beta    T
	bias    []T // [n], or nil; not for products that stream
	c       []T
	ldc     int

	rowA, colA int // op(A)'s element (i, l) is a[i*rowA+l*colA]
	packsA     bool
}

const (
	// sharedProduct is the number of multiplications, some 20 µs of them, from which it pays to wake a team.
	sharedProduct = 1 << 20
	// sharedAwake is that for a team that is awake.
	sharedAwake = 1 << 18
	// streamCost is the time that it takes to read an element of B once, in multiplications.
	streamCost = 4
)

// run computes the product, in parts for several processors if that pays.
func (p *product[T]) run() {
	p.rowA, p.colA = p.lda, 1
	if p.transA {
		p.rowA, p.colA = 1, p.lda
	}
	p.packsA = p.worthPackingA() && (p.transA || p.rows%transposeGroup[T]() == 0)
	helpers := helpersToMultiply(p.n * p.k * max(p.m, streamCost))
	if helpers == 0 {
		s := takeScratch()
		p.block(s, 0, p.m, 0, p.n)
		giveScratch(s)
		return
	}
	p.share(helpers)
}

// helpersToMultiply is how many members of the team it pays to call for so many multiplications.
func helpersToMultiply(cost int) int {
	if cost >= sharedProduct || cost >= sharedAwake && theTeam.awake() {
		return runtime.GOMAXPROCS(0) - 1
	}
	return 0
}

// helpersToPack is the same for reading so many elements once, to pack them.
func helpersToPack(size int) int {
	if size >= sharedProduct/streamCost {
		return runtime.GOMAXPROCS(0) - 1
	}
	return 0
}

// worthPackingA tells whether A is packed: if it has many rows, or if they lie at distances at which all rows of a tile
// share one set of the first-level cache.
func (p *product[T]) worthPackingA() bool {
	const way = 4096 // bytes in each way of the cache
	collide := p.rowA*int(unsafe.Sizeof(p.alpha))%way == 0 && p.k > 1
	return p.m >= blockRows && p.n >= 4*p.cols || collide && p.m >= 2*p.rows && p.n >= 32*p.cols
}

// share cuts C into blocks, of columns if there are enough, of rows otherwise, and has a team compute them. k is
// never cut, so that the order of additions does not depend on the number of processors.
func (p *product[T]) share(helpers int) {
	j := jobOf[T]()
	defer j.free()
	const blocksEach = 4 // for each processor, in case one is late
	parts := blocksEach * (helpers + 1)
	// each is the size of a block, in units of which there are n: the nearest, so that few are left over for one processor.
	each := func(n int) int { return max(1, (n+parts/2)/parts) }
	j.product, j.rows, j.cols = *p, p.m, p.n
	rows, cols := p.units()
	if n := ceil(p.m, blockRows); p.packsA && p.m >= p.n && n >= 2*(helpers+1) {
		j.rows = each(n) * blockRows // a block of columns would pack all of A again
	} else if n := ceil(p.n, cols); n > helpers {
		j.cols = each(n) * cols
	} else {
		j.rows = each(ceil(p.m, rows)) * rows
	}
	j.across = ceil(p.n, j.cols)
	theTeam.run(j, j.across*ceil(p.m, j.rows), helpers)
}

// ceil is a/b, rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// units is what C should be cut by.
func (p *product[T]) units() (rows, cols int) {
	switch {
	case p.rows == 0:
		return 4, 64
	case p.streams():
		return p.rows, stripCols[T](p.m)
	}
	return p.rows, p.cols
}
