package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestScatterAddRows compares with the definition for rows of all short lengths and one of more than a chunk, with ids
// that come again and ids to skip.
func TestScatterAddRows(t *testing.T) {
	widths := []int{vectorChunk + 5}
	for cols := range 70 {
		widths = append(widths, cols)
	}
	const rows, skip = 5, 3
	rng := rand.New(rand.NewPCG(1, 1))
	eachVectorSet(t, func(t *testing.T) {
		for _, cols := range widths {
			ids := make([]int, 17)
			for i := range ids {
				ids[i] = rng.IntN(rows)
			}
			dst, src := newGuarded(rows*cols, 3), newGuarded(len(ids)*cols, 1)
			fillMixed(dst.x, uint64(cols))
			fillMixed(src.x, uint64(cols+1000))
			before, want, added := slices.Clone(dst.x), slices.Clone(dst.x), slices.Clone(src.x)
			ScatterAddRows(dst.x, src.x, ids, cols, skip)
			scatterAddRowsGeneric(want, added, ids, cols, skip)
			for i := range want {
				if !sameBits(dst.x[i], want[i]) {
					t.Fatalf("%d columns: element %d is %g, want %g", cols, i, dst.x[i], want[i])
				}
				if i/cols == skip && !sameBits(dst.x[i], before[i]) {
					t.Fatalf("%d columns: element %d of a row to skip is %g, was %g", cols, i, dst.x[i], before[i])
				}
			}
			if !slices.EqualFunc(src.x, added, sameBits) {
				t.Fatalf("%d columns: the rows to add changed", cols)
			}
			dst.check(t)
			src.check(t)
		}
	})
}

// TestScatterAddRowsOrder has sums that depend on the order: (1e8 + 1) - 1e8 is 0 in float32, (1e8 - 1e8) + 1 is 1. The
// id to skip lies outside of the table.
func TestScatterAddRowsOrder(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for _, cols := range []int{1, 8, 19} {
			var src []float32
			for _, v := range []float32{1e8, 1e8, 1, 7, -1e8, -1e8, 1} {
				row := make([]float32, cols)
				Fill(row, v)
				src = append(src, row...)
			}
			dst := make([]float32, 3*cols)
			ScatterAddRows(dst, src, []int{0, 2, 0, -1, 0, 2, 2}, cols, -1)
			for i, got := range dst {
				if want := []float32{0, 0, 1}[i/cols]; got != want {
					t.Errorf("%d columns: row %d has %g, want %g", cols, i/cols, got, want)
				}
			}
		}
	})
}

func TestScatterAddRowsOutside(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for _, cols := range []int{3, 9} {
			for _, id := range []int{-1, 4} {
				dst := make([]float32, 4*cols)
				if !panics(func() { ScatterAddRows(dst, make([]float32, cols), []int{id}, cols, -2) }) {
					t.Errorf("%d columns: id %d of 4 rows does not panic", cols, id)
				}
			}
			if !panics(func() { ScatterAddRows(make([]float32, 4*cols), make([]float32, 2*cols-1), []int{0, 1}, cols, -2) }) {
				t.Errorf("%d columns: an element missing does not panic", cols)
			}
		}
	})
}
