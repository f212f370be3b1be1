package kernel

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// gammaRecord is testdata/gamma.json, see record_gamma.py.
func gammaRecord(t *testing.T) (one, two [][]float64) {
	t.Helper()
	data, err := os.ReadFile("testdata/gamma.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ One, Two [][]float64 }
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.One) < 200 || len(r.Two) < 1000 {
		t.Fatalf("%d and %d rows", len(r.One), len(r.Two))
	}
	return r.One, r.Two
}

// gammaErrors is the largest error of a function in units of eps·max(|y|, floor), in float64 and in float32.
type gammaErrors struct{ f64, f32 float64 }

func (e *gammaErrors) see(got64 float64, got32 float32, exactInput bool, want, floor float64) {
	unit := max(math.Abs(want), floor, 0x1p-1000)
	e.f64 = max(e.f64, math.Abs(got64-want)/unit/0x1p-53)
	if exactInput && math.Abs(want) < math.MaxFloat32 && unit > 0x1p-126 {
		e.f32 = max(e.f32, math.Abs(float64(got32)-want)/unit/0x1p-24)
	}
}

// The functions are right to a few units in the last place; near the zero of ψ, to a few units of 1.
func TestGammaFunctions(t *testing.T) {
	one, two := gammaRecord(t)
	names := []string{"Log1p", "LogGamma", "Polygamma 0", "Polygamma 1", "Polygamma 2", "Polygamma 3", "Polygamma 4"}
	limits := []float64{2, 3, 8, 4, 4, 6, 8}
	errs := make([]gammaErrors, len(names))
	for _, row := range one {
		x := row[0]
		exact := float64(float32(x)) == x
		for i, want := range row[1:] {
			y64, y32 := make([]float64, 1), make([]float32, 1)
			switch i {
			case 0:
				Log1p(y64, []float64{x})
				Log1p(y32, []float32{float32(x)})
			case 1:
				LogGamma(y64, []float64{x})
				LogGamma(y32, []float32{float32(x)})
			default:
				Polygamma(y64, []float64{x}, i-2)
				Polygamma(y32, []float32{float32(x)}, i-2)
			}
			floor := 0.0
			if i == 2 {
				floor = 1
			}
			errs[i].see(y64[0], y32[0], exact, want, floor)
		}
	}
	for i, e := range errs {
		t.Logf("%s: %.2f, in float32 %.2f", names[i], e.f64, e.f32)
		if e.f64 > limits[i] || e.f32 > 1.001 {
			t.Errorf("%s: errors of %.2f and, in float32, %.2f halves of the last place; want at most %g and 1", names[i], e.f64, e.f32, limits[i])
		}
	}
	var rising, difference gammaErrors
	for _, row := range two {
		x, n := row[0], row[1]
		exact := float64(float32(x)) == x
		y64, y32 := make([]float64, 1), make([]float32, 1)
		LogRisingFactorial(y64, []float64{x}, []float64{n})
		LogRisingFactorial(y32, []float32{float32(x)}, []float32{float32(n)})
		rising.see(y64[0], y32[0], exact, row[2], 1)
		DigammaDifference(y64, []float64{x}, []float64{n})
		DigammaDifference(y32, []float32{float32(x)}, []float32{float32(n)})
		difference.see(y64[0], y32[0], exact, row[3], 0)
	}
	t.Logf("LogRisingFactorial: %.2f, in float32 %.2f; DigammaDifference: %.2f, %.2f", rising.f64, rising.f32, difference.f64, difference.f32)
	if rising.f64 > 12 || rising.f32 > 1.001 || difference.f64 > 5 || difference.f32 > 1.001 {
		t.Errorf("LogRisingFactorial: %.2f and %.2f; DigammaDifference: %.2f and %.2f", rising.f64, rising.f32, difference.f64, difference.f32)
	}
}

func TestGammaFunctionsAtTheEdge(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	x := []float64{0, -0.5, -3, inf, nan}
	y := make([]float64, len(x))
	for name, c := range map[string]struct {
		f    func()
		want []float64
	}{
		"LogGamma":    {func() { LogGamma(y, x) }, []float64{inf, nan, nan, inf, nan}},
		"Polygamma 0": {func() { Polygamma(y, x, 0) }, []float64{-inf, nan, nan, inf, nan}},
		"Polygamma 1": {func() { Polygamma(y, x, 1) }, []float64{inf, nan, nan, 0, nan}},
		"Polygamma 2": {func() { Polygamma(y, x, 2) }, []float64{-inf, nan, nan, 0, nan}},
	} {
		c.f()
		for i, want := range c.want {
			if y[i] != want && !(want != want && y[i] != y[i]) {
				t.Errorf("%s of %g is %g, want %g", name, x[i], y[i], want)
			}
		}
	}
}

// gammaFunctions runs all of them, for TestBits.
func gammaFunctions(dst, x, n []float32) {
	y := make([]float32, len(dst))
	Abs(x, x)
	Abs(n, n)
	for _, f := range []func(){
		func() { Log1p(y, x) }, func() { LogGamma(y, x) }, func() { Polygamma(y, x, 0) }, func() { Polygamma(y, x, 1) },
		func() { LogRisingFactorial(y, x, n) }, func() { DigammaDifference(y, x, n) },
	} {
		f()
		Add(dst, dst, y)
	}
}
