package kernel

import "testing"

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

// TestUpdatesByHand has one step from w = 4 by gradient 2, which becomes 2 + 4/2 = 4 by weight decay. Every number on
// the way is exact.
func TestUpdatesByHand(t *testing.T) {
	t.Run("float32", func(t *testing.T) { eachVectorSet(t, updatesByHand[float32]) })
	t.Run("float64", updatesByHand[float64])
}

func updatesByHand[T Float](t *testing.T) {
	rms := RMSPropStep[T]{Rate: 0.25, Alpha: 0.5, Epsilon: 2, Momentum: 0.5, L2: 0.5}
	for _, c := range []struct {
		name         string
		before, want [4]T // w, v, m, b
		run          func(w, g, v, m, b []T)
	}{
		{"SGD", [4]T{4, 6, 0, 0}, [4]T{4 - 1, 6, 0, 0},
			func(w, g, v, m, b []T) { SGD(w, g, v, SGDStep[T]{Rate: 0.25, L2: 0.5}) }},
		{"SGDMomentum", [4]T{4, 6, 0, 0}, [4]T{4 - 7./4, 7, 0, 0},
			func(w, g, v, m, b []T) { SGD(w, g, v, SGDStep[T]{Rate: 0.25, L2: 0.5, Momentum: 0.5}) }},
		{"SGDNesterov", [4]T{4, 6, 0, 0}, [4]T{4 - 7.5/4, 7, 0, 0},
			func(w, g, v, m, b []T) { SGD(w, g, v, SGDStep[T]{Rate: 0.25, L2: 0.5, Momentum: 0.5, Nesterov: true}) }},
		{"AdaGrad", [4]T{4, 20, 0, 0}, [4]T{4 - 1./8, 36, 0, 0},
			func(w, g, v, m, b []T) { AdaGrad(w, g, v, 0.25, 2, 0.5) }},
		{"RMSProp", [4]T{4, 56, 2, 1}, [4]T{4 - 1./8, 36, 2, 1},
			func(w, g, v, m, b []T) { RMSProp(w, g, v, nil, nil, rms) }},
		{"RMSPropMomentum", [4]T{4, 56, 2, 2}, [4]T{4 - 1.5/4, 36, 2, 1.5},
			func(w, g, v, m, b []T) { RMSProp(w, g, v, nil, b, rms) }},
		{"RMSPropCentred", [4]T{4, 10, 2, 1}, [4]T{4 - 1./4, 13, 3, 1},
			func(w, g, v, m, b []T) { RMSProp(w, g, v, m, nil, rms) }},
		{"RMSPropCentredMomentum", [4]T{4, 10, 2, 1}, [4]T{4 - 1.5/4, 13, 3, 1.5},
			func(w, g, v, m, b []T) { RMSProp(w, g, v, m, b, rms) }},
		// Less than nothing is left of the square, as rounding may have it; it counts as nothing.
		{"RMSPropCentred, no spread", [4]T{4, 0, 4, 0}, [4]T{4 - 1./2, 8, 4, 0},
			func(w, g, v, m, b []T) { RMSProp(w, g, v, m, nil, rms) }},
	} {
		const n = 11 // a register and a rest
		var p [4][]T
		for i := range p {
			p[i] = make([]T, n)
			Fill(p[i], c.before[i])
		}
		g := make([]T, n)
		Fill(g, 2)
		c.run(p[0], g, p[1], p[2], p[3])
		for i := range p {
			for j, got := range p[i] {
				if got != c.want[i] {
					t.Fatalf("%s: %c[%d] is %v, want %v", c.name, "wvmb"[i], j, got, c.want[i])
				}
			}
		}
	}
}
