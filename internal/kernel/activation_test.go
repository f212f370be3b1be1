package kernel

import (
	"math"
	"os"
	"testing"
)

// activations are the transcendental kernels, the float64 functions they are to match, and by how much in units in
// the last place. Over all float32 the assembly's maxima are 1.05, 0.91, 2.50, 2.40 and 1.77.
var activations = []struct {
	name string
	run  func(dst, x []float32)
	want func(float64) float64
	ulp  float64
}{
	{"Exp", Exp[float32], math.Exp, 1.5},
	{"Log", Log[float32], math.Log, 1.5},
	{"Tanh", Tanh[float32], math.Tanh, 3},
	{"Sigmoid", Sigmoid[float32], sigmoid64, 3},
	{"Softplus", Softplus[float32], softplus64, 2},
}

// ulps is the distance of got from want in units in the last place that a float32 of the size of want has. Inf
// stands for 2¹²⁸ where want rounds to it or nearly so. NaN is at distance 0 of NaN.
func ulps(got float32, want float64) float64 {
	g := float64(got)
	switch {
	case math.IsNaN(want) && math.IsNaN(g), g == want:
		return 0
	case math.IsNaN(want), math.IsNaN(g):
		return math.Inf(1)
	}
	limit := func(x float64) float64 { return math.Max(math.Min(x, 0x1p128), -0x1p128) }
	g, want = limit(g), limit(want)
	_, e := math.Frexp(want)
	return math.Abs(g-want) / math.Ldexp(1, max(min(e, 128)-24, -149))
}

// sweep is every step-th float32 by its bits, NaN among them.
func sweep(step uint64) []float32 {
	x := make([]float32, 0, 1<<32/step+1)
	for b := uint64(0); b < 1<<32; b += step {
		x = append(x, math.Float32frombits(uint32(b)))
	}
	return x
}

// TestActivationAccuracy measures the distance from float64. UNROLL_EXHAUSTIVE=1 makes it go through all numbers. Steps are odd, so
// that every bit of the numbers changes.
func TestActivationAccuracy(t *testing.T) {
	block := uint64(1 << 16)
	step := uint64(1021)
	switch {
	case os.Getenv("UNROLL_EXHAUSTIVE") != "":
		step = 1
	case testing.Short():
		step = 65519 // 128 numbers in every power of two: enough to see that a processor computes something else
	}
	eachVectorSet(t, func(t *testing.T) {
		x, y := make([]float32, 0, block), make([]float32, block)
		for _, a := range activations {
			worst, at := 0.0, float32(0)
			for b := uint64(0); b < 1<<32; {
				for x = x[:0]; len(x) < int(block) && b < 1<<32; b += step {
					x = append(x, math.Float32frombits(uint32(b)))
				}
				a.run(y[:len(x)], x)
				for i, v := range x {
					if e := ulps(y[i], a.want(float64(v))); e > worst {
						worst, at = e, v
					}
				}
			}
			t.Logf("%s: at most %.2f ulp, at %g", a.name, worst, at)
			if worst > a.ulp {
				t.Errorf("%s: %.2f ulp at %g, want at most %g", a.name, worst, at, a.ulp)
			}
		}
	})
}

func TestActivationSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	minusZero := float32(math.Copysign(0, -1))
	const tiny, big = math.SmallestNonzeroFloat32, math.MaxFloat32
	cases := []struct {
		name    string
		run     func(dst, x []float32)
		x, want []float32
	}{
		{"Exp", Exp[float32],
			[]float32{0, minusZero, inf, -inf, nan, 89, big, -104, -big, tiny, -103.9, 88.72284},
			[]float32{1, 1, inf, 0, nan, inf, inf, 0, 0, 1, tiny, inf}},
		{"Log", Log[float32],
			[]float32{0, minusZero, inf, -inf, nan, 1, -1, -tiny, -big},
			[]float32{-inf, -inf, inf, nan, nan, 0, nan, nan, nan}},
		{"Tanh", Tanh[float32],
			[]float32{0, minusZero, inf, -inf, nan, 10, -10, big, -big, tiny, -tiny, 0x1p-126},
			[]float32{0, minusZero, 1, -1, nan, 1, -1, 1, -1, tiny, -tiny, 0x1p-126}},
		{"Sigmoid", Sigmoid[float32],
			[]float32{0, minusZero, inf, -inf, nan, 30, -105, big, -big, tiny, -103.9},
			[]float32{0.5, 0.5, 1, 0, nan, 1, 0, 1, 0, 0.5, tiny}},
		{"Softplus", Softplus[float32],
			[]float32{0, inf, -inf, nan, 30, -105, big, -big, -103.9},
			[]float32{math.Ln2, inf, 0, nan, 30, 0, big, 0, tiny}},
		{"ReLU", ReLU[float32],
			[]float32{0, minusZero, inf, -inf, nan, tiny, -tiny}, []float32{0, 0, inf, 0, nan, tiny, 0}},
	}
	eachVectorSet(t, func(t *testing.T) {
		for _, c := range cases {
			got := make([]float32, len(c.x))
			c.run(got, c.x)
			for i, x := range c.x {
				if !sameBits(got[i], c.want[i]) {
					t.Errorf("%s(%g) = %g, want %g", c.name, x, got[i], c.want[i])
				}
			}
		}
	})
}
