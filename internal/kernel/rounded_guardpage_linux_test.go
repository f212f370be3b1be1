package kernel

import "testing"

// TestRoundedTouchesNothingBeyond multiplies matrices right beside pages where an access of any kind is a fault.
func TestRoundedTouchesNothingBeyond(t *testing.T) {
	e, err := fastEngine(BFloat16Precision)
	if err != nil {
		t.Skip("the machine lacks ", err)
	}
	const most = 1024 // elements, a page
	for _, first := range []bool{true, false} {
		x, y, z := newFenced(t, most, first), newFenced(t, most, first), newFenced(t, most, first)
		part := func(s []float32, n int) []float32 {
			if first {
				return s[:n:n]
			}
			return s[most-n:]
		}
		for _, p := range []Precision{BFloat16Precision, BFloat16x3Precision} { // the second for its packing
			for _, tr := range transposes {
				for m := 1; m <= 34; m += 1 + m/4 {
					for n := 1; n*m <= most && n <= 72; n += 1 + n/8 {
						for k := 1; k*max(m, n) <= most; k += 1 + 3*k/2 {
							lda, ldb := k, n
							if tr[0] {
								lda = m
							}
							if tr[1] {
								ldb = k
							}
							gemmRounded(e, p, tr[0], tr[1], m, n, k, part(x, m*k), lda, part(y, k*n), ldb, 1, part(z, m*n), n, nil)
						}
					}
				}
			}
		}
	}
}
