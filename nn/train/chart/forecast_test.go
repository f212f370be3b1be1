package chart_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// fan is a forecast of twelve months after three years, with a gap in the history.
func fan(times bool) chart.Forecast {
	var f chart.Forecast
	at := func(i int) float64 { return 50 + 0.3*float64(i) + 10*math.Sin(float64(i)*math.Pi/6) }
	start := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 48 {
		f.Times = append(f.Times, start.AddDate(0, i, 0))
		if i < 36 {
			f.History = append(f.History, at(i)+2*math.Sin(float64(7*i)))
		} else {
			f.Median, f.Truth = append(f.Median, at(i)), append(f.Truth, at(i)+3*math.Sin(float64(11*i)))
		}
	}
	f.History[20] = math.NaN()
	for _, z := range []struct {
		name  string
		width float64
	}{{"50 %", 0.67}, {"95 %", 1.96}, {"80 %", 1.28}} {
		band := chart.Interval{Name: z.name}
		for i, m := range f.Median {
			w := z.width * (2 + 0.3*float64(i))
			band.Low, band.High = append(band.Low, m-w), append(band.High, m+w)
		}
		f.Intervals = append(f.Intervals, band)
	}
	if !times {
		f.Times = nil
	}
	return f
}

func scored(t *testing.T) *metric.Probabilities {
	t.Helper()
	p, err := metric.NewProbabilities(2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		v := math.Mod(float64(i)*0.61803398875, 1)
		truth := 0
		if math.Mod(float64(i)*0.7548776662, 1) < v*v {
			truth = 1
		}
		if err := p.Add([]float64{1 - v, v}, truth); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func reliability(t *testing.T, mass bool) *chart.Picture {
	t.Helper()
	r, err := scored(t).ReliabilityOf(1, 10, mass)
	if err != nil {
		t.Fatal(err)
	}
	return chart.Reliability(r)
}

func roc(t *testing.T) *chart.Picture {
	t.Helper()
	c := scored(t).ROC(1)
	return chart.ROC("ROC", chart.Series{Name: "positive, area 0.83", X: c.X, Y: c.Y})
}

// What cannot be drawn is an error that says why.
func TestForecastPicturesRefuse(t *testing.T) {
	good := fan(true)
	change := func(f func(*chart.Forecast)) *chart.Picture {
		c := good
		f(&c)
		return chart.Fan(chart.Axes{Title: "F"}, c)
	}
	for want, p := range map[string]*chart.Picture{
		"a forecast of no steps":                    change(func(f *chart.Forecast) { f.Median = nil }),
		"the truth of 1 steps and a forecast of 12": change(func(f *chart.Forecast) { f.Truth = []float64{1} }),
		"47 times of 48 steps":                      change(func(f *chart.Forecast) { f.Times = f.Times[1:] }),
		`the interval "x" has 0 and 0 ends for 12`:  change(func(f *chart.Forecast) { f.Intervals = []chart.Interval{{Name: "x"}} }),
		"a fan on a logarithmic axis":               chart.Fan(chart.Axes{Log: true}, good),
		"no values to draw":                         chart.Fan(chart.Axes{}, chart.Forecast{Median: []float64{math.NaN()}}),
		"reliability of no rows":                    chart.Reliability(nil),
		"no curve to draw; a ROC needs rows of the": chart.ROC("R"),
		"reliability: bin 0 has -Inf; want shares":  chart.Reliability(metric.Reliability{{Low: math.Inf(-1), High: 1, Rows: 2}}),
		`series "s" has 2 at 1; want rates from 0`:  chart.ROC("R", chart.Series{Name: "s", X: []float64{1}, Y: []float64{2}}),
		`series "s" has 0 values at 1 places`:       chart.ROC("R", chart.Series{Name: "s", X: []float64{1}}),
	} {
		if _, err := p.PNG(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
