package kernel

import (
	"math"
	"testing"
)

// A change of any bit of a matrix is seen, its order too; what lies between the rows does not count.
func TestChecksum(t *testing.T) {
	for _, rows := range []int{1, 2, 7} {
		for _, cols := range []int{1, 3, 16, 301} {
			for _, gap := range []int{0, 5} {
				ld := cols + gap
				x := make([]float32, rows*ld)
				for i := range x {
					x[i] = float32(i)
				}
				want := Checksum(rows, cols, x, ld)
				for i := range x {
					old := x[i]
					x[i] = math.Float32frombits(math.Float32bits(old) ^ 1)
					if changed, inside := Checksum(rows, cols, x, ld) != want, i%ld < cols; changed != inside {
						t.Fatalf("[%d, %d] with rows %d apart: a change of element %d is seen: %v", rows, cols, ld, i, changed)
					}
					x[i] = old
				}
				if rows > 1 {
					x[0], x[ld] = x[ld], x[0]
					if Checksum(rows, cols, x, ld) == want {
						t.Errorf("[%d, %d]: exchanged rows are not seen", rows, cols)
					}
				}
			}
		}
	}
	if Checksum(1, 2, []float64{0, 1}, 2) == Checksum(1, 2, []float64{math.Copysign(0, -1), 1}, 2) {
		t.Error("the sign of a zero is not seen")
	}
}
