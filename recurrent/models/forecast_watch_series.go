package models

import (
	"math"
	"slices"
	"time"

	"github.com/unroll-go/unroll/losses/distribution"
	"gorgonia.org/tensor"
)

// watchedSeries is what is kept of a series: its last steps, as the network reads them.
type watchedSeries struct {
	readSeries
	start time.Time
	steps int // since then, those too that are no longer kept
	rows  int // that came

	expected float64 // of the last step
	forgot   bool    // whether Forget was called for the last value
	inRow    int     // for how many values before it, one after the other

	errors   int     // of points
	absolute float64 // their mean size, at the windows' scale
}

// count counts the values that were forgotten in a row, up to the last one. One that is missing ends no row.
func (s *watchedSeries) count() {
	switch n := len(s.Values); {
	case s.forgot:
		s.inRow++
	case n > 0 && !math.IsNaN(s.Values[n-1]):
		s.inRow = 0
	}
	s.forgot = false
}

// skip adds steps without a measurement. More than are kept need not be written down.
func (s *watchedSeries) skip(w *SeriesWatch, gap int) {
	none := func(int) float64 { return math.NaN() }
	if extra := gap - w.keep; extra > 0 {
		s.steps += extra
	}
	for range min(gap, w.keep) {
		s.putAhead(w, none)
		s.put(w, math.NaN(), none)
	}
	s.trim(w)
}

// putAhead adds what is known of the next step before its value is.
func (s *watchedSeries) putAhead(w *SeriesWatch, known func(column int) float64) {
	s.ahead = w.features.putAhead(s.ahead, s.start, s.steps, known)
}

// put adds the value of a step, and the columns that are known with it.
func (s *watchedSeries) put(w *SeriesWatch, v float64, past func(column int) float64) {
	last := v
	if n := len(s.filled); math.IsNaN(v) && n > 0 {
		last = s.filled[n-1]
	}
	s.Values, s.filled = append(s.Values, v), append(s.filled, last)
	for i, b := range w.features.Past {
		s.past = b.put(s.past, past(i))
	}
	s.steps++
}

// trim drops the steps that are no longer read, once there are as many of them as of the others.
func (s *watchedSeries) trim(w *SeriesWatch) {
	extra := len(s.Values) - w.keep
	if extra < w.keep {
		return
	}
	s.Values, s.filled = slices.Delete(s.Values, 0, extra), slices.Delete(s.filled, 0, extra)
	s.ahead = slices.Delete(s.ahead, 0, extra*w.features.ahead())
	s.past = slices.Delete(s.past, 0, extra*w.features.behind())
}

// expectation is what a value is expected to be.
type expectation interface {
	median() float64
	// tails are the probabilities of a value as small, and of one as large.
	tails(v float64) (below, above float64)
}

// judge scores a value.
func (s *watchedSeries) judge(e expectation, v float64) float64 {
	if p, ok := e.(pointExpected); ok {
		known := s.errors >= leastErrors
		p.deviation = s.absolute * p.scale * math.Sqrt(math.Pi/2) // of a normal distribution with errors of that mean size
		s.learn(math.Abs(v-p.value) / p.scale)
		if !known {
			return math.NaN()
		}
		e = p
	}
	below, above := e.tails(v)
	return -math.Log(max(2*min(below, above, 0.5), math.SmallestNonzeroFloat64))
}

// leastErrors are those of a point that must be seen before the next is judged.
const leastErrors = 10

// learn takes an error into the mean size of errors: of all at first, then above all of the last hundred. One that is far out
// counts as three times the mean.
func (s *watchedSeries) learn(size float64) {
	if s.errors >= leastErrors {
		size = min(size, 3*s.absolute)
	}
	s.errors++
	s.absolute += (size - s.absolute) * max(1/float64(s.errors), 0.01)
}

// expect is what the network expects of the next step, of which what is known ahead is there.
func (w *SeriesWatch) expect(s *watchedSeries) (expectation, error) {
	at := []place{{0, len(s.Values)}}
	if w.windows.c.steps() {
		return w.expectDistribution(s, at)
	}
	in, scales := w.windows.inputs([]*readSeries{&s.readSeries}, at, false)
	y, err := w.outputs.Run(in...)
	if err != nil {
		return nil, err
	}
	levels := w.windows.c.levels()
	values := make([]float64, len(levels))
	for k := range values {
		values[k] = scales[0].location + scales[0].scale*float64(y[0].Float32s()[k])
	}
	if w.windows.c.Output == OutputPoint {
		return pointExpected{value: values[0], scale: scales[0].scale}, nil
	}
	slices.Sort(values)
	return quantilesExpected{levels, values, scales[0].scale}, nil
}

// expectDistribution reads the context and the step itself, whose input is known.
func (w *SeriesWatch) expectDistribution(s *watchedSeries, at []place) (expectation, error) {
	known, c := at[0].known, w.windows.c
	scale := w.windows.scale(&s.readSeries, known)
	var row []float32
	for t := known - c.Context; t <= known; t++ {
		row = w.windows.step(row, &s.readSeries, t, history{filled: s.filled}, scale)
	}
	in := []*tensor.Dense{timeMajor([][]float32{row}, c.Context+1, w.windows.width())}
	y, err := w.outputs.Run(append(in, w.windows.classes([]*readSeries{&s.readSeries}, at)...)...)
	if err != nil {
		return nil, err
	}
	data := y[0].Float32s()
	own := make([]float64, len(c.family().Parameters()))
	for k := range own {
		own[k] = float64(data[len(data)-len(own)+k])
	}
	d, err := c.family().FromOutputs(own, scale.scale)
	return distributionExpected{d, scale.location, c.family().Counts()}, err
}

// distributionExpected is a distribution of what a value has above a location.
type distributionExpected struct {
	distribution.Distribution
	location float64
	counts   bool
}

func (e distributionExpected) median() float64 { return e.location + e.Quantile(0.5) }

func (e distributionExpected) tails(v float64) (below, above float64) {
	x := v - e.location
	if e.counts { // what is as large is the count itself, too
		return e.CDF(x), e.Survival(x - 1)
	}
	return e.CDF(x), e.Survival(x)
}

// quantilesExpected has a normal distribution on each side of the median that has the outermost quantile where it is.
type quantilesExpected struct {
	levels, values []float64
	scale          float64 // of the window
}

func (e quantilesExpected) median() float64 { return interpolated(e.levels, e.values, 0.5) }

func (e quantilesExpected) tails(v float64) (below, above float64) {
	m, k := e.median(), 0
	if v > m {
		k = len(e.levels) - 1
	}
	return normal((e.values[k]-m)/standard(e.levels[k]), e.scale, v-m)
}

// pointExpected has a normal distribution around the point.
type pointExpected struct {
	value, scale float64
	deviation    float64 // of the errors so far
}

func (e pointExpected) median() float64 { return e.value }

func (e pointExpected) tails(v float64) (below, above float64) {
	return normal(e.deviation, e.scale, v-e.value)
}

// normal are the tails of a normal distribution around 0; its deviation is a millionth of the window's scale at least.
func normal(deviation, scale, x float64) (below, above float64) {
	z := x / max(deviation, 1e-6*scale) / math.Sqrt2
	return 0.5 * math.Erfc(-z), 0.5 * math.Erfc(z)
}

// standard is the quantile of a standard normal distribution.
func standard(level float64) float64 { return math.Sqrt2 * math.Erfinv(2*level-1) }
