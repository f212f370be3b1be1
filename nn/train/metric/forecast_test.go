package metric

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// forecast.json has what properscoring and the published formulas say; see testdata/record_forecast.py.
func TestForecastsAgainstOthers(t *testing.T) {
	var cases []struct {
		Truth, Point, Levels, Low, High, Series []float64
		Samples, Quantiles                      [][]float64
		Level                                   float64

		CRPS, Fair, Coverage                                    []float64
		SMAPE, RMSSE, Pinball, Weighted, Inside, Width, Winkler float64
	}
	readRecorded(t, "forecast.json", &cases)
	if len(cases) < 5 {
		t.Fatalf("%d cases", len(cases))
	}
	for n, c := range cases {
		of := func(what string) string { return fmt.Sprintf("%s of case %d", what, n) }
		for i, y := range c.Truth {
			near(t, of("CRPS"), CRPS(c.Samples[i], y), c.CRPS[i])
			if len(c.Fair) > 0 {
				near(t, of("fair CRPS"), FairCRPS(c.Samples[i], y), c.Fair[i])
			}
		}
		var point ForecastErrors
		if err := point.Add(c.Point, c.Truth); err != nil {
			t.Fatal(err)
		}
		scale, err := NaiveSquaredError(c.Series, 1)
		if err != nil {
			t.Fatal(err)
		}
		near(t, of("sMAPE"), point.SMAPE(), c.SMAPE)
		near(t, of("RMSSE"), point.RMSSE(scale), c.RMSSE)
		q, err := NewQuantileErrors(c.Levels...)
		if err != nil {
			t.Fatal(err)
		}
		for i, y := range c.Truth {
			if err := q.Add(c.Quantiles[i], y); err != nil {
				t.Fatal(err)
			}
		}
		near(t, of("pinball"), q.Pinball(), c.Pinball)
		near(t, of("CRPS of quantiles"), q.CRPS(), 2*c.Pinball)
		near(t, of("weighted loss"), q.WeightedLoss(), c.Weighted)
		for i, want := range c.Coverage {
			near(t, of("coverage"), q.Coverage()[i], want)
		}
		intervals := IntervalErrors{Level: c.Level}
		if err := intervals.Add(c.Low, c.High, c.Truth); err != nil {
			t.Fatal(err)
		}
		near(t, of("coverage of intervals"), intervals.Coverage(), c.Inside)
		near(t, of("width"), intervals.Width(), c.Width)
		near(t, of("Winkler score"), intervals.Winkler(), c.Winkler)
		if q.Count() != len(c.Truth) || intervals.Count() != len(c.Truth) {
			t.Errorf("%d and %d counted, want %d", q.Count(), intervals.Count(), len(c.Truth))
		}
	}
}

func TestForecastsOfNothing(t *testing.T) {
	q, err := NewQuantileErrors(0.5)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]float64{
		"CRPS": CRPS(nil, 1), "fair CRPS": FairCRPS([]float64{3}, 1), "sMAPE": new(ForecastErrors).SMAPE(),
		"pinball": q.Pinball(), "weighted": q.WeightedLoss(), "coverage": q.Coverage()[0],
		"of intervals": new(IntervalErrors).Coverage(), "Winkler": new(IntervalErrors).Winkler(), "width": new(IntervalErrors).Width(),
	} {
		if !math.IsNaN(v) {
			t.Errorf("%s of nothing is %g", name, v)
		}
	}
}

func TestForecastsRefuse(t *testing.T) {
	q, err := NewQuantileErrors(0.1, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	levels := func(l ...float64) error { _, err := NewQuantileErrors(l...); return err }
	for want, err := range map[string]error{
		"no levels":                           levels(),
		"level 1 of a quantile; want above 0": levels(0.5, 1),
		"level NaN of a quantile":             levels(math.NaN()),
		"1 quantiles; want 2":                 q.Add([]float64{1}, 2),
		"1 and 2 ends of intervals for 2":     new(IntervalErrors).Add([]float64{1}, []float64{1, 2}, []float64{1, 2}),
		"interval 1 goes from 3 down to 2":    new(IntervalErrors).Add([]float64{1, 3}, []float64{1, 2}, []float64{1, 2}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
