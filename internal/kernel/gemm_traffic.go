//go:build amd64 && !noasm && traffic

package kernel

import "unsafe"

// With the tag traffic, the loops of products run as ever, but the kernels that they call compute nothing: they tell
// a simulated processor what they would read and write. TestTraffic prints what it counts.

// traffic is who is told, unless it is nil.
var traffic *caches

// touch tells of rows of so many elements.
func touch[T Float](p *T, rowDistance, rows, width int, access access) {
	if traffic == nil || p == nil {
		return
	}
	size := unsafe.Sizeof(*p)
	at := uintptr(unsafe.Pointer(p))
	for range rows {
		traffic.access(at, uintptr(width)*size, access)
		at += uintptr(rowDistance) * size
	}
}

// touchTile tells of what a tile reads and writes, in the order of k.
func touchTile[T Float](rows, cols, k int, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int, panel *T) {
	size := int(unsafe.Sizeof(*a))
	at := func(p *T, i int) *T { return (*T)(unsafe.Add(unsafe.Pointer(p), i*size)) }
	const line = 64
	for l := range k {
		touch(at(b, l*rowB), 0, 1, cols, reads)
		if panel != nil {
			touch(at(panel, l*cols), 0, 1, cols, writes)
		}
		for i := range rows {
			x := at(a, i*rowA+l*colA)
			// The one before, in this column or this row, may have brought the line already.
			if l > 0 && sameLine(x, at(a, i*rowA+(l-1)*colA), line) || i > 0 && sameLine(x, at(a, (i-1)*rowA+l*colA), line) {
				continue
			}
			touch(x, 0, 1, 1, reads)
		}
	}
	if beta != 0 {
		touch(c, ldc, rows, cols, reads)
	}
	touch(c, ldc, rows, cols, writes)
}

func sameLine[T Float](x, y *T, line uintptr) bool {
	return uintptr(unsafe.Pointer(x))/line == uintptr(unsafe.Pointer(y))/line
}

func tile[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, sums *T, beta T, c *T, ldc int, _ fetch) {
	touch(sums, tileShape[T]().cols, rows, cols, reads)
	touchTile(rows, cols, k, a, rowA, colA, b, rowB, beta, c, ldc, nil)
}

func tileCopy[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, sums *T, beta T, c *T, ldc int, panel *T) {
	touch(sums, tileShape[T]().cols, rows, cols, reads)
	touchTile(rows, cols, k, a, rowA, colA, b, rowB, beta, c, ldc, panel)
}

func strip[T Float](rows, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int) {
	touchTile(rows, stripCols[T](rows), k, a, rowA, colA, b, rowB, beta, c, ldc, nil)
}

func row[T Float](k int, alpha T, a *T, colA int, b *T, panel int, beta T, c *T) {
	cols := tileShape[T]().cols
	for p := range rowPanels[T]() {
		each := (*T)(unsafe.Add(unsafe.Pointer(b), p*panel*int(unsafe.Sizeof(*b))))
		touchTile(1, cols, k, a, 0, colA, each, cols, beta, c, 0, nil)
	}
}

func copyRows[T Float](dst *T, dstRow int, src *T, srcRow, rows, width int) {
	size := int(unsafe.Sizeof(*dst))
	for r := range rows {
		touch((*T)(unsafe.Add(unsafe.Pointer(src), r*srcRow*size)), 0, 1, width, reads)
		touch((*T)(unsafe.Add(unsafe.Pointer(dst), r*dstRow*size)), 0, 1, width, writes)
	}
}

func transpose[T Float](dst *T, dstRow int, src *T, srcRow, n int) {
	size, group := int(unsafe.Sizeof(*dst)), transposeGroup[T]()
	for l := 0; l < n; l += group {
		touch((*T)(unsafe.Add(unsafe.Pointer(src), l*size)), srcRow, group, group, reads)
		touch((*T)(unsafe.Add(unsafe.Pointer(dst), l*dstRow*size)), dstRow, group, group, writes)
	}
}

func dots[T Float](n int, a, b *T, rowB int, s *[4]T) {
	touch(a, 0, 1, n, reads)
	touch(b, rowB, 4, n, reads)
}
