package kernel

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// newFenced is a slice of n float32 between two pages that cannot be touched: it starts right after the first (first
// true) or ends right before the second.
func newFenced(t *testing.T, n int, first bool) []float32 {
	t.Helper()
	page := os.Getpagesize()
	if 4*n > page {
		t.Fatalf("%d elements, want at most %d", n, page/4)
	}
	mem, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("no memory map: ", err)
	}
	t.Cleanup(func() { syscall.Munmap(mem) })
	for _, fence := range [][]byte{mem[:page], mem[2*page:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Skip("no protection of pages: ", err)
		}
	}
	all := unsafe.Slice((*float32)(unsafe.Pointer(&mem[page])), page/4)
	if first {
		return all[:n:n]
	}
	return all[len(all)-n:]
}

// TestNothingBeyondIsTouched runs every kernel right beside pages where an access of any kind is a fault.
func TestNothingBeyondIsTouched(t *testing.T) {
	const most = 140
	for _, first := range []bool{true, false} {
		d, x, y := newFenced(t, most, first), newFenced(t, most, first), newFenced(t, most, first)
		m, v := newFenced(t, most, first), newFenced(t, most, first)
		part := func(s []float32, n int) []float32 {
			if first {
				return s[:n]
			}
			return s[most-n:]
		}
		eachVectorSet(t, func(t *testing.T) {
			for n := 1; n <= most; n++ {
				dst, a, b := part(d, n), part(x, n), part(y, n)
				fillNormal(a, 1)
				fillNormal(b, 2)
				for _, k := range vectorCases {
					k.run(dst, a, b)
				}
				Sum(a)
				Dot(a, b)
				SumSquares(a)
				Max(a)
				AllFinite(a)
				SoftmaxRow(dst, a)
				AddRows(part(d, n/3), part(x, n/3*3), 3, n/3)
				ScatterAddRows(part(d, n/3*2), part(x, n/3*3), []int{0, 1, 1}, n/3, 5)
				for _, k := range updates {
					k.run([5][]float32{dst, a, b, part(m, n), part(v, n)})
				}
			}
		})
	}
}
