package models

import (
	"container/list"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
)

// SeriesWatch tells of measurements, as they come, how far each is from what a Forecaster expected one step ahead. Of each series
// it keeps the last steps that the network reads, and nothing else. A SeriesWatch serves one goroutine at a time.
type SeriesWatch struct {
	features *features
	windows  windows
	outputs  *graph.Func
	keep     int // steps that a forecast reads

	most   int // series at once
	series map[string]*list.Element
	recent list.List // of *watchedSeries, the one that came last in front
	left   int
}

// ValueScore is how strange a measurement is.
type ValueScore struct {
	Score    float64 // -log of the chance of a value as far out, in nats; NaN if there is no value, or too little before it
	Expected float64 // the median of what was expected, NaN likewise
	Gap      int     // steps without a measurement before it, which are missing values
	Uneven   bool    // its time lies between two steps, and was taken as the nearest
}

// Columns are a panel without series: the step, and the names of the columns that the model reads beside the values.
func (m *Forecaster) Columns() datasets.Panel {
	if m.features == nil {
		return datasets.Panel{}
	}
	f := m.features
	p := datasets.Panel{Frequency: f.step, Past: boundsNames(f.Past), Known: boundsNames(f.Known), Numbers: boundsNames(f.Numbers)}
	for _, c := range f.Classes {
		p.Classes = append(p.Classes, c.Name)
	}
	return p
}

// Watch begins to watch measurements. Of more series than most, it lets go of the one that came least recently: if that comes
// again, it begins anew.
//
// A value's score is -log(2·min(P(X ≤ x), P(X ≥ x))) for the X that was expected one step ahead. It is the same on every scale:
// if the model is right, a score above s has a chance of exp(-s), whatever is measured. A distribution gives the two
// probabilities. Quantiles give those of a normal distribution on each side of the median that has the outermost quantile where
// it is; a point those of one whose deviation is that of the errors so far on this series.
func (m *Forecaster) Watch(most int) (*SeriesWatch, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if most < 1 {
		return nil, errors.Errorf("models: Watch: %d series at once; want 1 at least", most)
	}
	if f := m.config.Forecast; f.Output == OutputQuantile && (f.Quantiles[0] >= 0.5 || f.Quantiles[len(f.Quantiles)-1] <= 0.5) {
		return nil, errors.Errorf("models: Watch: the model gives the quantiles %s; want some on both sides of the median",
			numbersInWords(f.Quantiles))
	}
	if err := m.draw(); err != nil {
		return nil, err
	}
	w := &SeriesWatch{features: m.features, windows: windows{m.config.Forecast, m.features}, outputs: m.Outputs(), most: most,
		series: map[string]*list.Element{}}
	w.keep = m.config.Forecast.Context
	if lags := m.config.Forecast.Lags; len(lags) > 0 {
		w.keep += lags[len(lags)-1]
	}
	return w, nil
}

// Left is how often a series was let go.
func (w *SeriesWatch) Left() int { return w.left }

// Series is how many series are kept.
func (w *SeriesWatch) Series() int { return w.recent.Len() }

// Score tells how strange a measurement is, and takes it in: what comes next is judged by it. Steps of the series that were left
// out are missing values. A time that is not after the one before is refused. The class and the numbers that stay the same in a
// series are those of its first row.
func (w *SeriesWatch) Score(x datasets.PanelRow) (ValueScore, error) {
	none := ValueScore{Score: math.NaN(), Expected: math.NaN()}
	if err := w.check(x); err != nil {
		return none, err
	}
	s := w.find(x)
	n, exact := s.steps, true
	if !x.Time.IsZero() {
		n, exact = w.features.step.Steps(s.start, x.Time)
	}
	switch gap := n - s.steps; {
	case gap < 0:
		return none, errors.Errorf("models: the time %s of the series %.40q is not after %s, the one before (steps of a %v)",
			w.features.step.Format(x.Time), x.ID, w.features.step.Format(w.features.step.Add(s.start, s.steps-1)), w.features.step)
	case gap > mostSkipped(s.rows):
		return none, errors.Errorf("models: the time %s of the series %.40q is %d steps of a %v after the one before: is it wrong?",
			w.features.step.Format(x.Time), x.ID, gap+1, w.features.step)
	default:
		none.Gap, none.Uneven = gap, !exact
	}
	s.count()
	s.skip(w, none.Gap)
	s.putAhead(w, func(i int) float64 { return x.Known[i] })
	score := none
	if w.ready(s) {
		expect, err := w.expect(s)
		if err != nil {
			return none, err
		}
		score.Expected = expect.median()
		if !math.IsNaN(x.Value) {
			score.Score = s.judge(expect, x.Value)
		}
	}
	s.put(w, x.Value, func(i int) float64 { return x.Past[i] })
	s.expected, s.rows = score.Expected, s.rows+1
	s.trim(w)
	return score, nil
}

// mostSkipped is how many steps may be left out after so many rows, as in ReadPanel: one wrong date would make millions of them.
func mostSkipped(rows int) int { return 50*rows + 1000 }

// Forget puts what was expected in the place of the last value of a series: an anomaly is no context for what comes after it.
// When as many values as the network reads were forgotten in a row, it does so no more, until one that is not: what has
// changed for so long is how things are now.
func (w *SeriesWatch) Forget(id string) {
	e, ok := w.series[id]
	if !ok {
		return
	}
	s := e.Value.(*watchedSeries)
	s.forgot = true
	last := len(s.Values) - 1
	if last < 0 || s.inRow >= w.windows.c.Context || math.IsNaN(s.expected) {
		return
	}
	s.Values[last], s.filled[last] = s.expected, s.expected
}

// check refuses a measurement that is none of the model's.
func (w *SeriesWatch) check(x datasets.PanelRow) error {
	if w == nil || w.outputs == nil {
		return errors.New("models: there is no SeriesWatch: Forecaster.Watch makes one")
	}
	f := w.features
	for _, c := range []struct {
		what      string
		has, want int
	}{
		{"past columns", len(x.Past), len(f.Past)}, {"known columns", len(x.Known), len(f.Known)},
		{"static numbers", len(x.Numbers), len(f.Numbers)}, {"static classes", len(x.Classes), len(f.Classes)},
	} {
		if c.has != c.want {
			return errors.Errorf("models: a measurement with %d %s; want %d", c.has, c.what, c.want)
		}
	}
	for _, numbers := range [][]float64{{x.Value}, x.Past, x.Known, x.Numbers} {
		if slices.ContainsFunc(numbers, func(v float64) bool { return math.IsInf(v, 0) }) {
			return errors.New("models: a measurement with an infinite number; want a number, or NaN for a missing one")
		}
	}
	if w.windows.c.steps() {
		return errors.WithMessage(w.windows.c.family().Check([]float64{x.Value}), "models")
	}
	return nil
}

// find is the series of a measurement, new if need be.
func (w *SeriesWatch) find(x datasets.PanelRow) *watchedSeries {
	if e, ok := w.series[x.ID]; ok {
		w.recent.MoveToFront(e)
		return e.Value.(*watchedSeries)
	}
	if w.recent.Len() == w.most {
		oldest := w.recent.Back()
		delete(w.series, w.recent.Remove(oldest).(*watchedSeries).ID)
		w.left++
	}
	if x.Time.IsZero() {
		x.Time = time.Unix(0, 0).UTC()
	}
	s := &watchedSeries{start: x.Time, expected: math.NaN()}
	s.ID = x.ID
	s.numbers, s.ids = w.features.static(datasets.PanelSeries{Numbers: x.Numbers, Classes: x.Classes})
	w.series[x.ID] = w.recent.PushFront(s)
	return s
}

// ready tells whether enough is known to expect something: as much as in the training.
func (w *SeriesWatch) ready(s *watchedSeries) bool {
	n := len(s.Values)
	return n >= w.windows.c.least() && hasValue(s.Values[max(0, n-w.windows.c.Context):])
}
