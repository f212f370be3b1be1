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
	p.packsA = p.n >= 4*p.cols && p.m >= 128 && (p.rowA == 1 || p.rows%transposeGroup[T]() == 0)
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
	b := panels[T]{data: scratchOf[T](s.b), size: depth * p.cols, row: p.cols}
	whole := j1 - (j1-j0)%p.cols // columns in whole tiles
	switch {
	case p.packed != nil:
		b.size = p.k * p.cols
		b.data = p.packed.data[j0/p.cols*b.size+l0*p.cols:]
	case p.transB:
		packB(p.shape, b.data, b.size, true, p.b, p.ldb, l0, l1, j0, j1)
	default:
		// The first row of tiles reads B where it is, and packs it for those below.
		b.source = p.b[l0*p.ldb+j0:]
		if whole < j1 {
			part := b.data[(whole-j0)/p.cols*b.size:]
			packPart(part, p.cols, p.b[l0*p.ldb+whole:], p.ldb, depth, j1-whole)
		}
	}
	if !p.packsA {
		p.sweep(i0, i1, j0, j1, l0, l1, b, nil)
		return
	}
	a := scratchOf[T](s.a)
	for i := i0; i < i1; i += blockRows {
		end := min(i+blockRows, i1)
		packA(p.shape, a, p.a, p.rowA, p.colA, i, end-(end-i)%p.rows, l0, l1)
		p.sweep(i, end, j0, j1, l0, l1, b, a)
		b.source = nil
	}
}

// panels are packed columns: size elements for a panel, row between its rows. With source, not all of them are
// packed yet: whole panels are still to be read there.
type panels[T Float] struct {
	data      []T
	size, row int
	source    []T
}

// sweep goes over the tiles of a slab. packedA, if any, has the whole tiles of A.
func (p *product[T]) sweep(i0, i1, j0, j1, l0, l1 int, b panels[T], packedA []T) {
	beta, depth := p.beta, l1-l0
	if l0 > 0 {
		beta = 1
	}
	for j := j0; j < j1; j += p.cols {
		cols, panel := min(p.cols, j1-j), &b.data[(j-j0)/p.cols*b.size]
		for i := i0; i < i1; i += p.shape.rows {
			rows := min(p.shape.rows, i1-i)
			a, rowA, colA := &p.a[i*p.rowA+l0*p.colA], p.rowA, p.colA
			if packedA != nil && rows == p.shape.rows {
				a, rowA, colA = &packedA[(i-i0)*depth], 1, rows
			}
			c := &p.c[i*p.ldc+j]
			switch {
			case b.source == nil || i > i0 || cols < p.cols:
				tile(rows, cols, depth, p.alpha, a, rowA, colA, panel, b.row, beta, c, p.ldc)
			case i+rows == i1: // nobody needs the panel afterwards
				tile(rows, cols, depth, p.alpha, a, rowA, colA, &b.source[j-j0], p.ldb, beta, c, p.ldc)
			default:
				tileCopy(rows, cols, depth, p.alpha, a, rowA, colA, &b.source[j-j0], p.ldb, beta, c, p.ldc, panel)
			}
		}
	}
}
