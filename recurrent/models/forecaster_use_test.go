package models

import (
	"context"
	"math"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/losses/distribution"
	"github.com/unroll-go/unroll/nn/train"
)

// Equal seeds give equal paths at every number of processors, and another seed gives others.
func TestPathsRepeat(t *testing.T) {
	p := weeks(t, 3, 60, false, true)
	m := newForecasts(t, p, Config{Forecast: ForecastConfig{Output: string(distribution.NegativeBinomial), Lags: []int{1, 7}}})
	paths := func(procs int, seed uint64) []Forecast {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		f, err := m.Forecast(context.Background(), p, Forecasting{Paths: 20, Keep: true, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := paths(1, 7)
	if !reflect.DeepEqual(first, paths(4, 7)) {
		t.Error("the paths differ with the number of processors")
	}
	if reflect.DeepEqual(first[0].Paths, paths(1, 8)[0].Paths) || reflect.DeepEqual(first[0].Paths[0], first[0].Paths[1]) {
		t.Error("all paths are the same")
	}
	if len(first[0].Paths) != 20 || len(first[0].Paths[0]) != 4 {
		t.Errorf("%d paths", len(first[0].Paths))
	}
}

// A training that is stopped and resumed has the bits of one that is not, and the model that of its file.
func TestForecasterResumes(t *testing.T) {
	for _, output := range []string{OutputQuantile, string(distribution.Gaussian)} {
		p := weeks(t, 3, 60, true, false)
		c := Config{Epochs: 3, Forecast: ForecastConfig{Output: output}}
		whole := newForecasts(t, p, c)
		if _, err := whole.Fit(context.Background(), p, Run{}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m.safetensors")
		ctx, cancel := context.WithCancel(context.Background())
		part := newForecasts(t, p, c)
		steps := 0
		if _, err := part.Fit(ctx, p, Run{Checkpoint: path, Observers: []train.Observer{{OnStep: func(train.Progress) error {
			if steps++; steps == 7 {
				cancel()
			}
			return nil
		}}}}); err == nil {
			t.Fatal("the run was not cancelled")
		}
		back, err := LoadForecaster(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := back.Resume(context.Background(), p, Run{}); err != nil {
			t.Fatal(err)
		}
		for _, w := range whole.Params().Tensors("") {
			if !reflect.DeepEqual(w.Value.Data(), back.Params().Get(w.Name).Value().Data()) {
				t.Errorf("%s: %s differs", output, w.Name)
			}
		}
		again, err := LoadForecaster(path)
		if err != nil {
			t.Fatal(err)
		}
		x, err := whole.Forecast(context.Background(), p, Forecasting{})
		if err != nil {
			t.Fatal(err)
		}
		if y, err := again.Forecast(context.Background(), p, Forecasting{}); err != nil || !reflect.DeepEqual(x, y) {
			t.Errorf("%s: the file forecasts otherwise, error %v", output, err)
		}
	}
}

// What is missing does not count, and what is not known yet has no part in a forecast.
func TestNothingLeaks(t *testing.T) {
	for _, output := range []string{OutputPoint, OutputQuantile, string(distribution.Gaussian)} {
		p := weeks(t, 3, 60, true, false)
		m := newForecasts(t, p, Config{Epochs: 1, Forecast: ForecastConfig{Output: output}})
		if _, err := m.Fit(context.Background(), p, Run{}); err != nil {
			t.Fatal(err)
		}
		// Other values in the test leave the training as it is.
		other := weeks(t, 3, 60, true, false)
		for _, s := range other.Series {
			for k := len(s.Values) - 4; k < len(s.Values); k++ {
				s.Values[k], s.Past[0][k] = 1000, 1000
			}
		}
		n := newForecasts(t, other, Config{Epochs: 1, Forecast: ForecastConfig{Output: output}})
		if _, err := n.Fit(context.Background(), other, Run{}); err != nil {
			t.Fatal(err)
		}
		for _, w := range m.Params().Tensors("") {
			if !reflect.DeepEqual(w.Value.Data(), n.Params().Get(w.Name).Value().Data()) {
				t.Errorf("%s: %s depends on the test", output, w.Name)
			}
		}
		// A forecast from a point in the past is that of a series which ends there.
		list, err := m.readAll(p, 0)
		if err != nil {
			t.Fatal(err)
		}
		o, err := m.settle(p, Forecasting{Paths: 5})
		if err != nil {
			t.Fatal(err)
		}
		x, err := m.forecastAll(context.Background(), list, []place{{0, 50}}, o, 0)
		if err != nil {
			t.Fatal(err)
		}
		cut := *p
		cut.Series = []datasets.PanelSeries{p.Series[0].Until(50)}
		y, err := m.Forecast(context.Background(), &cut, Forecasting{Paths: 5})
		if err != nil || !reflect.DeepEqual(x, y) {
			t.Errorf("%s: %v and %v, error %v", output, x, y, err)
		}
		if y[0].Times[0] != p.Series[0].Start.AddDate(0, 0, 50) || !slices.IsSorted(y[0].Levels) {
			t.Errorf("%+v", y[0])
		}
	}
}

// An epoch has each window once, or of heavy series more.
func TestWindowsAreDrawn(t *testing.T) {
	p := weeks(t, 2, 40, false, false) // the second is twice the first and more
	m := newForecasts(t, p, Config{Batch: 8})
	list, err := m.readAll(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := m.drawn(list)
	each := m.config.Forecast.trainable(40)
	if s.Len() != (2*each+7)/8 || each != 40-4-4-4-4+1 {
		t.Fatalf("%d batches of %d windows each", s.Len(), each)
	}
	seen := map[place]int{}
	for _, at := range s.places[:2*each] {
		seen[at]++
	}
	s.SetEpoch(1)
	first := slices.Clone(s.places)
	s.SetEpoch(2)
	if reflect.DeepEqual(first, s.places) {
		t.Error("each epoch has the same windows")
	}
	s.SetEpoch(1)
	if !reflect.DeepEqual(first, s.places) {
		t.Error("an epoch has other windows when it is made again")
	}
	m.config.Forecast.Weighted = true
	s = m.drawn(list)
	count := []int{0, 0}
	for epoch := range 50 {
		s.SetEpoch(epoch)
		for _, at := range s.places {
			count[at.series]++
			if at.known < m.config.Forecast.least() || at.known+4 > 40-8 {
				t.Fatalf("the window %v", at)
			}
		}
	}
	w := []float64{ownScale(list[0].Values[:32], ScalingMean).scale, ownScale(list[1].Values[:32], ScalingMean).scale}
	if got, want := float64(count[1])/float64(count[0]), w[1]/w[0]; math.Abs(got/want-1) > 0.05 {
		t.Errorf("the second series comes %g times as often as the first; want %g", got, want)
	}
}

// The baselines, on series of which they are known.
func TestBaselinesOfABacktest(t *testing.T) {
	p := &datasets.Panel{Frequency: datasets.Frequency{Unit: datasets.UnitDay, Count: 1}}
	var line, swing []float64
	for day := range 120 {
		line = append(line, 3*float64(day))
		swing = append(swing, []float64{1, 5, 2, 8, 3, 9, 4}[day%7])
	}
	p.Series = []datasets.PanelSeries{{ID: "line", Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Values: line},
		{ID: "swing", Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Values: swing}}
	m := newForecasts(t, p, Config{Forecast: ForecastConfig{Output: OutputPoint, Test: 8}})
	b, err := m.Backtest(context.Background(), p, Backtesting{Step: 1})
	if err != nil {
		t.Fatal(err)
	}
	if b.Series != 2 || b.Origins != 5 || b.Values != 2*5*4 || b.Constant != 1 { // a swing is as it was a week ago
		t.Errorf("%+v", b)
	}
	by := map[string]ForecastScore{}
	for _, s := range b.Scores {
		by[s.Name] = s
	}
	// Of the line, the last value is off by 3, 6, 9 and 12, that of a week ago by 21, which is the scale.
	if got := by["naive"].MASE; math.Abs(got-7.5/21) > 1e-9 {
		t.Errorf("naive: MASE %g", got)
	}
	if s := by["seasonal naive"]; math.Abs(s.MASE-1) > 1e-9 || math.Abs(s.RMSSE-1) > 1e-9 || math.Abs(s.MAE-21.0/2) > 1e-9 {
		t.Errorf("seasonal naive: %+v", s)
	}
	if s := by["linear"]; s.MAE > 0.1 { // the ridge holds it back a little
		t.Errorf("linear: %+v", s)
	}
	if s := by["seasonal naive"]; s.CRPS > 1e-9 || s.Coverage[2] != 1 { // its errors are always the same
		t.Errorf("seasonal naive: CRPS %g, %v", s.CRPS, s.Coverage)
	}
	if !math.IsNaN(by["gru"].Coverage[0]) {
		t.Error("a number is an interval")
	}
	for _, wrong := range []Backtesting{{Origins: 3, Step: 4}, {Origins: -1}, {Step: -1}} {
		if _, err := m.Backtest(context.Background(), p, wrong); err == nil || !strings.Contains(err.Error(), "the 8 steps of the test") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// Quantiles that are far too narrow cover as often as they say once they are calibrated.
func TestConformalForecasts(t *testing.T) {
	p := weeks(t, 200, 70, false, false)
	m := newForecasts(t, p, Config{Epochs: 3, Forecast: ForecastConfig{Output: OutputPoint, Validation: 14, Test: 14}})
	if _, err := m.Fit(context.Background(), p, Run{}); err != nil {
		t.Fatal(err)
	}
	narrow, err := m.Backtest(context.Background(), p, Backtesting{Step: 1})
	if err != nil {
		t.Fatal(err)
	}
	wide, err := m.Backtest(context.Background(), p, Backtesting{Step: 1, Conformal: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, share := range Intervals() {
		if got := wide.Scores[0].Coverage[i]; math.Abs(got-share) > 0.03 {
			t.Errorf("intervals of %g %% cover %g %%", 100*share, 100*got)
		}
	}
	if narrow.Scores[0].MASE != wide.Scores[0].MASE {
		t.Error("calibration changes the median")
	}
	o := Forecasting{Levels: []float64{0.9, 0.1, 0.5}, Conformal: true}
	f, err := m.Forecast(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	if low, high := f[0].Quantile(0.1), f[0].Quantile(0.9); !(low[0] < f[0].Mean[0] && f[0].Mean[0] < high[0]) || f[0].Quantile(0.3) != nil {
		t.Errorf("%v, %v, %v", low, f[0].Mean, high)
	}
	few := *p
	few.Series = p.Series[:1]
	if _, err := m.Forecast(context.Background(), &few, Forecasting{Levels: []float64{0.001}, Conformal: true}); err == nil ||
		!strings.Contains(err.Error(), "too few") {
		t.Error(err)
	}
}

// Series that cannot be forecast are refused, by name.
func TestSeriesThatCannotBe(t *testing.T) {
	nan := math.NaN()
	good := func() *datasets.Panel { return weeks(t, 2, 60, true, true) }
	spoil := func(edit func(p *datasets.Panel)) *datasets.Panel {
		p := good()
		edit(p)
		return p
	}
	nb := Config{Forecast: ForecastConfig{Horizon: 4, Context: 10, Output: string(distribution.NegativeBinomial)}}
	for _, c := range []struct {
		p    *datasets.Panel
		c    Config
		want string
	}{
		{spoil(func(p *datasets.Panel) { p.Series[1].Values[3] = -2 }), nb, `the series "s1": distribution: value 3 is -2; negative-binomial has the counts`},
		{spoil(func(p *datasets.Panel) { p.Series[0].Values[3] = 2.5 }), nb, "value 3 is 2.5"},
		{good(), Config{Forecast: ForecastConfig{Horizon: 30}}, "the longest series has 60 values; want"},
		{good(), Config{Forecast: ForecastConfig{Horizon: -1}}, "Forecast.Horizon -1"},
		{good(), Config{Forecast: ForecastConfig{Output: "normal"}}, `Forecast.Output "normal"; want point, quantile, gaussian`},
		{good(), Config{Forecast: ForecastConfig{Scaling: "x"}}, `Forecast.Scaling "x"; want mean, standard or none`},
		{good(), Config{Forecast: ForecastConfig{Output: "poisson", Scaling: ScalingStandard}}, "values of the distribution poisson are not below 0"},
		{good(), Config{Forecast: ForecastConfig{Quantiles: []float64{0.5, 0.1}}}, "each above the one before"},
		{good(), Config{Forecast: ForecastConfig{Lags: []int{1}}}, "want none: with the output quantile"},
		{good(), Config{Forecast: ForecastConfig{Output: "gaussian", Lags: []int{2}}}, "want 1 first"},
		{good(), Config{Pool: "mean"}, "a forecaster reads up to the last value"},
		{spoil(func(p *datasets.Panel) {
			for i := range p.Series {
				for k := range p.Series[i].Values {
					p.Series[i].Values[k] = 7
				}
			}
		}), Config{}, "every series is constant"},
		{&datasets.Panel{}, Config{}, "a panel without series"},
		{spoil(func(p *datasets.Panel) { p.Series[0].Known = nil }), Config{}, "0 known columns; want 1"},
		{spoil(func(p *datasets.Panel) { p.Series[0].Values[2] = math.Inf(1) }), Config{}, "value 2 is infinite"},
	} {
		if _, err := NewForecaster(c.c, c.p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	m := newForecasts(t, good(), Config{Forecast: ForecastConfig{Output: string(distribution.NegativeBinomial)}})
	for _, c := range []struct {
		p    *datasets.Panel
		o    Forecasting
		want string
	}{
		{good(), Forecasting{Horizon: 11}, `the series "s0" has the column "sale" for 10 steps after its last value; want 11`},
		{good(), Forecasting{Levels: []float64{0}}, "the quantile 0; want one between 0 and 1"},
		{good(), Forecasting{Paths: -1}, "-1 sample paths"},
		{spoil(func(p *datasets.Panel) { p.Frequency.Unit = datasets.UnitHour }), Forecasting{}, "a step of a hour; the model was trained on one of a day"},
		{spoil(func(p *datasets.Panel) { p.Past[0] = "moon" }), Forecasting{}, `the past columns ["moon"]; the model reads ["weather"]`},
		{spoil(func(p *datasets.Panel) {
			for k := range p.Series[1].Values {
				p.Series[1].Values[k] = nan
			}
		}), Forecasting{}, `the series "s1" has no value to forecast from`},
	} {
		if _, err := m.Forecast(context.Background(), c.p, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	if _, err := new(Forecaster).Forecast(context.Background(), good(), Forecasting{}); err == nil || !strings.Contains(err.Error(), "there is no model") {
		t.Error(err)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Forecast(stopped, good(), Forecasting{}); err == nil {
		t.Error("a forecast goes on without its context")
	}
	// A class that was not there in training is one of those that are unknown.
	if _, err := m.Forecast(context.Background(), spoil(func(p *datasets.Panel) { p.Series[0].Classes[0] = "new" }), Forecasting{Paths: 3}); err != nil {
		t.Error(err)
	}
}
