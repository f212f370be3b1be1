package kernel

import "testing"

// TestGemmTouchesNothingBeyond multiplies matrices right beside pages where an access of any kind is a fault.
func TestGemmTouchesNothingBeyond(t *testing.T) {
	const most = 1024 // elements, a page
	for _, first := range []bool{true, false} {
		x, y, z := newFenced(t, most, first), newFenced(t, most, first), newFenced(t, most, first)
		part := func(s []float32, n int) []float32 {
			if first {
				return s[:n:n]
			}
			return s[most-n:]
		}
		eachVectorSet(t, func(t *testing.T) {
			var p Packed[float32]
			for _, tr := range transposes {
				for m := 1; m <= 13; m += 1 + m/4 {
					for n := 1; n <= 72; n++ {
						for k := 1; k*max(m, n) <= most; k += 1 + 3*k/2 {
							lda, ldb := k, n
							if tr[0] {
								lda = m
							}
							if tr[1] {
								ldb = k
							}
							a, b, c := part(x, m*k), part(y, k*n), part(z, m*n)
							Gemm(tr[0], tr[1], m, n, k, 1, a, lda, b, ldb, 1, c, n)
							p.Pack(tr[1], k, n, b, ldb)
							GemmPacked(tr[0], m, 1, a, lda, &p, 0, c, n, nil)
						}
					}
				}
			}
		})
	}
}
