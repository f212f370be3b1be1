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
	full := j1 - (j1-j0)%s.cols
	packAcross(dst, panel, s.cols, b, ldb, l0, l1, j0, full)
	if full < j1 {
		packPart(dst[(full-j0)/s.cols*panel:], s.cols, b[l0*ldb+full:], ldb, l1-l0, j1-full)
	}
}

// packPart copies rows of w < cols elements, zeros after them.
func packPart[T Float](dst []T, cols int, src []T, ld, rows, w int) {
	for l := range rows {
		out := dst[l*cols:][:cols]
		copy(out, src[l*ld:][:w])
		clear(out[w:])
	}
}

// Transpose is dst[j*rows+i] = x[i*cols+j]: x [rows, cols], dst [cols, rows].
func Transpose[T Float](dst, x []T, rows, cols int) { TransposeOf(dst, x, rows, cols, rows, cols) }

// TransposeOf is dst[j*ldd+i] = x[i*ldx+j] for a matrix of rows·cols in x: rows of x lie ldx elements apart, those of dst ldd.
// What lies between the rows of dst, at places rows to ldd, stays.
func TransposeOf[T Float](dst, x []T, rows, cols, ldd, ldx int) {
	if rows > 0 && cols > 0 {
		transposeRows(dst[:(cols-1)*ldd+rows], ldd, x[:(rows-1)*ldx+cols], ldx, rows, cols)
	}
}

// packTransposed copies n elements of each of w <= cols rows into columns, zeros to the right of them.
func packTransposed[T Float](dst []T, cols int, src []T, ld, w, n int) {
	transposeRows(dst, cols, src, ld, w, n)
	if w < cols {
		for x := range n {
			clear(dst[x*cols+w:][:cols-w])
		}
	}
}

// transposeRows copies n elements of each of w rows into columns. It does so in pieces whose copy stays in the first-level
// cache until all rows are in it.
func transposeRows[T Float](dst []T, cols int, src []T, ld, w, n int) {
	const piece = 128
	group := transposeGroup[T]()
	whole := w - w%group
	if !hasAssembly() {
		whole = 0
	}
	for l := 0; l < n; l += piece {
		part := dst[l*cols:]
		count := min(piece, n-l)
		fast := count - count%group
		for r := 0; r < whole && fast > 0; r += group {
			transpose(&part[r], cols, &src[r*ld+l], ld, fast)
		}
		for r := range w {
			from := fast
			if r >= whole {
				from = 0
			}
			for x, v := range src[r*ld+l:][from:count] {
				part[(from+x)*cols+r] = v
			}
		}
	}
}

// packA copies columns l0 to l1 of op(A), rows i0 to i1, whole tiles of them, so that a tile reads one element after
// the other: tile t begins at dst[t*rows*(l1-l0)] and has its rows' elements side by side.
func packA[T Float](s shape, dst, a []T, rowA, colA, i0, i1, l0, l1 int) {
	if rowA == 1 {
		packAcross(dst, s.rows*(l1-l0), s.rows, a, colA, l0, l1, i0, i1)
		return
	}
	for i := i0; i < i1; i += s.rows {
		packTransposed(dst[(i-i0)*(l1-l0):], s.rows, a[i*rowA+l0:], rowA, s.rows, l1-l0)
	}
}

// packAcross copies rows l0 to l1 and columns j0 to j1 into panels of cols columns, size elements for each. It goes
// a few rows and panels at a time: what lies side by side is read at about the same time, and not too many places
// are written to.
func packAcross[T Float](dst []T, size, cols int, src []T, ld, l0, l1, j0, j1 int) {
	const rows, panels = 32, 8
	for ; j0 < j1; j0 += panels * cols {
		end := min(j0+panels*cols, j1)
		for l := l0; l < l1; l += rows {
			r := min(rows, l1-l)
			for j := j0; j < end; j += cols {
				copyRows(&dst[(j-j0)/cols*size+(l-l0)*cols], cols, &src[l*ld+j], ld, r, cols)
			}
		}
		dst = dst[(end-j0)/cols*size:]
	}
}

// aligned is a slice of n elements that begins at a cache line.
func aligned[T Float | uint32](n int) []T {
	const line = 64
	size := int(unsafe.Sizeof(T(0)))
	x := make([]T, n+line/size)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(x)))%line) / size
	return x[off : off+n : off+n]
}
