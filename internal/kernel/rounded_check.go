package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
)

// tilesChecked tells that AMX is in use: Features says so.
var tilesChecked atomic.Bool

// checkEngine compares the bits of an engine's products with those of its definition, with edges of every kind: a
// processor or an emulator that differs is found out before results depend on it.
func checkEngine(p Precision, e, definition *engine) error {
	rng := rand.New(rand.NewPCG(1, 16))
	for _, shape := range [][3]int{{53, 35, 39}, {1, 1, 1}, {32, 64, 64}, {5, 130, 33}} {
		for _, wide := range []bool{false, true} {
			m, n, k := shape[0], shape[1], shape[2]
			a, b, c := numbers(rng, m*k, wide), numbers(rng, k*n, wide), numbers(rng, m*n, wide)
			want := make([]float32, m*n)
			for variant := range 3 {
				transA, transB, beta := variant == 1, variant == 2, float32(variant%2)
				lda, ldb := k, n
				if transA {
					lda = m
				}
				if transB {
					ldb = k
				}
				copy(want, c)
				gemmRounded(e, p, transA, transB, m, n, k, a, lda, b, ldb, beta, c, n, nil)
				gemmRounded(definition, p, transA, transB, m, n, k, a, lda, b, ldb, beta, want, n, nil)
				for i, v := range c {
					if w := want[i]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
						return fmt.Errorf("instructions %s that compute as they should: element %d of a product [%d, %d]·[%d, %d] in %v is %v, want %v",
							e.name, i, m, k, k, n, p, v, w)
					}
				}
			}
		}
	}
	return nil
}

// numbers are between 1/128 and 2, of both signs; or, if wide, a quarter of them is of sizes up to where sums become
// denormal or infinite, and one in 64 has any bits: denormal numbers, infinities and NaN are among them.
func numbers(rng *rand.Rand, n int, wide bool) []float32 {
	x := make([]float32, n)
	for i := range x {
		bits := rng.Uint32()
		exponent := 120 + bits>>5&7
		if wide && i%4 == 0 {
			exponent = 40 + bits>>5&127
		}
		if !wide || i%64 != 13 {
			bits = bits&^(255<<23) | exponent<<23
		}
		x[i] = math.Float32frombits(bits)
	}
	return x
}
