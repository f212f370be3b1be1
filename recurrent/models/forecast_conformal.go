package models

import (
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/train/calibrate"
)

// margins are by how much the quantiles of a forecast are moved apart at each step, [H] for each interval between two that are as
// far from the median, in scales of the window.
type margins struct {
	lower []float64 // levels of the lower ends
	by    [][]float64
}

// calibrate measures the errors of quantiles on forecasts of the last Forecast.Validation values of each series before the last
// after values, from all of these points in time, or from a thousand.
func (m *Forecaster) calibrate(ctx context.Context, list []*readSeries, after int, o Forecasting) (*margins, error) {
	f, w := m.config.Forecast, windows{m.config.Forecast, m.features}
	var at []place
	origins := f.Validation - f.Horizon + 1 + (f.Test - after)
	stride := max(1, len(list)*origins/1000)
	for i, r := range list {
		for k := 0; k < origins; k += stride {
			known := r.Len() - f.Test - f.Validation + k
			if known >= f.least() && hasValue(r.Values[known:min(known+f.Horizon, r.Len())]) && hasValue(r.Values[:known]) {
				at = append(at, place{i, known})
			}
		}
	}
	out := &margins{}
	for _, level := range o.Levels {
		if lower := math.Round(min(level, 1-level)*1e12) / 1e12; lower < 0.5 && !slices.Contains(out.lower, lower) {
			out.lower = append(out.lower, lower)
		}
	}
	o.Horizon, o.Levels = f.Horizon, nil
	for _, level := range out.lower {
		o.Levels = append(o.Levels, level, 1-level)
	}
	if len(out.lower) == 0 {
		return out, nil
	}
	found, err := m.forecastAll(ctx, list, at, o, 0)
	if err != nil {
		return nil, err
	}
	for k, level := range out.lower {
		var c calibrate.Intervals
		for i, p := range at {
			r := list[p.series]
			scale, truth := w.scale(r, p.known), make([]float64, f.Horizon)
			for h := range truth {
				truth[h] = (history{filled: r.Values}).at(p.known + h)
			}
			if err := c.Add(scale.all(found[i].Quantiles[2*k]), scale.all(found[i].Quantiles[2*k+1]), scale.all(truth)); err != nil {
				return nil, err
			}
		}
		by, err := c.Margins(1 - 2*level)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(by, func(v float64) bool { return math.IsInf(v, 0) }) {
			return nil, errors.Errorf("models: %d forecasts to calibrate with are too few for the quantile %g: want %d; "+
				"more are kept with more steps to validate with, or with more series", len(at), level, int(math.Ceil((1-2*level)/(2*level))))
		}
		out.by = append(out.by, by)
	}
	return out, nil
}

// all are values at the window's scale.
func (s windowScale) all(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = (v - s.location) / s.scale
	}
	return out
}

// move moves the quantiles of a forecast apart, or together, and puts them in order. Steps after the last that was calibrated move
// as that does.
func (m *margins) move(f *Forecast, scale windowScale) {
	column := make([]float64, len(f.Quantiles))
	for h := range f.Mean {
		for k, level := range f.Levels {
			column[k] = f.Quantiles[k][h]
			at := slices.IndexFunc(m.lower, func(lower float64) bool { return math.Abs(lower-min(level, 1-level)) < 1e-9 })
			if at < 0 {
				continue // the median
			}
			by := m.by[at][min(h, len(m.by[at])-1)] * scale.scale
			if level < 0.5 {
				by = -by
			}
			column[k] += by
		}
		slices.Sort(column)
		for k := range f.Quantiles {
			f.Quantiles[k][h] = column[k]
		}
	}
}
