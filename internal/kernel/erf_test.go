package kernel

import (
	"math"
	"testing"
)

func TestErf(t *testing.T) {
	worst := 0.0
	x, y := make([]float32, 1), make([]float32, 1)
	for v := -6.0; v <= 6; v += 1.0 / 4096 {
		x[0] = float32(v)
		Erf(y, x)
		worst = max(worst, math.Abs(float64(y[0])-math.Erf(float64(x[0]))))
	}
	t.Logf("largest error %.3g", worst)
	if worst > 2e-7 {
		t.Errorf("largest error %.3g, want at most 2e-7", worst)
	}
	for _, c := range [][2]float64{{0, 0}, {math.Inf(1), 1}, {math.Inf(-1), -1}, {1e-20, 2e-20 / math.Sqrt(math.Pi)}} {
		x[0] = float32(c[0])
		Erf(y, x)
		if math.Abs(float64(y[0])-c[1]) > 3e-7*math.Abs(c[1]) {
			t.Errorf("erf %g = %g, want %g", c[0], y[0], c[1])
		}
	}
	x[0] = float32(math.NaN())
	if Erf(y, x); y[0] == y[0] {
		t.Errorf("erf NaN = %g", y[0])
	}
	x64, y64 := []float64{-1.5, 0.25}, make([]float64, 2)
	Erf(y64, x64)
	for i, v := range x64 {
		if y64[i] != math.Erf(v) {
			t.Errorf("erf %g = %g", v, y64[i])
		}
	}
}
