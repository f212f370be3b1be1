//go:build amd64 && !noasm

package kernel

import "unsafe"

// tileShape is the shape of the tiles that the processor has for T.
func tileShape[T Float]() shape {
	size := int(unsafe.Sizeof(T(0)))
	var s shape
	switch {
	case hasAVX512:
		s = shape{rows: 8, cols: 128 / size}
	case hasAVX2:
		s = shape{rows: 4, cols: 96 / size}
	default:
		return s
	}
	s.depth = depthBytes / size
	s.piece = pieceOf(s.depth, s.cols*size)
	return s
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

// rowPanels is the number of panels that row takes.
func rowPanels[T Float]() int {
	if hasAVX512 {
		return 4
	}
	return 2
}

// transposeGroup is the number of rows that transpose takes, and what n must be a multiple of: 32 bytes' worth.
func transposeGroup[T Float]() int { return 32 / int(unsafe.Sizeof(T(0))) }
