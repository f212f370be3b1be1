package models

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
)

// Forecast is how a series is expected to go on.
type Forecast struct {
	ID        string
	Times     []time.Time // [H]
	Mean      []float64   // [H]; of a network of quantiles, their median
	Levels    []float64   // [Q], in order
	Quantiles [][]float64 // [Q][H]
	Paths     [][]float64 // [paths][H]; nil unless they were asked for
}

// Forecasting says what is to be forecast. The zero value gives the quantiles of the configuration.
type Forecasting struct {
	Levels  []float64 // quantiles; of a network of quantiles, those that lie between its own are interpolated
	Horizon int       // steps, 0 for the model's; a network of quantiles has no more than those
	Paths   int       // sample paths to draw of a distribution, 0 for as many as the configuration says
	Keep    bool      // give the paths, too
	Seed    uint64    // of the paths

	// From and To choose series of the panel, without To; all if both are 0. Some of them have the forecasts that they have among all.
	From, To int

	// Conformal moves the quantiles by the errors on the last values of the series, as many as the model was stopped by and tested
	// with: split conformal prediction, whose intervals cover as often as they say if what comes is like these.
	Conformal bool
}

// Forecast forecasts what follows the last value of each series of a panel. Known columns must be known for the horizon. Equal
// seeds give equal paths, whatever the number of processors.
func (m *Forecaster) Forecast(ctx context.Context, p *datasets.Panel, o Forecasting) ([]Forecast, error) {
	o, err := m.settle(p, o)
	if err != nil {
		return nil, err
	}
	list, err := m.readAll(p, o.Horizon)
	if err != nil {
		return nil, err
	}
	var at []place
	for i, r := range list[o.From:o.To] {
		if at = append(at, place{o.From + i, r.Len()}); !hasValue(r.Values) {
			return nil, errors.Errorf("models: the series %.40q has no value to forecast from", r.ID)
		}
	}
	found, err := m.forecastAll(orBackground(ctx), list, at, o, o.From)
	if err != nil || !o.Conformal {
		return found, err
	}
	moved, err := m.calibrate(orBackground(ctx), list, 0, o)
	if err != nil {
		return nil, err
	}
	for i, r := range list[o.From:o.To] {
		moved.move(&found[i], windows{m.config.Forecast, m.features}.scale(r, r.Len()))
	}
	return found, nil
}

// Samples tells whether the model draws sample paths: whether its output is a distribution.
func (m *Forecaster) Samples() bool { return m.config.Forecast.steps() }

// settle checks what is asked, and fills in what is left open.
func (m *Forecaster) settle(p *datasets.Panel, o Forecasting) (Forecasting, error) {
	if err := m.made(); err != nil {
		return o, err
	}
	if err := m.draw(); err != nil {
		return o, err
	}
	if err := m.features.fits(p); err != nil {
		return o, err
	}
	f := m.config.Forecast
	if o.Horizon == 0 {
		o.Horizon = f.Horizon
	}
	if o.Paths == 0 {
		o.Paths = f.Paths
	}
	if len(o.Levels) == 0 {
		o.Levels = f.Quantiles
	}
	o.Levels = distinctNumbers(o.Levels)
	if o.From == 0 && o.To == 0 {
		o.To = len(p.Series)
	}
	switch {
	case o.Horizon < 1 || o.Horizon > mostForecast || !f.steps() && o.Horizon > f.Horizon:
		return o, errors.Errorf("models: a horizon of %d steps; want 1 to %d", o.Horizon, f.Horizon)
	case o.From < 0 || o.To < o.From || o.To > len(p.Series):
		return o, errors.Errorf("models: series %d to %d of %d; want From <= To, both within them", o.From, o.To, len(p.Series))
	case o.Paths < 1 || o.Paths > mostForecast:
		return o, errors.Errorf("models: %d sample paths; want 1 to %d", o.Paths, mostForecast)
	}
	for _, q := range o.Levels {
		if !(q > 0 && q < 1) {
			return o, errors.Errorf("models: the quantile %g; want one between 0 and 1", q)
		}
	}
	if f.steps() {
		return o, errors.WithMessage(f.checkValues(p), "models")
	}
	return o, nil
}

// distinctNumbers are the different numbers of a list, in order.
func distinctNumbers(list []float64) []float64 {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// Quantile is the quantile of a level, [H]; nil if it was not asked for.
func (f Forecast) Quantile(level float64) []float64 {
	for i, l := range f.Levels {
		if math.Abs(l-level) < 1e-9 && i < len(f.Quantiles) {
			return f.Quantiles[i]
		}
	}
	return nil
}

// checkValues refuses values that the distribution cannot have.
func (f ForecastConfig) checkValues(p *datasets.Panel) error {
	for _, s := range p.Series {
		if err := f.family().Check(s.Values); err != nil {
			return errors.WithMessagef(err, "the series %.40q", s.ID)
		}
	}
	return nil
}

// forecastAll forecasts some windows, batch by batch, of which the first has a number by which paths are drawn.
func (m *Forecaster) forecastAll(ctx context.Context, list []*readSeries, at []place, o Forecasting, first int) ([]Forecast, error) {
	out := make([]Forecast, 0, len(at))
	size := 256
	if m.config.Forecast.steps() {
		size = max(1, 2048/o.Paths)
	}
	err := m.lent.with(func(f *graph.Func) error {
		for from := 0; from < len(at); from += size {
			if err := ctx.Err(); err != nil {
				return err
			}
			some := at[from:min(from+size, len(at))]
			forecast := m.atOnce
			if m.config.Forecast.steps() {
				forecast = m.byPaths
			}
			more, err := forecast(f, list, some, o, first+from)
			if err != nil {
				return err
			}
			out = append(out, more...)
		}
		return nil
	})
	return out, err
}

// begin is a forecast without its numbers.
func (m *Forecaster) begin(r *readSeries, known int, o Forecasting) Forecast {
	f := Forecast{ID: r.ID, Levels: slices.Clone(o.Levels), Times: make([]time.Time, o.Horizon), Mean: make([]float64, o.Horizon)}
	for h := range f.Times {
		f.Times[h] = m.features.step.Add(r.Start, known+h)
	}
	f.Quantiles = make([][]float64, len(o.Levels))
	for i := range f.Quantiles {
		f.Quantiles[i] = make([]float64, o.Horizon)
	}
	return f
}

// atOnce forecasts windows with a network of quantiles. Its quantiles are put in order, and others are interpolated between
// them; below the first and above the last there is nothing to know, and those are given.
func (m *Forecaster) atOnce(f *graph.Func, list []*readSeries, at []place, o Forecasting, _ int) ([]Forecast, error) {
	w := windows{m.config.Forecast, m.features}
	in, scales := w.inputs(list, at, false)
	y, err := f.Run(in...)
	if err != nil {
		return nil, err
	}
	levels := m.config.Forecast.levels()
	data, q := y[0].Float32s(), len(levels)
	out := make([]Forecast, len(at))
	own := make([]float64, q)
	for i, p := range at {
		out[i] = m.begin(list[p.series], p.known, o)
		for h := range o.Horizon {
			for k := range own {
				own[k] = scales[i].location + scales[i].scale*float64(data[(h*len(at)+i)*q+k])
			}
			slices.Sort(own)
			out[i].Mean[h] = interpolated(levels, own, 0.5)
			for k, level := range o.Levels {
				out[i].Quantiles[k][h] = interpolated(levels, own, level)
			}
		}
	}
	return out, nil
}

// interpolated is the value at a level, between those of levels in order.
func interpolated(levels, values []float64, level float64) float64 {
	k, found := slices.BinarySearch(levels, level)
	switch {
	case found:
		return values[k]
	case k == 0:
		return values[0]
	case k == len(levels):
		return values[k-1]
	}
	share := (level - levels[k-1]) / (levels[k] - levels[k-1])
	return values[k-1] + share*(values[k]-values[k-1])
}

// quantile is the value at a level of sorted samples, between the two nearest (Hyndman and Fan's type 7, as numpy's).
func quantile(sorted []float64, level float64) float64 {
	at := level * float64(len(sorted)-1)
	k := int(math.Floor(at))
	if k+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[k] + (at-float64(k))*(sorted[k+1]-sorted[k])
}
