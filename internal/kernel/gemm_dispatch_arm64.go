//go:build arm64 && !noasm

package kernel

import "unsafe"

// tileShape is the shape of the tiles that the processor has for T.
func tileShape[T Float]() shape {
	if !hasNEON {
		return shape{}
	}
	size := int(unsafe.Sizeof(T(0)))
	depth := depthBytes / size
	return shape{rows: 6, cols: 64 / size, depth: depth, piece: depth} // a panel of 32 KB stays in the first-level cache
}

// tile multiplies rows of A with a panel of B, see tile32NEON. As a piece is a whole panel, there are no sums to go on with;
// and it leaves fetching to the processor.
func tile[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, _ *T, beta T, c *T, ldc int, _ fetch) {
	if unsafe.Sizeof(alpha) == 4 {
		tile32NEON(rows, cols, k, float32(alpha), of32(a), rowA, colA, of32(b), rowB, float32(beta), of32(c), ldc)
	} else {
		tile64NEON(rows, cols, k, float64(alpha), of64(a), rowA, colA, of64(b), rowB, float64(beta), of64(c), ldc)
	}
}

// tileCopy is tile for rows and columns of a whole tile; it copies them of B to panel, see tileCopy32NEON.
func tileCopy[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, _ *T, beta T, c *T, ldc int, panel *T) {
	if unsafe.Sizeof(alpha) == 4 {
		tileCopy32NEON(rows, cols, k, float32(alpha), of32(a), rowA, colA, of32(b), rowB, float32(beta), of32(c), ldc,
			of32(panel))
	} else {
		tileCopy64NEON(rows, cols, k, float64(alpha), of64(a), rowA, colA, of64(b), rowB, float64(beta), of64(c), ldc,
			of64(panel))
	}
}

// stripCols is the width of a strip of so many rows, at most stripRows.
func stripCols[T Float](rows int) int {
	size := int(unsafe.Sizeof(T(0)))
	if rows == 1 {
		return 256 / size
	}
	return 128 / size
}

// strip multiplies a few rows of A with B where it is, see strip32NEON.
func strip[T Float](rows, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int) {
	if unsafe.Sizeof(alpha) == 4 {
		strip32NEON(rows, k, float32(alpha), of32(a), rowA, colA, of32(b), rowB, float32(beta), of32(c), ldc)
	} else {
		strip64NEON(rows, k, float64(alpha), of64(a), rowA, colA, of64(b), rowB, float64(beta), of64(c), ldc)
	}
}

// rowPanels is the number of panels that row takes.
func rowPanels[T Float]() int { return 4 }

// row multiplies one row of A with rowPanels panels, panel elements apart, see row32NEON.
func row[T Float](k int, alpha T, a *T, colA int, b *T, panel int, beta T, c *T) {
	if unsafe.Sizeof(alpha) == 4 {
		row32NEON(1, k, float32(alpha), of32(a), colA, of32(b), panel, float32(beta), of32(c), 0)
	} else {
		row64NEON(1, k, float64(alpha), of64(a), colA, of64(b), panel, float64(beta), of64(c), 0)
	}
}

// copyRows copies rows of width elements, which must make one of the widths of copyRowsNEON.
func copyRows[T Float](dst *T, dstRow int, src *T, srcRow, rows, width int) {
	size := int(unsafe.Sizeof(*dst))
	copyRowsNEON((*byte)(unsafe.Pointer(dst)), size*dstRow, (*byte)(unsafe.Pointer(src)), size*srcRow, rows, size*width)
}

// transposeGroup is the number of rows that transpose takes, and what n must be a multiple of: 16 bytes' worth.
func transposeGroup[T Float]() int { return 16 / int(unsafe.Sizeof(T(0))) }

// transpose turns a group of rows into columns, see transpose32NEON.
func transpose[T Float](dst *T, dstRow int, src *T, srcRow, n int) {
	if unsafe.Sizeof(*dst) == 4 {
		transpose32NEON(of32(dst), dstRow, of32(src), srcRow, n)
	} else {
		transpose64NEON(of64(dst), dstRow, of64(src), srcRow, n)
	}
}

// dots multiplies a with four rows of B, see dots32NEON.
func dots[T Float](n int, a, b *T, rowB int, s *[4]T) {
	if unsafe.Sizeof(*a) == 4 {
		dots32NEON(n, of32(a), of32(b), rowB, (*[4]float32)(unsafe.Pointer(s)))
	} else {
		dots64NEON(n, of64(a), of64(b), rowB, (*[4]float64)(unsafe.Pointer(s)))
	}
}

func of32[T Float](p *T) *float32 { return (*float32)(unsafe.Pointer(p)) }
func of64[T Float](p *T) *float64 { return (*float64)(unsafe.Pointer(p)) }

// peakLoop is the loop that finds how many multiply-adds the processor can do, and the operations of a turn; nil
// without assembly.
func peakLoop() (loop func(n int), operations int) {
	if !hasNEON {
		return nil, 0
	}
	const chains = 24
	return peak32NEON, 2 * chains * 4
}
