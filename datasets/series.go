package datasets

import (
	"fmt"
	"math"
	"time"

	"github.com/pkg/errors"
)

// Series is a numeric series of several features: Values[n·F + f] is feature f at time n. Its examples are windows of
// Window steps, from which the Horizon values after them are to be predicted.
//
// Several series of the same features, of stores or patients say, follow one another in Values, and Lengths tells where
// each ends: no window runs from one into the next.
type Series struct {
	Values   []float64 // [N, F]
	Features int       // F; 0 is 1
	Window   int       // W, steps that are seen
	Horizon  int       // H, steps to predict; 0 is 1
	Stride   int       // steps from a window to the next; 0 is 1
	Goals    []int     // the features to predict, G of them; nil for all

	Lengths []int // rows of each of several series, N together; nil for one

	// Times are when the rows were measured, N of them; nil if they are not to be checked. With times, a missing or
	// uneven step is an error. Steps are even if they have the same duration, the same difference in local time (across
	// changes to and from summer time), or the same number of whole months. Leave Times out where steps are uneven on
	// purpose, as between trading days.
	Times []time.Time
}

// Rows is the number of time steps N, of all series together.
func (s Series) Rows() int { return len(s.Values) / max(1, s.Features) }

func (s Series) withDefaults() (Series, error) {
	s.Features, s.Horizon, s.Stride = max(s.Features, 1), max(s.Horizon, 1), max(s.Stride, 1)
	if len(s.Values)%s.Features != 0 {
		return s, errors.Errorf("datasets: a series of %d values is not rows of %d features", len(s.Values), s.Features)
	}
	if s.Window < 1 {
		return s, errors.Errorf("datasets: a window of %d steps; want 1 or more", s.Window)
	}
	if len(s.Values) == 0 {
		return s, errors.New("datasets: a series without values")
	}
	if s.Goals == nil {
		for f := range s.Features {
			s.Goals = append(s.Goals, f)
		}
	}
	for _, g := range s.Goals {
		if g < 0 || g >= s.Features {
			return s, errors.Errorf("datasets: goal %d of a series with %d features, counted from 0", g, s.Features)
		}
	}
	for i, v := range s.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return s, errors.Errorf("datasets: the series has %g in row %d, feature %d; want numbers, see FillForward",
				v, i/s.Features, i%s.Features)
		}
	}
	return s, s.checkParts()
}

// checkParts refuses lengths that are not those of the rows, series that are too short for a window, and times that are
// not even.
func (s Series) checkParts() error {
	parts, err := s.parts()
	if err != nil {
		return err
	}
	if s.Times != nil && len(s.Times) != s.Rows() {
		return errors.Errorf("datasets: a series of %d rows with %d times", s.Rows(), len(s.Times))
	}
	for i, p := range parts {
		name := "the series"
		if s.Lengths != nil {
			name = fmt.Sprintf("series %d", i)
		}
		if n := p.to - p.from; s.Window > n || s.Horizon > n-s.Window {
			return errors.Errorf("datasets: %s has %d rows; want at least a window of %d and a horizon of %d", name, n, s.Window, s.Horizon)
		}
		if s.Times == nil {
			continue
		}
		if err := checkSteps(s.Times[p.from:p.to]); err != nil {
			return errors.WithMessagef(err, "datasets: %s", name)
		}
	}
	return nil
}

// span is the rows of one series.
type span struct{ from, to int }

// parts are the rows of each series.
func (s Series) parts() ([]span, error) {
	if s.Lengths == nil {
		return []span{{0, s.Rows()}}, nil
	}
	var parts []span
	at := 0
	for i, n := range s.Lengths {
		if n < 1 || n > s.Rows()-at {
			return nil, errors.Errorf("datasets: length %d of a series is %d; want 1 or more, and %d for all together", i, n, s.Rows())
		}
		parts = append(parts, span{at, at + n})
		at += n
	}
	if at != s.Rows() {
		return nil, errors.Errorf("datasets: the lengths of the series add up to %d; there are %d rows", at, s.Rows())
	}
	return parts, nil
}

// FillForward returns the series with each NaN replaced by the last known value of its feature, so nothing from later
// times is used. Only a NaN before a feature's first value gets that first value. Nothing is filled from one series into
// another.
func (s Series) FillForward() Series {
	f := max(1, s.Features)
	values := append([]float64{}, s.Values...)
	parts, err := s.parts()
	if err != nil {
		return s // whoever uses it is told
	}
	for _, p := range parts {
		from, to := p.from*f, p.to*f
		for i := from; i < to; i++ {
			if math.IsNaN(values[i]) && i-f >= from {
				values[i] = values[i-f]
			}
		}
		for i := to - 1; i >= from; i-- {
			if math.IsNaN(values[i]) && i+f < to {
				values[i] = values[i+f]
			}
		}
	}
	s.Values = values
	return s
}

// Split cuts the series in two at a fraction of its rows, the earlier part to train on. The earlier part contains nothing
// that is to be predicted in the later one. The first window of the later part is the last W rows of the earlier part,
// which are known by then. Each of several series is cut at that fraction of its own rows.
func (s Series) Split(fraction float64) (train, validation Series, err error) {
	if !(fraction > 0 && fraction < 1) {
		return s, s, errors.Errorf("datasets: train fraction %g; want above 0 and below 1", fraction)
	}
	d, err := s.withDefaults()
	if err != nil {
		return s, s, err
	}
	parts, err := d.parts()
	if err != nil {
		return s, s, err
	}
	var early, late []span
	for _, p := range parts {
		n := p.to - p.from
		at := int(float64(n) * fraction)
		if at < d.Window+d.Horizon || n-at < d.Horizon {
			return s, s, errors.Errorf("datasets: train fraction %g of %d rows leaves no window of %d and %d steps for one of the two parts",
				fraction, n, d.Window, d.Horizon)
		}
		early = append(early, span{p.from, p.from + at})
		late = append(late, span{p.from + at - d.Window, p.to})
	}
	return d.only(early), d.only(late), nil
}

// only is the series with some of its rows: those of one series as they lie, those of several copied together.
func (s Series) only(parts []span) Series {
	out := s
	if s.Lengths == nil {
		p := parts[0]
		out.Values = s.Values[p.from*s.Features : p.to*s.Features : p.to*s.Features]
		if s.Times != nil {
			out.Times = s.Times[p.from:p.to:p.to]
		}
		return out
	}
	out.Values, out.Lengths, out.Times = nil, nil, nil
	for _, p := range parts {
		out.Values = append(out.Values, s.Values[p.from*s.Features:p.to*s.Features]...)
		out.Lengths = append(out.Lengths, p.to-p.from)
		if s.Times != nil {
			out.Times = append(out.Times, s.Times[p.from:p.to]...)
		}
	}
	return out
}

// Batches gives the windows in batches: Values [W, B, F] and Future [H, B, G]. Windows are counted through all series, in
// their order.
func (s Series) Batches(o Batching) (*Batches, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	parts, err := s.parts()
	if err != nil {
		return nil, err
	}
	var starts []int // of the windows
	for _, p := range parts {
		windows := (p.to-p.from-s.Window-s.Horizon)/s.Stride + 1
		for i := range windows {
			starts = append(starts, p.from+i*s.Stride)
		}
	}
	return newBatches(make([]int, len(starts)), o, func(b *Batch) {
		n, f, g := len(b.Examples), s.Features, len(s.Goals)
		b.Steps, b.TargetSteps = s.Window, s.Horizon
		b.Values, b.Future = make([]float32, s.Window*n*f), make([]float32, s.Horizon*n*g)
		for k, e := range b.Examples {
			from := starts[e]
			for t := range s.Window {
				for j := range f {
					b.Values[(t*n+k)*f+j] = float32(s.Values[(from+t)*f+j])
				}
			}
			for t := range s.Horizon {
				for j, goal := range s.Goals {
					b.Future[(t*n+k)*g+j] = float32(s.Values[(from+s.Window+t)*f+goal])
				}
			}
		}
	})
}
