package main

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// A line with a swing of four rows: a linear function of the window holds it exactly, a season ago is a slope too low.
func TestBaselines(t *testing.T) {
	d := &data{problem: problem{season: 4, window: 8, horizon: 2}, fitRows: 140, endRows: 160}
	d.all = datasets.Series{Features: 1}
	for i := range 200 {
		d.all.Values = append(d.all.Values, 0.5*float64(i)+[]float64{0, 3, -1, 2}[i%4])
	}
	line, err := d.regress()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		predict func(at int) ([]float64, error)
		mae     float64
		off     float64
	}{"seasonal": {d.seasonal, 2, 1e-9}, "linear": {line, 0, 0.05}} {
		m, scale, err := d.judge(c.predict)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(m.MAE()-c.mae) > c.off || math.Abs(scale-2) > 1e-9 || m.Count() != 2*39 {
			t.Errorf("%s: MAE %g of %d forecasts, scale %g; want %g, 78 and 2", name, m.MAE(), m.Count(), scale, c.mae)
		}
	}
	y, err := d.last(165)
	if err != nil || y[0] != d.all.Values[164] || y[1] != y[0] {
		t.Errorf("%v, error %v", y, err)
	}
}
