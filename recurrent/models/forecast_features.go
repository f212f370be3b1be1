package models

import (
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// features says what a Forecaster reads beside the values, and how it brings it to size. It is measured on the series that
// the model is made for, and a file carries it.
type features struct {
	Frequency string       `json:"step"`
	Calendar  int          `json:"calendar"` // how many features of the calendar: those that come again in the training
	Past      []bounds     `json:"past"`
	Known     []bounds     `json:"known"`
	Numbers   []bounds     `json:"numbers"`
	Classes   []classNames `json:"classes"`
	Location  bounds       `json:"location"` // of the windows
	Size      bounds       `json:"size"`     // of the logarithms of the windows' scales
	Typical   float64      `json:"typical"`  // scale, for windows that have none of their own

	step datasets.Frequency
}

// bounds are the mean and the deviation by which a column is brought to size.
type bounds struct {
	Name      string  `json:"name"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Gaps      bool    `json:"gaps"` // values are missing, so that the network is told where
}

// classNames are the classes of a static column; the number of one counts from 1, 0 is any other.
type classNames struct {
	Name  string   `json:"name"`
	Known []string `json:"known"` // in order
}

// measure gathers a mean and a deviation (Welford, 1962).
type measure struct {
	n, mean, squares float64
	gaps             bool
}

func (m *measure) add(v float64) {
	if math.IsNaN(v) {
		m.gaps = true
		return
	}
	m.n++
	d := v - m.mean
	m.mean += d / m.n
	m.squares += d * (v - m.mean)
}

// bounds are those of what was added; of a column that never changes, the deviation is 1.
func (m *measure) bounds(name string) bounds {
	b := bounds{name, m.mean, 1, m.gaps}
	if d := math.Sqrt(m.squares / max(m.n, 1)); d > 1e-9*math.Abs(b.Mean) && d > 0 {
		b.Deviation = d
	}
	return b
}

// scaled brings a value to size.
func (b bounds) scaled(v float64) float32 {
	if math.IsNaN(v) {
		return 0
	}
	return float32((v - b.Mean) / b.Deviation)
}

// put appends a value, and where values may be missing whether it is there.
func (b bounds) put(to []float32, v float64) []float32 {
	to = append(to, b.scaled(v))
	if !b.Gaps {
		return to
	}
	if math.IsNaN(v) {
		return append(to, 0)
	}
	return append(to, 1)
}

func widthOf(list []bounds) int {
	n := len(list)
	for _, b := range list {
		if b.Gaps {
			n++
		}
	}
	return n
}

// newFeatures measures the part of a panel that is trained on.
func newFeatures(f ForecastConfig, p *datasets.Panel) (*features, error) {
	out := &features{
		Frequency: p.Frequency.String(), step: p.Frequency, Calendar: p.Frequency.CalendarWithin(longest(p) - f.Test - f.Validation),
		Past: []bounds{}, Known: []bounds{}, Numbers: []bounds{}, Classes: []classNames{}, Typical: 1,
	}
	train := func(s datasets.PanelSeries) int { return max(s.Len()-f.Test-f.Validation, 0) }
	for i, name := range p.Past {
		var m measure
		for _, s := range p.Series {
			for _, v := range s.Past[i][:train(s)] {
				m.add(v)
			}
		}
		out.Past = append(out.Past, m.bounds(name))
	}
	for i, name := range p.Known {
		var m measure
		for _, s := range p.Series {
			for _, v := range s.Known[i] { // known ahead is known
				m.add(v)
			}
		}
		out.Known = append(out.Known, m.bounds(name))
	}
	for i, name := range p.Numbers {
		var m measure
		for _, s := range p.Series {
			m.add(s.Numbers[i])
		}
		out.Numbers = append(out.Numbers, m.bounds(name))
	}
	for i, name := range p.Classes {
		c := classNames{Name: name, Known: []string{}}
		for _, s := range p.Series {
			if s.Classes[i] != "" {
				c.Known = append(c.Known, s.Classes[i])
			}
		}
		c.Known = distinct(c.Known)
		out.Classes = append(out.Classes, c)
	}
	return out, out.measureWindows(f, p, train)
}

// measureWindows finds how large windows are.
func (f *features) measureWindows(c ForecastConfig, p *datasets.Panel, train func(datasets.PanelSeries) int) error {
	var sizes []float64
	for _, s := range p.Series {
		if v := ownScale(s.Values[:train(s)], c.Scaling); v.scale > 0 {
			sizes = append(sizes, v.scale)
		}
	}
	if len(sizes) == 0 {
		return errors.New("models: every series is constant: there is nothing to forecast")
	}
	slices.Sort(sizes)
	f.Typical = sizes[len(sizes)/2]
	var location, size measure
	for _, s := range p.Series {
		n := train(s)
		for end := min(c.Context, n); end > 0 && end <= n; end += max(c.Context/2, 1) {
			w := f.scaleOfWindow(s.Values[max(0, end-c.Context):end], c.Scaling)
			location.add(w.location)
			size.add(math.Log(w.scale))
		}
	}
	f.Location, f.Size = location.bounds("location"), size.bounds("size")
	return nil
}

// windowScale is by how much a window's values are moved and divided.
type windowScale struct{ location, scale float64 }

// ownScale is that of some values by themselves; the scale is 0 if they have none: if all are missing, 0, or equal.
func ownScale(values []float64, scaling string) windowScale {
	if scaling == ScalingNone {
		return windowScale{0, 1}
	}
	n, sum, absolute := 0.0, 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			n, sum, absolute = n+1, sum+v, absolute+math.Abs(v)
		}
	}
	if n == 0 {
		return windowScale{}
	}
	if scaling == ScalingMean {
		return windowScale{0, absolute / n}
	}
	mean, squares := sum/n, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			squares += (v - mean) * (v - mean)
		}
	}
	w := windowScale{mean, math.Sqrt(squares / n)}
	if w.scale <= 1e-9*math.Abs(mean) {
		w.scale = 0
	}
	return w
}

// scaleOfWindow is the scale of a window, or the typical one if it has none.
func (f *features) scaleOfWindow(values []float64, scaling string) windowScale {
	w := ownScale(values, scaling)
	if !(w.scale > 0) || math.IsInf(w.scale, 0) {
		w.scale = f.Typical
	}
	return w
}

// Widths of what is read: at every step whatever is known ahead, of the context alone, and for all of a window.
func (f *features) ahead() int    { return f.Calendar + widthOf(f.Known) + 1 }
func (f *features) behind() int   { return widthOf(f.Past) }
func (f *features) constant() int { return len(f.Numbers) + 2 }

// readSeries is a series as the network reads it.
type readSeries struct {
	datasets.PanelSeries
	filled  []float64 // the last value known at each step; NaN before the first
	ahead   []float32 // [steps, f.ahead()]
	past    []float32 // [steps, f.behind()]
	numbers []float32
	ids     []int // of the classes
}

// read prepares a series, with so many steps after its last value. Known columns must reach as far, unless they may be
// missing.
func (f *features) read(s datasets.PanelSeries, after int) (*readSeries, error) {
	r := &readSeries{PanelSeries: s, filled: make([]float64, s.Len())}
	last := math.NaN()
	for t, v := range s.Values {
		if !math.IsNaN(v) {
			last = v
		}
		r.filled[t] = last
	}
	if len(f.Known) > 0 && s.Ahead() < after {
		return nil, errors.Errorf("models: the series %.40q has the column %.40q for %d steps after its last value; want %d",
			s.ID, f.Known[0].Name, s.Ahead(), after)
	}
	for t := range s.Len() + after {
		r.ahead = f.putAhead(r.ahead, s.Start, t, func(i int) float64 { return s.Known[i][t] })
		if t < s.Len() {
			for i, b := range f.Past {
				r.past = b.put(r.past, s.Past[i][t])
			}
		}
	}
	r.numbers, r.ids = f.static(s)
	return r, nil
}

// putAhead appends what is known of a step before its value is: the calendar, the known columns, and the age.
func (f *features) putAhead(to []float32, start time.Time, t int, known func(column int) float64) []float32 {
	for _, v := range f.step.CalendarAt(f.step.Add(start, t))[:f.Calendar] {
		to = append(to, float32(v))
	}
	for i, b := range f.Known {
		to = b.put(to, known(i))
	}
	return append(to, float32(math.Log10(float64(t+2)))-2)
}

// static are what stays the same in a series: its numbers, brought to size, and the numbers of its classes.
func (f *features) static(s datasets.PanelSeries) (numbers []float32, ids []int) {
	for i, b := range f.Numbers {
		numbers = append(numbers, b.scaled(s.Numbers[i]))
	}
	for i, c := range f.Classes {
		at, ok := slices.BinarySearch(c.Known, s.Classes[i])
		if !ok {
			at = -1
		}
		ids = append(ids, at+1)
	}
	return numbers, ids
}

// boundsNames are the names of columns.
func boundsNames(list []bounds) []string {
	out := make([]string, len(list))
	for i, b := range list {
		out[i] = b.Name
	}
	return out
}

// fits refuses a panel whose columns are not those of the model.
func (f *features) fits(p *datasets.Panel) error {
	if err := p.Check(); err != nil {
		return err
	}
	if p.Frequency != f.step {
		return errors.Errorf("models: series with a step of a %v; the model was trained on one of a %v", p.Frequency, f.step)
	}
	classes := make([]string, len(f.Classes))
	for i, c := range f.Classes {
		classes[i] = c.Name
	}
	for _, c := range []struct {
		what      string
		has, want []string
	}{
		{"past", p.Past, boundsNames(f.Past)}, {"known", p.Known, boundsNames(f.Known)}, {"static numbers", p.Numbers, boundsNames(f.Numbers)},
		{"static classes", p.Classes, classes},
	} {
		if !slices.Equal(c.has, c.want) {
			return errors.Errorf("models: series with the %s columns %q; the model reads %q", c.what, c.has, c.want)
		}
	}
	return nil
}

// check refuses what a file may not have.
func (f *features) check() error {
	var err error
	if f.step, err = datasets.ParseFrequency(f.Frequency); err != nil {
		return errors.Errorf("its features have step %.40q; want one such as day or 15 minutes", f.Frequency)
	}
	if most := len(f.step.Calendar()); f.Calendar < 0 || f.Calendar > most {
		return errors.Errorf("its features have calendar %d; want 0 to %d", f.Calendar, most)
	}
	if !(f.Typical > 0) || math.IsInf(f.Typical, 0) {
		return errors.Errorf("its features have typical %g; want above 0", f.Typical)
	}
	for _, c := range []struct {
		what string
		list []bounds
	}{{"past", f.Past}, {"known", f.Known}, {"numbers", f.Numbers}, {"location", []bounds{f.Location}}, {"size", []bounds{f.Size}}} {
		for _, b := range c.list {
			if !(b.Deviation > 0) || math.IsInf(b.Deviation, 0) {
				return errors.Errorf("its features have %s %.40q with deviation %g; want above 0", c.what, b.Name, b.Deviation)
			}
		}
	}
	for _, c := range f.Classes {
		if !slices.IsSorted(c.Known) || len(slices.Compact(slices.Clone(c.Known))) != len(c.Known) {
			return errors.Errorf("its features have classes of %.40q that are not each once and in order", c.Name)
		}
	}
	return nil
}
