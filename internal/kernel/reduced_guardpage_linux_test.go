package kernel

import (
	"testing"
	"unsafe"
)

// TestReducedTouchesNothingBeyond packs and multiplies right beside pages where an access of any kind is a fault.
func TestReducedTouchesNothingBeyond(t *testing.T) {
	const most = 1024 // elements, a page
	for _, first := range []bool{true, false} {
		x, y, z, v := newFenced(t, most, first), newFenced(t, most, first), newFenced(t, most, first), newFenced(t, most, first)
		part := func(s []float32, n int) []float32 {
			if first {
				return s[:n:n]
			}
			return s[most-n:]
		}
		eachReduced(t, func(t *testing.T, _ bool, create func() Reduced) {
			w := create()
			for m := 1; m <= 7; m++ {
				for n := 1; n <= 140; n += 1 + n/3 {
					for k := 1; k*max(m, n) <= most; k += 1 + k/2 {
						for beta := range 2 {
							transB := (m+n+k)%2 > 0
							ldb := n
							if transB {
								ldb = k
							}
							w.Pack(transB, k, n, part(y, k*n), ldb)
							w.Multiply(m, part(x, m*k), k, float32(beta), part(z, m*n), n, part(v, n))
						}
					}
				}
			}
		})
	}
}

// TestReducedKernelsTouchNothingBeyond does so with what the kernels alone read: packed weights, quantised inputs,
// scales and offsets.
func TestReducedKernelsTouchNothingBeyond(t *testing.T) {
	words := func(n int) []uint32 {
		return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(newFenced(t, n, false)))), n)
	}
	eachReduced(t, func(t *testing.T, _ bool, create func() Reduced) {
		for _, rows := range []int{1, 2, 4} {
			for k := 1; k <= 8; k++ {
				w := create()
				w.Pack(false, k, 1, make([]float32, k), 1)
				j, multiply := &reducedJob{m: rows, lda: k, a: newFenced(t, rows*k, false)}, bfloat16Rows
				switch w := w.(type) {
				case *BFloat16:
					j.blocks = w.blocks
				case *Int8:
					multiply, j.blocks = int8Rows, w.blocks
					offsets := unsafe.Slice((*int32)(unsafe.Pointer(&words(w.width)[0])), w.width)
					j.weights = &Int8{scales: newFenced(t, w.width, false), offsets: offsets}
					n := rows * j.steps
					j.inputs = unsafe.Slice((*uint64)(unsafe.Pointer(&words(2 * n)[0])), n)
					j.inputBytes, j.scales = words(n), newFenced(t, rows, false)
				}
				j.data = words(len(j.data))
				multiply(j, 0, 0, rows, newFenced(t, rows*j.width, false), j.width)
			}
		}
	})
}
