package kernel

// block computes rows i0 to i1 and columns j0 to j1 of C; i0 and j0 are multiples of its units.
func (p *product[T]) block(s *scratch, i0, i1, j0, j1 int) {
	switch {
	case p.rows == 0:
		p.generic(i0, i1, j0, j1)
		return
	case p.streams() && p.transB:
		p.dotBlock(s, i0, i1, j0, j1)
		return
	}
	b := p.blocking(i1-i0, j1-j0)
	for j := j0; j < j1; j += b.outer {
		for l := 0; l < p.k; l += p.depth {
			p.slab(s, b, i0, i1, j, min(j+b.outer, j1), l, min(l+p.depth, p.k))
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
func (p *product[T]) slab(s *scratch, by blocking, i0, i1, j0, j1, l0, l1 int) {
	if p.streams() {
		if j0 = p.strips(i0, i1, j0, j1, l0, l1); j0 == j1 {
			return
		}
	}
	w := tiling[T]{product: p, l0: l0, l1: l1, sums: scratchOf[T](s.sums)}
	for w.i0 = i0; w.i0 < i1; w.i0 += by.rows {
		w.i1 = min(w.i0+by.rows, i1)
		if p.packsA {
			w.a = scratchOf[T](s.a)
			packA(p.shape, w.a, p.a, p.rowA, p.colA, w.i0, w.i1-(w.i1-w.i0)%p.rows, l0, l1)
		}
		for j := j0; j < j1; j += by.group {
			end := min(j+by.group, j1)
			w.b = p.panels(s, by, w.i0 == i0, j, end, l0, l1)
			w.run(j, end)
		}
	}
}

// panels are packed columns, size elements for a panel. With source, whole panels are not packed yet, and are to be
// read there.
type panels[T Float] struct {
	data   []T
	size   int
	source []T
}

// next goes on by so many panels of so many columns each.
func (b *panels[T]) next(n, cols int) {
	b.data = b.data[min(n*b.size, len(b.data)):]
	if b.source != nil {
		b.source = b.source[min(n*cols, len(b.source)):]
	}
}

// panels gives rows l0 to l1 and columns j to j1 of op(B), for the first block of rows or another one.
func (p *product[T]) panels(s *scratch, by blocking, first bool, j, j1, l0, l1 int) panels[T] {
	if p.packed {
		size := p.k * p.cols
		return panels[T]{data: p.b[j/p.cols*size+l0*p.cols:], size: size}
	}
	depth := l1 - l0
	b := panels[T]{data: scratchOf[T](s.b), size: depth * p.cols}
	whole := j1 - (j1-j)%p.cols // columns in whole tiles
	switch {
	case by.keeps && !first:
	case p.transB:
		packB(p.shape, b.data, b.size, true, p.b, p.ldb, l0, l1, j, j1)
	default:
		// The first row of tiles reads B where it is, and packs it for those below.
		b.source = p.b[l0*p.ldb+j:]
		if whole < j1 {
			part := b.data[(whole-j)/p.cols*b.size:]
			packPart(part, p.cols, p.b[l0*p.ldb+whole:], p.ldb, depth, j1-whole)
		}
	}
	return b
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
