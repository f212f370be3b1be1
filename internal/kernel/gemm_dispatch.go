//go:build amd64 && !noasm

package kernel

import "unsafe"

// tileShape is the shape of the tiles that the processor has for T.
func tileShape[T Float]() shape {
	size := int(unsafe.Sizeof(T(0)))
	switch {
	case hasAVX512:
		return shape{rows: 8, cols: 128 / size, depth: 2048 / size}
	case hasAVX2:
		return shape{rows: 4, cols: 96 / size, depth: 2048 / size}
	}
	return shape{}
}

// tile multiplies rows of A with a panel of B, see tile32AVX512.
func tile[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int) {
	if unsafe.Sizeof(alpha) == 4 {
		a, b, c := (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*float32)(unsafe.Pointer(c))
		if hasAVX512 {
			tile32AVX512(rows, cols, k, float32(alpha), a, rowA, colA, b, rowB, float32(beta), c, ldc)
		} else {
			tile32AVX2(rows, cols, k, float32(alpha), a, rowA, colA, b, rowB, float32(beta), c, ldc)
		}
		return
	}
	x, y, z := (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*float64)(unsafe.Pointer(c))
	if hasAVX512 {
		tile64AVX512(rows, cols, k, float64(alpha), x, rowA, colA, y, rowB, float64(beta), z, ldc)
	} else {
		tile64AVX2(rows, cols, k, float64(alpha), x, rowA, colA, y, rowB, float64(beta), z, ldc)
	}
}

// tileCopy is tile for rows and columns of a whole tile; it copies them of B to panel, see tileCopy32AVX512.
func tileCopy[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int, panel *T) {
	if unsafe.Sizeof(alpha) == 4 {
		a, b, c := (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*float32)(unsafe.Pointer(c))
		d := (*float32)(unsafe.Pointer(panel))
		if hasAVX512 {
			tileCopy32AVX512(rows, cols, k, float32(alpha), a, rowA, colA, b, rowB, float32(beta), c, ldc, d)
		} else {
			tileCopy32AVX2(rows, cols, k, float32(alpha), a, rowA, colA, b, rowB, float32(beta), c, ldc, d)
		}
		return
	}
	x, y, z := (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*float64)(unsafe.Pointer(c))
	d := (*float64)(unsafe.Pointer(panel))
	if hasAVX512 {
		tileCopy64AVX512(rows, cols, k, float64(alpha), x, rowA, colA, y, rowB, float64(beta), z, ldc, d)
	} else {
		tileCopy64AVX2(rows, cols, k, float64(alpha), x, rowA, colA, y, rowB, float64(beta), z, ldc, d)
	}
}

// stripCols is the width of a strip of so many rows, at most stripRows.
func stripCols[T Float](rows int) int {
	size := int(unsafe.Sizeof(T(0)))
	switch {
	case hasAVX512:
		return 512 / size
	case rows == 1:
		return 256 / size
	}
	return 128 / size
}

// strip multiplies a few rows of A with B where it is, see strip32AVX512.
func strip[T Float](rows, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int) {
	if unsafe.Sizeof(alpha) == 4 {
		a, b, c := (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*float32)(unsafe.Pointer(c))
		if hasAVX512 {
			strip32AVX512(rows, k, float32(alpha), a, rowA, colA, b, rowB, float32(beta), c, ldc)
		} else {
			strip32AVX2(rows, k, float32(alpha), a, rowA, colA, b, rowB, float32(beta), c, ldc)
		}
		return
	}
	x, y, z := (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*float64)(unsafe.Pointer(c))
	if hasAVX512 {
		strip64AVX512(rows, k, float64(alpha), x, rowA, colA, y, rowB, float64(beta), z, ldc)
	} else {
		strip64AVX2(rows, k, float64(alpha), x, rowA, colA, y, rowB, float64(beta), z, ldc)
	}
}

// rowPanels is the number of panels that row takes.
func rowPanels[T Float]() int {
	if hasAVX512 {
		return 4
	}
	return 2
}

// row multiplies one row of A with rowPanels panels, panel elements apart, see row32AVX512.
func row[T Float](k int, alpha T, a *T, colA int, b *T, panel int, beta T, c *T) {
	if unsafe.Sizeof(alpha) == 4 {
		a, b, c := (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*float32)(unsafe.Pointer(c))
		if hasAVX512 {
			row32AVX512(1, k, float32(alpha), a, colA, b, panel, float32(beta), c, 0)
		} else {
			row32AVX2(1, k, float32(alpha), a, colA, b, panel, float32(beta), c, 0)
		}
		return
	}
	x, y, z := (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*float64)(unsafe.Pointer(c))
	if hasAVX512 {
		row64AVX512(1, k, float64(alpha), x, colA, y, panel, float64(beta), z, 0)
	} else {
		row64AVX2(1, k, float64(alpha), x, colA, y, panel, float64(beta), z, 0)
	}
}

// copyRows copies rows of width elements, which must make one of the widths of copyRowsAVX.
func copyRows[T Float](dst *T, dstRow int, src *T, srcRow, rows, width int) {
	size := int(unsafe.Sizeof(*dst))
	copyRowsAVX((*byte)(unsafe.Pointer(dst)), size*dstRow, (*byte)(unsafe.Pointer(src)), size*srcRow, rows, size*width)
}

// transposeGroup is the number of rows that transpose takes, and what n must be a multiple of: 32 bytes' worth.
func transposeGroup[T Float]() int { return 32 / int(unsafe.Sizeof(T(0))) }

// transpose turns a group of rows into columns, see transpose32AVX.
func transpose[T Float](dst *T, dstRow int, src *T, srcRow, n int) {
	if unsafe.Sizeof(*dst) == 4 {
		transpose32AVX((*float32)(unsafe.Pointer(dst)), dstRow, (*float32)(unsafe.Pointer(src)), srcRow, n)
	} else {
		transpose64AVX((*float64)(unsafe.Pointer(dst)), dstRow, (*float64)(unsafe.Pointer(src)), srcRow, n)
	}
}

// dots multiplies a with four rows of B, see dots32AVX512.
func dots[T Float](n int, a, b *T, rowB int, s *[4]T) {
	if unsafe.Sizeof(*a) == 4 {
		a, b, s := (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*[4]float32)(unsafe.Pointer(s))
		if hasAVX512 {
			dots32AVX512(n, a, b, rowB, s)
		} else {
			dots32AVX2(n, a, b, rowB, s)
		}
		return
	}
	x, y, z := (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*[4]float64)(unsafe.Pointer(s))
	if hasAVX512 {
		dots64AVX512(n, x, y, rowB, z)
	} else {
		dots64AVX2(n, x, y, rowB, z)
	}
}

// peakLoop is the loop that finds how many multiply-adds the processor can do, and the operations of a turn; nil
// without assembly.
func peakLoop() (loop func(n int), operations int) {
	const chains = 12
	switch {
	case hasAVX512:
		return peak32AVX512, 2 * chains * 16
	case hasAVX2:
		return peak32AVX2, 2 * chains * 8
	}
	return nil, 0
}
