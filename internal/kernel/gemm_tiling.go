package kernel

// tiling is a pass over tiles of C: rows i0 to i1, and what columns l0 to l1 of op(A) and rows l0 to l1 of op(B) add
// to them.
type tiling[T Float] struct {
	*product[T]
	i0, i1, l0, l1 int
	a              []T // packed, all whole tiles, if not nil
	b              panels[T]
	fetching       fetching
	sums           []T // memory for sums that are not complete, a tile after the other
}

// run goes over columns j0 to j1, of which b has the panels: panel by panel, and in each piece by piece, so that what
// all rows of tiles read stays in the first-level cache.
func (w *tiling[T]) run(j0, j1 int) {
	w.shareFetching()
	if w.i1-w.i0 == 1 && w.b.source == nil {
		j0 = w.row(j0, j1)
	}
	for j := j0; j < j1; j += w.cols {
		for l := w.l0; l < w.l1; l += w.piece {
			w.column(j, min(w.cols, j1-j), l, min(l+w.piece, w.l1))
		}
		w.b.next(1, w.cols)
	}
}

// column computes one column of tiles with a piece of a panel, from l to end.
func (w *tiling[T]) column(j, cols, l, end int) {
	depth := w.l1 - w.l0
	panel := &w.b.data[(l-w.l0)*w.cols]
	piece, next := w.upcoming(l, end)
	for t, i := 0, w.i0; i < w.i1; t, i = t+1, i+w.rows {
		rows := min(w.rows, w.i1-i)
		a, rowA, colA := &w.product.a[i*w.rowA+l*w.colA], w.rowA, w.colA
		if w.a != nil && rows == w.rows {
			a, rowA, colA = &w.a[(i-w.i0)*depth+(l-w.l0)*rows], 1, rows
		}
		// Sums that are not complete wait for the next piece, as they are.
		own := &w.sums[(i-w.i0)*w.cols]
		alpha, beta, c, ldc := T(1), T(0), own, w.cols
		if end == w.l1 {
			alpha, beta, c, ldc = w.alpha, w.start(i, i+rows, j, j+cols, w.l0), &w.c[i*w.ldc+j], w.ldc
		}
		if l == w.l0 {
			own = nil
		}
		f := fetch{at: piece}
		if t >= w.fetching.from && t < w.fetching.to {
			f = fetch{next, w.fetching.row, w.fetching.more}
			next += uintptr(w.fetching.skip)
		}
		if w.b.source == nil || i > w.i0 || cols < w.cols {
			tile(rows, cols, end-l, alpha, a, rowA, colA, panel, w.cols, own, beta, c, ldc, f)
			continue
		}
		source := &w.b.source[(l-w.l0)*w.ldb]
		if i+rows == w.i1 { // nobody needs the panel afterwards
			tile(rows, cols, end-l, alpha, a, rowA, colA, source, w.ldb, own, beta, c, ldc, f)
		} else {
			tileCopy(rows, cols, end-l, alpha, a, rowA, colA, source, w.ldb, own, beta, c, ldc, panel)
		}
	}
}

// row is run for one row and as many panels as come in whole groups. It returns the column after them.
func (w *tiling[T]) row(j, j1 int) int {
	group := rowPanels[T]() * w.cols
	for ; j+group <= j1; j += group {
		beta := w.start(w.i0, w.i0+1, j, j+group, w.l0)
		row(w.l1-w.l0, w.alpha, &w.product.a[w.i0*w.rowA+w.l0*w.colA], w.colA, &w.b.data[0], w.b.size, beta, &w.c[w.i0*w.ldc+j])
		w.b.next(group/w.cols, w.cols)
	}
	return j
}
