package op

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The largest of columns, found row by row, is what argmax finds column by column, to the bit: of zeros of both signs, and of NaNs,
// the first.
func TestLargestRow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), math.Float32frombits(0x7fc00123), float32(math.Inf(1)), float32(math.Inf(-1)), 1, -1}
	for _, o := range []Max{{1, 1, 2}, {1, 3, 5}, {2, 7, 3}, {3, 2, 300}} {
		for range 50 {
			x := make([]float32, o.Outer*o.N*o.Inner)
			for i := range x {
				x[i] = some[r.IntN(len(some))]
			}
			for i := range o.Outer {
				got := make([]float32, o.Inner)
				largestRow(got, x[i*o.N*o.Inner:(i+1)*o.N*o.Inner])
				for j, v := range got {
					if want := x[argmax(x, o, i*o.Inner+j)]; math.Float32bits(v) != math.Float32bits(want) {
						t.Fatalf("%v, result %d: %v (%#x); want %v (%#x)", o, i*o.Inner+j, v, math.Float32bits(v), want, math.Float32bits(want))
					}
				}
			}
		}
	}
}
