package kernel

import "runtime"

// shape is how a product is cut up: tiles of rows·cols of C, and depth products in a row before they are added to C.
type shape struct{ rows, cols, depth int }

// product is one call of Gemm, op(A)'s element (i, l) being a[i*rowA+l*colA].
type product[T Float] struct {
	shape
	m, n, k    int
	alpha      T
	a          []T
	rowA, colA int
	b          []T
	ldb        int
	transB     bool
	packed     *Packed[T] // instead of b
	beta       T
	c          []T
	ldc        int
	packsA     bool
}

const (
	// narrowBlock is the number of columns of B packed at a time when A is small: what is packed stays in the
	// second-level cache, and rows of B are read in pieces long enough to stream.
	narrowBlock = 4 * 32
	// wideBlock is that when A is cut up itself, so that it is packed less often.
	wideBlock = 16 * 32
	// sharedProduct is the number of multiplications from which the work is shared between processors.
	sharedProduct = 2 << 20
	// blockRows is the number of rows of A packed at a time.
	blockRows = 128
)

// run computes the product, in parts for several processors if that pays.
func (p *product[T]) run() {
	p.packsA = p.n >= 4*p.cols && p.m >= 64 && (p.rowA == 1 || p.rows%transposeGroup[T]() == 0)
	helpers := 0
	if p.m*p.n*p.k >= sharedProduct {
		helpers = runtime.GOMAXPROCS(0) - 1
	}
	if helpers == 0 {
		s := takeScratch()
		p.block(s, 0, p.m, 0, p.n)
		giveScratch(s)
		return
	}
	p.share(helpers)
}

// share cuts C into blocks, of columns if there are enough, of rows otherwise, and has a team compute them. k is
// never cut, so that the order of additions does not depend on the number of processors.
func (p *product[T]) share(helpers int) {
	j := jobOf[T]()
	defer j.free()
	const blocksEach = 4 // for each processor, in case one is late
	j.product, j.rows, j.cols = *p, p.m, p.n
	if panels := (p.n + p.cols - 1) / p.cols; panels > helpers {
		j.cols = max(1, panels/(blocksEach*(helpers+1))) * p.cols
	} else {
		tiles := (p.m + p.shape.rows - 1) / p.shape.rows
		j.rows = max(1, tiles/(blocksEach*(helpers+1))) * p.shape.rows
	}
	j.across = (p.n + j.cols - 1) / j.cols
	theTeam.run(j, j.across*((p.m+j.rows-1)/j.rows), helpers)
}

// block computes rows i0 to i1 and columns j0 to j1 of C; j0 is a multiple of cols, i0 one of rows.
func (p *product[T]) block(s *scratch, i0, i1, j0, j1 int) {
	width := narrowBlock / p.cols * p.cols
	if p.packsA {
		width = wideBlock / p.cols * p.cols
	}
	for j := j0; j < j1; j += width {
		for l := 0; l < p.k; l += p.depth {
			p.slab(s, i0, i1, j, min(j+width, j1), l, min(l+p.depth, p.k))
		}
	}
}

// slab adds to a part of C what columns l0 to l1 of op(A) make with rows l0 to l1 of op(B).
func (p *product[T]) slab(s *scratch, i0, i1, j0, j1, l0, l1 int) {
	depth := l1 - l0
	var b []T
	panel, rowB := depth*p.cols, p.cols
	full := j1
	switch {
	case p.packed != nil:
		panel = p.k * p.cols
		b = p.packed.data[j0/p.cols*panel+l0*p.cols:]
	case !p.transB && p.m <= 3:
		full = j1 - (j1-j0)%p.cols
		p.sweep(i0, i1, j0, full, l0, l1, p.b[l0*p.ldb+j0:], p.cols, p.ldb, nil)
		if full == j1 {
			return
		}
		j0 = full
		fallthrough
	default:
		b = scratchOf[T](s.b)
		packB(p.shape, b, panel, p.transB, p.b, p.ldb, l0, l1, j0, j1)
	}
	if !p.packsA {
		p.sweep(i0, i1, j0, j1, l0, l1, b, panel, rowB, nil)
		return
	}
	a := scratchOf[T](s.a)
	for i := i0; i < i1; i += blockRows {
		end := min(i+blockRows, i1)
		packA(p.shape, a, p.a, p.rowA, p.colA, i, end-(end-i)%p.rows, l0, l1)
		p.sweep(i, end, j0, j1, l0, l1, b, panel, rowB, a)
	}
}

// sweep goes over the tiles of a slab. Panels of B are panel elements apart and their rows rowB; pa, if any, has the
// whole tiles of A, packed.
func (p *product[T]) sweep(i0, i1, j0, j1, l0, l1 int, b []T, panel, rowB int, pa []T) {
	beta, depth := p.beta, l1-l0
	if l0 > 0 {
		beta = 1
	}
	for j := j0; j < j1; j += p.cols {
		cols, from := min(p.cols, j1-j), &b[(j-j0)/p.cols*panel]
		for i := i0; i < i1; i += p.rows {
			c, rows := &p.c[i*p.ldc+j], min(p.rows, i1-i)
			if pa != nil && rows == p.rows {
				tile(rows, cols, depth, p.alpha, &pa[(i-i0)*depth], 1, p.rows, from, rowB, beta, c, p.ldc)
				continue
			}
			tile(rows, cols, depth, p.alpha, &p.a[i*p.rowA+l0*p.colA], p.rowA, p.colA, from, rowB, beta, c, p.ldc)
		}
	}
}
