package kernel

import "testing"

// TestAdam compares with the definition, to the bit, over some steps.
func TestAdam(t *testing.T) {
	s := AdamStep[float32]{Rate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: 0.1, L2: 0.01, Correct1: 10,
		Correct2: 1000, Scale: 0.7}
	eachVectorSet(t, func(t *testing.T) {
		for n := range 101 {
			if n == 100 {
				n = vectorChunk + 11
			}
			var got [4]guarded
			var want [4][]float32
			for i := range got {
				got[i] = newGuarded(n, i+n%4)
				fillNormal(got[i].x, uint64(10*n+i))
			}
			Abs(got[3].x, got[3].x) // a mean of squares
			for i := range got {
				want[i] = append([]float32{}, got[i].x...)
			}
			for range 3 {
				Adam(got[0].x, got[1].x, got[2].x, got[3].x, s)
				adamGeneric(want[0], want[1], want[2], want[3], s)
			}
			for i, name := range []string{"w", "g", "m", "v"} {
				for j := range want[i] {
					if got[i].x[j] != want[i][j] {
						t.Fatalf("%d elements: %s[%d] is %v, want %v", n, name, j, got[i].x[j], want[i][j])
					}
				}
				got[i].check(t)
			}
		}
	})
}

// TestAdamByHand has one step whose result is known: with zero moments before and both corrections, Adam moves by
// Rate against the sign of the gradient.
func TestAdamByHand(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		w, g := []float32{1, 2, 3}, []float32{4, -8, 0}
		m, v := make([]float32, 3), make([]float32, 3)
		Adam(w, g, m, v, AdamStep[float32]{Rate: 0.5, Beta1: 0.5, Beta2: 0.75, Epsilon: 1e-12, Correct1: 2, Correct2: 4,
			Scale: 1})
		for i, want := range []float32{0.5, 2.5, 3} {
			if w[i] != want {
				t.Errorf("w[%d] is %v, want %v", i, w[i], want)
			}
		}
	})
}
