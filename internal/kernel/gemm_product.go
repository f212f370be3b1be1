package kernel

import "runtime"

// shape is how a product is cut up: tiles of rows·cols of C, and depth products in a row before they are added to C.
type shape struct{ rows, cols, depth int }

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
	// narrowBlock is the number of columns of B packed at a time when A is small: what is packed stays in the
	// second-level cache, and rows of B are read in pieces long enough to stream.
	narrowBlock = 4 * 32
	// wideBlock is that when A is cut up itself, so that it is packed less often.
	wideBlock = 32 * 32
	// sharedProduct is the number of multiplications, some 20 µs of them, from which it pays to wake a team.
	sharedProduct = 1 << 20
	// sharedAwake is that for a team that is awake.
	sharedAwake = 1 << 18
	// streamCost is the time that it takes to read an element of B once, in multiplications.
	streamCost = 4
	// blockRows is the number of rows of A packed at a time.
	blockRows = 128
)

// run computes the product, in parts for several processors if that pays.
func (p *product[T]) run() {
	p.rowA, p.colA = p.lda, 1
	if p.transA {
		p.rowA, p.colA = 1, p.lda
	}
	p.packsA = p.n >= 4*p.cols && p.m >= blockRows && (p.transA || p.rows%transposeGroup[T]() == 0)
	helpers := 0
	if cost := p.n * p.k * max(p.m, streamCost); cost >= sharedProduct || cost >= sharedAwake && theTeam.awake() {
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

// block computes rows i0 to i1 and columns j0 to j1 of C; i0 and j0 are multiples of its units.
func (p *product[T]) block(s *scratch, i0, i1, j0, j1 int) {
	var width int
	switch {
	case p.rows == 0:
		p.generic(i0, i1, j0, j1)
		return
	case p.streams() && p.transB:
		p.dotBlock(s, i0, i1, j0, j1)
		return
	case p.streams():
		width = stripCols[T](p.m)
	case p.packsA:
		width = wideBlock / p.cols * p.cols
	default:
		width = narrowBlock / p.cols * p.cols
	}
	for j := j0; j < j1; j += width {
		for l := 0; l < p.k; l += p.depth {
			p.slab(s, i0, i1, j, min(j+width, j1), l, min(l+p.depth, p.k))
		}
	}
}

// generic is block in Go loops.
func (p *product[T]) generic(i0, i1, j0, j1 int) {
	beta := p.start(i0, i1, j0, j1, 0)
	b := p.b[j0:]
	if p.transB {
		b = p.b[j0*p.ldb:]
	}
	gemmGeneric(p.transA, p.transB, i1-i0, j1-j0, p.k, p.alpha, p.a[i0*p.rowA:], p.lda, b, p.ldb, beta,
		p.c[i0*p.ldc+j0:], p.ldc)
}

// slab adds to a part of C what columns l0 to l1 of op(A) make with rows l0 to l1 of op(B).
func (p *product[T]) slab(s *scratch, i0, i1, j0, j1, l0, l1 int) {
	depth := l1 - l0
	if p.streams() {
		if j0 = p.strips(i0, i1, j0, j1, l0, l1); j0 == j1 {
			return
		}
	}
	b := panels[T]{data: scratchOf[T](s.b), size: depth * p.cols}
	whole := j1 - (j1-j0)%p.cols // columns in whole tiles
	switch {
	case p.packed:
		b.size = p.k * p.cols
		b.data = p.b[j0/p.cols*b.size+l0*p.cols:]
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

// panels are packed columns, size elements for a panel. With source, whole panels are not packed yet, and are to be
// read there.
type panels[T Float] struct {
	data   []T
	size   int
	source []T
}

// sweep goes over the tiles of a slab. packedA, if any, has the whole tiles of A.
func (p *product[T]) sweep(i0, i1, j0, j1, l0, l1 int, b panels[T], packedA []T) {
	depth := l1 - l0
	if i1-i0 == 1 && b.source == nil {
		j0, b.data = p.panelRow(i0, j0, j1, l0, l1, b)
	}
	for j := j0; j < j1; j += p.cols {
		cols, panel := min(p.cols, j1-j), &b.data[(j-j0)/p.cols*b.size]
		for i := i0; i < i1; i += p.rows {
			rows := min(p.rows, i1-i)
			a, rowA, colA := &p.a[i*p.rowA+l0*p.colA], p.rowA, p.colA
			if packedA != nil && rows == p.rows {
				a, rowA, colA = &packedA[(i-i0)*depth], 1, rows
			}
			beta, c := p.start(i, i+rows, j, j+cols, l0), &p.c[i*p.ldc+j]
			switch {
			case b.source == nil || i > i0 || cols < p.cols:
				tile(rows, cols, depth, p.alpha, a, rowA, colA, panel, p.cols, beta, c, p.ldc)
			case i+rows == i1: // nobody needs the panel afterwards
				tile(rows, cols, depth, p.alpha, a, rowA, colA, &b.source[j-j0], p.ldb, beta, c, p.ldc)
			default:
				tileCopy(rows, cols, depth, p.alpha, a, rowA, colA, &b.source[j-j0], p.ldb, beta, c, p.ldc, panel)
			}
		}
	}
}

// panelRow is sweep for one row and as many panels as come in whole groups. It returns the column after them, and
// their successors.
func (p *product[T]) panelRow(i, j, j1, l0, l1 int, b panels[T]) (int, []T) {
	group := rowPanels[T]()
	data := b.data
	for ; j+group*p.cols <= j1; j += group * p.cols {
		beta := p.start(i, i+1, j, j+group*p.cols, l0)
		row(l1-l0, p.alpha, &p.a[i*p.rowA+l0*p.colA], p.colA, &data[0], b.size, beta, &p.c[i*p.ldc+j])
		data = data[min(group*b.size, len(data)):]
	}
	return j, data
}

// start prepares a part of C for sums from l0 on, and returns what they multiply it by: the first meet the old C, to
// which a bias is added while the part is at hand.
func (p *product[T]) start(i0, i1, j0, j1, l0 int) T {
	if l0 > 0 || p.bias == nil {
		return p.betaAt(l0)
	}
	bias := p.bias[j0:j1]
	for i := i0; i < i1; i++ {
		row := p.c[i*p.ldc+j0:][:len(bias)]
		if p.beta == 0 {
			copy(row, bias)
			continue
		}
		for j, v := range bias {
			row[j] = T(p.beta*row[j]) + v
		}
	}
	return 1
}

// betaAt is what C is multiplied by before sums from l0 on are added: the first of them meet the old C.
func (p *product[T]) betaAt(l0 int) T {
	if l0 > 0 {
		return 1
	}
	return p.beta
}
