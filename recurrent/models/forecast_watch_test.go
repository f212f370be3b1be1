package models

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/losses/distribution"
)

// measured are the rows of a series of a panel.
func measured(p *datasets.Panel, series int) []datasets.PanelRow {
	s := p.Series[series]
	out := make([]datasets.PanelRow, s.Len())
	at := func(columns [][]float64, t int) []float64 {
		var v []float64
		for _, c := range columns {
			v = append(v, c[t])
		}
		return v
	}
	for t, v := range s.Values {
		out[t] = datasets.PanelRow{ID: s.ID, Time: p.Frequency.Add(s.Start, t), Value: v, Past: at(s.Past, t), Known: at(s.Known, t),
			Numbers: s.Numbers, Classes: s.Classes}
	}
	return out
}

func watches(t *testing.T, m *Forecaster, most int) *SeriesWatch {
	t.Helper()
	w, err := m.Watch(most)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func scored(t *testing.T, w *SeriesWatch, x datasets.PanelRow) ValueScore {
	t.Helper()
	s, err := w.Score(x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is expected of a step is what Forecast says of it, given all before it; rows that are left out are missing values.
func TestWatchExpectsWhatForecastSays(t *testing.T) {
	for _, output := range []string{OutputPoint, OutputQuantile} {
		p := weeks(t, 2, 60, true, false)
		p.Series[1].Values[45] = math.NaN()
		m := newForecasts(t, p, Config{Forecast: ForecastConfig{Output: output}})
		w := watches(t, m, 2)
		rows := [2][]datasets.PanelRow{measured(p, 0), measured(p, 1)}
		for step := range 60 {
			for i := range 2 {
				if math.IsNaN(rows[i][step].Value) && step == 45 { // Known is missing, too, where there is no row
					continue
				}
				got := scored(t, w, rows[i][step])
				if want := 0; i == 1 && step == 46 {
					if want = 1; got.Gap != want {
						t.Errorf("a gap of %d; want %d", got.Gap, want)
					}
				}
				if step < m.config.Forecast.least() {
					if !math.IsNaN(got.Score) || !math.IsNaN(got.Expected) {
						t.Errorf("%s: step %d, of which too little is known, has %+v", output, step, got)
					}
					continue
				}
				part := *p
				part.Series = []datasets.PanelSeries{p.Series[i].Until(step)}
				if i == 1 && step > 45 {
					known := append([]float64{}, part.Series[0].Known[0]...)
					known[45] = math.NaN()
					past := append([]float64{}, part.Series[0].Past[0]...)
					past[45] = math.NaN()
					part.Series[0].Known, part.Series[0].Past = [][]float64{known}, [][]float64{past}
				}
				f, err := m.Forecast(t.Context(), &part, Forecasting{Horizon: 1})
				if err != nil {
					t.Fatal(err)
				}
				if want := f[0].Mean[0]; math.Abs(got.Expected-want) > 1e-5*math.Abs(want) {
					t.Errorf("%s: series %d, step %d: %g is expected; Forecast says %g", output, i, step, got.Expected, want)
				}
			}
		}
		if kept := len(w.series["s0"].Value.(*watchedSeries).Values); kept >= 2*w.keep {
			t.Errorf("%d steps are kept; want less than %d", kept, 2*w.keep)
		}
	}
}

// A distribution's score is by the tails of the distribution that a training sees at this step.
func TestWatchScoresByDistribution(t *testing.T) {
	for _, family := range []distribution.Family{distribution.StudentT, distribution.NegativeBinomial} {
		p := weeks(t, 1, 90, true, family.Counts())
		m := newForecasts(t, p, Config{Forecast: ForecastConfig{Output: string(family)}})
		w, rows := watches(t, m, 1), measured(p, 0)
		list, err := m.readAll(p, 0)
		if err != nil {
			t.Fatal(err)
		}
		outputs := m.Outputs()
		for step, row := range rows[:80] {
			got := scored(t, w, row)
			if step < m.config.Forecast.least() || math.IsNaN(row.Value) {
				continue
			}
			win := windows{m.config.Forecast, m.features}
			in, scales := win.inputs(list, []place{{0, step}}, true)
			y, err := outputs.Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			n := len(family.Parameters())
			var own []float64
			for _, v := range y[0].Float32s()[m.config.Forecast.Context*n:][:n] {
				own = append(own, float64(v))
			}
			d, err := family.FromOutputs(own, scales[0].scale)
			if err != nil {
				t.Fatal(err)
			}
			x := row.Value - scales[0].location
			above := 1 - d.CDF(x)
			if family.Counts() {
				above = 1 - d.CDF(x-1)
			}
			want := -math.Log(min(1, 2*min(d.CDF(x), above)))
			if math.Abs(got.Score-want) > 1e-4*max(1, want) || math.Abs(got.Expected-scales[0].location-d.Quantile(0.5)) > 1e-4*scales[0].scale {
				t.Errorf("%s, step %d: %+v; want %g", family, step, got, want)
			}
		}
	}
}

// Of quantiles that are those of a normal distribution, the tails are its own; so they are of a point, given the mean error.
func TestTails(t *testing.T) {
	normal, err := distribution.Gaussian.New(50, 4)
	if err != nil {
		t.Fatal(err)
	}
	q := quantilesExpected{levels: []float64{0.1, 0.5, 0.9}, scale: 1}
	for _, l := range q.levels {
		q.values = append(q.values, normal.Quantile(l))
	}
	for _, e := range []expectation{q, pointExpected{50, 1, 4}, distributionExpected{normal, 0, false}} {
		for _, v := range []float64{20, 45, 50, 51, 60, 90} {
			below, above := e.tails(v)
			if math.Abs(below/normal.CDF(v)-1) > 1e-10 || math.Abs(above/normal.Survival(v)-1) > 1e-10 {
				t.Errorf("%T: %g below %g, %g above", e, below, v, above)
			}
		}
	}
	flat := quantilesExpected{levels: q.levels, values: []float64{3, 3, 3}, scale: 10}
	if _, above := flat.tails(4); above > 1e-100 || above != above {
		t.Errorf("%g above quantiles that are all the same", above)
	}
}

// The scores of a point are those of errors of the same mean size: of normal errors, a score above s has a chance of about exp(-s).
func TestPointScoresAreCalibrated(t *testing.T) {
	s, rng := &watchedSeries{}, rand.New(rand.NewPCG(1, 2))
	n, high := 0, 0
	for range 20000 {
		score := s.judge(pointExpected{value: 7, scale: 3}, 7+2*rng.NormFloat64())
		if n++; score > 3 {
			high++
		}
	}
	if share := float64(high) / float64(n); math.Abs(share/math.Exp(-3)-1) > 0.25 {
		t.Errorf("a share of %.4f has a score above 3; want %.4f", share, math.Exp(-3))
	}
}

// What is forgotten has what was expected in its place, until it is how things are.
func TestWatchForgets(t *testing.T) {
	p := weeks(t, 1, 60, false, false)
	m := newForecasts(t, p, Config{})
	w := watches(t, m, 1)
	rows := measured(p, 0)
	for _, row := range rows[:30] {
		scored(t, w, row)
	}
	s := w.series["s0"].Value.(*watchedSeries)
	odd := rows[30]
	odd.Value = 1e6
	got := scored(t, w, odd)
	if got.Score < 20 {
		t.Errorf("a score of %g for a million", got.Score)
	}
	w.Forget("s0")
	w.Forget("none")
	if last := s.Values[len(s.Values)-1]; last != got.Expected {
		t.Errorf("%g is kept of what is forgotten; want %g", last, got.Expected)
	}
	for k := 31; k < 30+m.config.Forecast.Context; k++ {
		odd := rows[k]
		odd.Value = 1e6
		scored(t, w, odd)
		w.Forget("s0")
		if s.Values[len(s.Values)-1] == 1e6 {
			t.Fatalf("value %d is not forgotten", k)
		}
	}
	odd = rows[30+m.config.Forecast.Context]
	odd.Value = 1e6
	scored(t, w, odd)
	if w.Forget("s0"); s.Values[len(s.Values)-1] != 1e6 {
		t.Error("a change is forgotten forever")
	}
}

// The series that came least recently is let go, and begins anew.
func TestWatchLetsGo(t *testing.T) {
	p := weeks(t, 3, 60, false, false)
	w := watches(t, newForecasts(t, p, Config{}), 2)
	for step := range 21 {
		for i := range 2 {
			scored(t, w, measured(p, i)[step])
		}
	}
	scored(t, w, measured(p, 2)[21])
	if w.Left() != 1 || w.Series() != 2 {
		t.Errorf("%d let go, %d kept", w.Left(), w.Series())
	}
	if got := scored(t, w, measured(p, 1)[21]); math.IsNaN(got.Score) {
		t.Error("the series that came last is gone")
	}
	if got := scored(t, w, measured(p, 0)[21]); !math.IsNaN(got.Score) {
		t.Error("a series that is gone is known")
	}
}

func TestWatchRefuses(t *testing.T) {
	p := weeks(t, 1, 60, true, false)
	m := newForecasts(t, p, Config{})
	w, rows := watches(t, m, 1), measured(p, 0)
	for _, row := range rows[:21] {
		scored(t, w, row)
	}
	with := func(change func(*datasets.PanelRow)) datasets.PanelRow {
		row := rows[21]
		change(&row)
		return row
	}
	for want, row := range map[string]datasets.PanelRow{
		"2024-01-05 of the series \"s0\" is not after 2024-01-21": rows[4],
		"2024-01-21 of the series \"s0\" is not after":            rows[20],
		"is it wrong?":             with(func(x *datasets.PanelRow) { x.Time = x.Time.AddDate(90, 0, 0) }),
		"0 past columns; want 1":   with(func(x *datasets.PanelRow) { x.Past = nil }),
		"0 known columns; want 1":  with(func(x *datasets.PanelRow) { x.Known = nil }),
		"0 static numbers; want 1": with(func(x *datasets.PanelRow) { x.Numbers = nil }),
		"0 static classes; want 1": with(func(x *datasets.PanelRow) { x.Classes = nil }),
		"infinite number":          with(func(x *datasets.PanelRow) { x.Value = math.Inf(1) }),
	} {
		if _, err := w.Score(row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if got := scored(t, w, rows[21]); got.Gap != 0 || math.IsNaN(got.Score) {
		t.Errorf("%+v after what was refused", got)
	}
	noon := with(func(x *datasets.PanelRow) { x.Time = rows[24].Time.Add(2 * time.Hour) })
	if got := scored(t, w, noon); got.Gap != 2 || !got.Uneven {
		t.Errorf("%+v between two steps", got)
	}
	if _, err := m.Watch(0); err == nil {
		t.Error("no series at once are watched")
	}
	if _, err := new(Forecaster).Watch(1); err == nil {
		t.Error("no model watches")
	}
	if _, err := new(SeriesWatch).Score(rows[0]); err == nil {
		t.Error("nothing scores")
	}
	oneSide := newForecasts(t, p, Config{Forecast: ForecastConfig{Quantiles: []float64{0.5, 0.9}}})
	if _, err := oneSide.Watch(1); err == nil || !strings.Contains(err.Error(), "both sides of the median") {
		t.Error(err)
	}
	counts := weeks(t, 1, 60, false, true)
	w = watches(t, newForecasts(t, counts, Config{Forecast: ForecastConfig{Output: string(distribution.Poisson)}}), 1)
	row := measured(counts, 0)[0]
	row.Value = -1
	if _, err := w.Score(row); err == nil {
		t.Error("a count below 0 is taken")
	}
}

// A forecast of fewer steps than the model's has the first of them, and wants what is known ahead for those alone.
func TestForecastOfFewerSteps(t *testing.T) {
	p := weeks(t, 2, 60, true, false)
	m := newForecasts(t, p, Config{})
	all, err := m.Forecast(t.Context(), p, Forecasting{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Series {
		p.Series[i].Known[0] = p.Series[i].Known[0][:62]
	}
	two, err := m.Forecast(t.Context(), p, Forecasting{Horizon: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		for h := range 2 {
			if two[i].Mean[h] != all[i].Mean[h] || len(two[i].Mean) != 2 {
				t.Errorf("series %d: %g; want %g", i, two[i].Mean, all[i].Mean)
			}
		}
	}
}
