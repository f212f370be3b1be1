//go:build !(amd64 || arm64) || noasm

package kernel

// Without assembly there are no tiles, and nothing below is called.

func tileShape[T Float]() shape { return shape{} }

func tile[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, sums *T, beta T, c *T, ldc int,
	f fetch) {
}

func tileCopy[T Float](rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, sums *T, beta T, c *T, ldc int,
	panel *T) {
}

func stripCols[T Float](rows int) int { return 1 }

func strip[T Float](rows, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int) {
}

func rowPanels[T Float]() int { return 1 }

func row[T Float](k int, alpha T, a *T, colA int, b *T, panel int, beta T, c *T) {}

func copyRows[T Float](dst *T, dstRow int, src *T, srcRow, rows, width int) {}

func transposeGroup[T Float]() int { return 8 }

func transpose[T Float](dst *T, dstRow int, src *T, srcRow, n int) {}

func dots[T Float](n int, a, b *T, rowB int, s *[4]T) {}

func pause(n int) {}
