package kernel

import "unsafe"

// scratch is the memory that a goroutine packs into during a product.
type scratch struct{ a, b, sums []float64 }

// scratches holds those that nobody uses. A channel, unlike a sync.Pool, is not emptied by the garbage collector.
var scratches = make(chan *scratch, 16)

func takeScratch() *scratch {
	select {
	case s := <-scratches:
		return s
	default:
		const n = mostResident
		return &scratch{a: aligned[float64](n * depthBytes / 8), b: aligned[float64]((n + 32) * depthBytes / 8),
			sums: aligned[float64](n * 128 / 8)}
	}
}

func giveScratch(s *scratch) {
	select {
	case scratches <- s:
	default:
	}
}

// scratchOf is memory as elements of T.
func scratchOf[T Float](x []float64) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*8/int(unsafe.Sizeof(T(0))))
}
