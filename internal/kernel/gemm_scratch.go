package kernel

import "unsafe"

// scratch is the memory that a goroutine packs into during a product.
type scratch struct{ a, b, sums []float64 }

// scratches are those that nobody uses.
var scratches = make(spares[scratch], 16)

func takeScratch() *scratch {
	s := scratches.take()
	if s.a == nil {
		const n = mostResident
		*s = scratch{a: aligned[float64](n * depthBytes / 8), b: aligned[float64]((n + 32) * depthBytes / 8),
			sums: aligned[float64](n * 128 / 8)}
	}
	return s
}

func giveScratch(s *scratch) { scratches.give(s) }

// scratchOf is memory as elements of T.
func scratchOf[T Float](x []float64) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*8/int(unsafe.Sizeof(T(0))))
}
