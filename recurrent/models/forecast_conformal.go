package models

import (
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// shift is by how much each quantile is moved, in scales of the window: split conformal prediction (Vovk et al., 2005) of one
// quantile at a time, as conformalized quantile regression does of two (Romano et al., 2019).
type shift struct{ levels, by []float64 }

// calibrate measures the errors of quantiles on forecasts of the last Forecast.Validation values of each series before the last
// after values. Of n errors y-q, in order, quantile p is moved by number ⌈(n+1)·p⌉, so that a next value like those is below it
// with probability p at least.
func (m *Forecaster) calibrate(ctx context.Context, list []*readSeries, after int, o Forecasting) (*shift, error) {
	f, w := m.config.Forecast, windows{m.config.Forecast, m.features}
	var at []place
	origins := max(f.Validation-f.Horizon+1, 1)
	stride := max(1, len(list)*origins/1000)
	for i, r := range list {
		from := r.Len() - after - f.Validation
		for k := 0; k < origins; k += stride {
			if known := from + k; known >= f.least() && hasValue(r.Values[known:min(known+f.Horizon, r.Len())]) && hasValue(r.Values[:known]) {
				at = append(at, place{i, known})
			}
		}
	}
	o.Horizon = f.Horizon
	found, err := m.forecastAll(ctx, list, at, o)
	if err != nil {
		return nil, err
	}
	s := &shift{levels: o.Levels, by: make([]float64, len(o.Levels))}
	for k, level := range o.Levels {
		var errs []float64
		for i, p := range at {
			r := list[p.series]
			scale := w.scale(r, p.known).scale
			for h, q := range found[i].Quantiles[k] {
				if v := (history{filled: r.Values}).at(p.known + h); !math.IsNaN(v) {
					errs = append(errs, (v-q)/scale)
				}
			}
		}
		n := len(errs)
		if float64(n+1)*min(level, 1-level) < 1 {
			return nil, errors.Errorf("models: %d values to calibrate with are too few for the quantile %g; want more to validate with", n, level)
		}
		slices.Sort(errs)
		s.by[k] = errs[min(int(math.Ceil(float64(n+1)*level)), n)-1]
	}
	return s, nil
}

// move moves the quantiles of a forecast, and puts them in order.
func (s *shift) move(f *Forecast, scale windowScale) {
	column := make([]float64, len(f.Quantiles))
	for h := range f.Mean {
		for k := range f.Quantiles {
			column[k] = f.Quantiles[k][h] + s.by[k]*scale.scale
		}
		slices.Sort(column)
		for k := range f.Quantiles {
			f.Quantiles[k][h] = column[k]
		}
	}
}
