package ranking

import "testing"

// The area is 1 where all that is strange has higher scores, 0 where all of it has lower ones, and a half where nothing is told.
func TestArea(t *testing.T) {
	strange := []bool{false, true, false, true, false}
	for want, scores := range map[float64][]float64{1: {1, 5, 2, 4, 3}, 0: {3, -1, 4, 2, 5e9}, 0.5: {7, 7, 7, 7, 7}, 0.75: {1, 5, 4, 2.5, 2.5}} {
		if got, err := Area(scores, strange); err != nil || got != want {
			t.Errorf("%v: %g, error %v; want %g", scores, got, err, want)
		}
	}
}
