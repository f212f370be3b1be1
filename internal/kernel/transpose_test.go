package kernel

import "testing"

// Every size up to a few groups and pieces, with rows that lie apart on both sides.
func TestTranspose(t *testing.T) {
	t.Run("float32", testTranspose[float32])
	t.Run("float64", testTranspose[float64])
}

func testTranspose[T Float](t *testing.T) {
	sizes := []int{0, 1, 3, 4, 7, 8, 9, 16, 31, 127, 128, 129, 300}
	for _, rows := range sizes {
		for _, cols := range sizes {
			const apart, before = 3, -1
			ldd, ldx := rows+apart, cols+apart
			x, dst := make([]T, rows*ldx), make([]T, cols*ldd)
			for i := range x {
				x[i] = T(i)
			}
			Fill(dst, before)
			TransposeOf(dst, x, rows, cols, ldd, ldx)
			for i, got := range dst {
				want := T(before)
				if j, r := i/ldd, i%ldd; r < rows {
					want = T(r*ldx + j)
				}
				if got != want {
					t.Fatalf("%d rows, %d columns: element %d is %v, want %v", rows, cols, i, got, want)
				}
			}
		}
	}
}
