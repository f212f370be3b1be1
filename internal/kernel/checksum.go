package kernel

import (
	"hash/maphash"
	"unsafe"
)

// sumSeed makes sums of one process comparable.
var sumSeed = maphash.MakeSeed()

// Checksum is a number that tells whether elements have changed since it was last taken, in this process: other bits have
// another one, but for a chance of 2⁻⁶⁴. The rows are those of a matrix whose rows lie ld apart. It takes about the time
// to read them.
func Checksum[T Float](rows, cols int, x []T, ld int) uint64 {
	if ld == cols {
		rows, cols = 1, rows*cols
	}
	var sum uint64
	for i := range rows {
		row := x[i*ld:][:cols]
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(row))), cols*int(unsafe.Sizeof(T(0))))
		sum = sum*0x9e3779b97f4a7c15 + maphash.Bytes(sumSeed, bytes)
	}
	return sum
}
