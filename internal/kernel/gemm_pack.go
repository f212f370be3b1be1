package kernel

import "unsafe"

// packB copies rows l0 to l1 and columns j0 to j1 of op(B) into panels: shape.cols columns each, row after row, the
// last one filled up with zeros. Panel p begins at dst[p*panel].
func packB[T Float](s shape, dst []T, panel int, transB bool, b []T, ldb, l0, l1, j0, j1 int) {
	if transB {
		for j := j0; j < j1; j += s.cols {
			packTransposed(dst[(j-j0)/s.cols*panel:], s.cols, b[j*ldb+l0:], ldb, min(s.cols, j1-j), l1-l0)
		}
		return
	}
	// A few rows at a time, so that what lies side by side in B is read at about the same time.
	const rows = 32
	full := j1 - (j1-j0)%s.cols
	for l := l0; l < l1; l += rows {
		r := min(rows, l1-l)
		for j := j0; j < full; j += s.cols {
			copyRows(&dst[(j-j0)/s.cols*panel+(l-l0)*s.cols], s.cols, &b[l*ldb+j], ldb, r, s.cols)
		}
	}
	if full < j1 {
		packPart(dst[(full-j0)/s.cols*panel:], s.cols, b[l0*ldb+full:], ldb, l1-l0, j1-full)
	}
}

// packPart copies rows of w < cols elements, zeros after them.
func packPart[T Float](dst []T, cols int, src []T, ld, rows, w int) {
	for l := range rows {
		out := dst[l*cols:][:cols]
		for j, v := range src[l*ld:][:w] {
			out[j] = v
		}
		clear(out[w:])
	}
}

// packTransposed copies n elements of each of w <= cols rows into columns, zeros to the right of them.
func packTransposed[T Float](dst []T, cols int, src []T, ld, w, n int) {
	group := transposeGroup[T]()
	whole := n - n%group
	for r := 0; r < w; r += group {
		from := 0
		if r+group <= w && whole > 0 {
			transpose(&dst[r], cols, &src[r*ld], ld, whole)
			from = whole
		}
		for i := r; i < min(r+group, w); i++ {
			for l, v := range src[i*ld:][from:n] {
				dst[(from+l)*cols+i] = v
			}
		}
	}
	for l := range n {
		if w == cols {
			break
		}
		clear(dst[l*cols+w:][:cols-w])
	}
}

// packA copies columns l0 to l1 of op(A), rows i0 to i1, whole tiles of them, so that a tile reads one element after
// the other: tile t begins at dst[t*rows*(l1-l0)] and has its rows' elements side by side.
func packA[T Float](s shape, dst, a []T, rowA, colA, i0, i1, l0, l1 int) {
	for i := i0; i < i1; i += s.rows {
		at := (i - i0) * (l1 - l0)
		if rowA == 1 {
			copyRows(&dst[at], s.rows, &a[l0*colA+i], colA, l1-l0, s.rows)
		} else {
			packTransposed(dst[at:], s.rows, a[i*rowA+l0:], rowA, s.rows, l1-l0)
		}
	}
}

// aligned is a slice of n elements that begins at a cache line.
func aligned[T Float](n int) []T {
	const line = 64
	size := int(unsafe.Sizeof(T(0)))
	x := make([]T, n+line/size)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(x)))%line) / size
	return x[off : off+n : off+n]
}
