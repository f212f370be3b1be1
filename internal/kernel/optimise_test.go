package kernel

import (
	"slices"
	"testing"
)

// updateCase is an update in a common form: of the vectors w, g, v, m and b it takes those that used names.
type updateCase struct {
	name, used string
	run, def   func(p [5][]float32) // the exported kernel and its definition
}

func sgdCase(name, used string, s SGDStep[float32]) updateCase {
	return updateCase{name, used,
		func(p [5][]float32) { SGD(p[0], p[1], p[2], s) },
		func(p [5][]float32) { sgdGeneric(p[0], p[1], p[2], s) }}
}

// rmspropCase gives the vectors that are not used as nil.
func rmspropCase(name, used string, centred, momentum bool) updateCase {
	s := RMSPropStep[float32]{Rate: 0.01, Alpha: 0.99, Epsilon: 1e-8, Momentum: 0.9, L2: 0.01}
	some := func(x []float32, use bool) []float32 {
		if use {
			return x
		}
		return nil
	}
	return updateCase{name, used,
		func(p [5][]float32) { RMSProp(p[0], p[1], p[2], some(p[3], centred), some(p[4], momentum), s) },
		func(p [5][]float32) { rmspropGeneric(p[0], p[1], p[2], some(p[3], centred), some(p[4], momentum), s) }}
}

var adamStep = AdamStep[float32]{Rate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: 0.1, L2: 0.01,
	Correct1: 10, Correct2: 1000, Scale: 0.7}

var updates = []updateCase{
	{"Adam", "wgvm", func(p [5][]float32) { Adam(p[0], p[1], p[3], p[2], adamStep) },
		func(p [5][]float32) { adamGeneric(p[0], p[1], p[3], p[2], adamStep) }},
	sgdCase("SGD", "wg", SGDStep[float32]{Rate: 0.01, L2: 0.01, Nesterov: true}), // Nesterov's needs momentum
	sgdCase("SGDMomentum", "wgv", SGDStep[float32]{Rate: 0.01, L2: 0.01, Momentum: 0.9}),
	sgdCase("SGDNesterov", "wgv", SGDStep[float32]{Rate: 0.01, L2: 0.01, Momentum: 0.9, Nesterov: true}),
	{"AdaGrad", "wgv", func(p [5][]float32) { AdaGrad(p[0], p[1], p[2], 0.01, 1e-10, 0.01) },
		func(p [5][]float32) { adagradGeneric(p[0], p[1], p[2], 0.01, 1e-10, 0.01) }},
	rmspropCase("RMSProp", "wgv", false, false),
	rmspropCase("RMSPropMomentum", "wgvb", false, true),
	rmspropCase("RMSPropCentred", "wgvm", true, false),
	rmspropCase("RMSPropCentredMomentum", "wgvmb", true, true),
}

const updateNames = "wgvmb"

// TestUpdates compares with the definitions, to the bit, over some steps: all short lengths at several offsets, on
// ordinary values and on special ones, which the unused vectors must keep.
func TestUpdates(t *testing.T) {
	lengths := []int{vectorChunk, vectorChunk + 11, 2*vectorChunk + 64}
	for n := range 101 {
		lengths = append(lengths, n)
	}
	eachVectorSet(t, func(t *testing.T) {
		for _, c := range updates {
			for _, n := range lengths {
				checkUpdate(t, c, n, func(x []float32, i int) {
					fillNormal(x, uint64(10*n+i))
					if i == 2 {
						Abs(x, x) // a mean of squares
					}
				})
				checkUpdate(t, c, n, func(x []float32, i int) { fillMixed(x, uint64(10*n+i)) })
			}
		}
	})
}

func checkUpdate(t *testing.T, c updateCase, n int, fill func(x []float32, i int)) {
	t.Helper()
	var all [5]guarded
	var got, want [5][]float32
	for i := range all {
		all[i] = newGuarded(n, i+n%4)
		got[i] = all[i].x
		fill(got[i], i)
		want[i] = slices.Clone(got[i])
	}
	for range 3 {
		c.run(got)
		c.def(want)
	}
	sameVectors(t, c, got, want)
	for _, g := range all {
		g.check(t)
	}
}

func sameVectors(t *testing.T, c updateCase, got, want [5][]float32) {
	t.Helper()
	for i := range got {
		for j := range got[i] {
			if !sameBits(got[i][j], want[i][j]) {
				t.Fatalf("%s of %d elements: %c[%d] is %v, want %v", c.name, len(got[i]), updateNames[i], j, got[i][j],
					want[i][j])
			}
		}
	}
}

// TestUpdatesSharedGradient has the gradient in the place of each other vector.
func TestUpdatesSharedGradient(t *testing.T) {
	eachVectorSet(t, func(t *testing.T) {
		for _, c := range updates {
			for n := range 50 {
				for _, with := range []int{0, 2, 3, 4} {
					var got, want [5][]float32
					for i := range got {
						got[i] = make([]float32, n)
						fillMixed(got[i], uint64(10*n+i))
						want[i] = slices.Clone(got[i])
					}
					got[1], want[1] = got[with], want[with]
					c.run(got)
					c.def(want)
					sameVectors(t, c, got, want)
				}
			}
		}
	})
}

// TestUpdatesLengths gives one vector after the other an element less than w has: a panic before anything is written,
// and nothing if the vector is not in use. Longer ones do.
func TestUpdatesLengths(t *testing.T) {
	const n = 20
	eachVectorSet(t, func(t *testing.T) {
		for _, c := range updates {
			for i := 1; i < 5; i++ {
				var p [5][]float32
				for j := range p {
					p[j] = make([]float32, n+3)
					fillNormal(p[j], uint64(j))
				}
				p[0], p[i] = p[0][:n], p[i][:n-1:n-1]
				w := slices.Clone(p[0])
				panicked := panics(func() { c.run(p) })
				if want := slices.Contains([]byte(c.used), updateNames[i]); panicked != want {
					t.Errorf("%s, short %c: panic is %v, want %v", c.name, updateNames[i], panicked, want)
				}
				if changed := !slices.Equal(w, p[0]); changed == panicked {
					t.Errorf("%s, short %c: panic is %v, change of w is %v", c.name, updateNames[i], panicked, changed)
				}
			}
		}
	})
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}
