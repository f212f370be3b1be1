package command

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// fanPicture draws a series of the model's own: the last steps before the test, and how they are forecast to go on, beside what
// came.
func fanPicture(ctx context.Context, m *models.Forecaster, id string, conformal bool) (*chart.Picture, error) {
	c := m.Config()
	p, err := ownPanel(c.Origin)
	if err != nil {
		return nil, err
	}
	one, err := seriesCalled(p, id)
	if err != nil {
		return nil, err
	}
	h := c.Forecast.Horizon
	known := one.Len() - h
	cut := *p
	cut.Series = []datasets.PanelSeries{one.Until(known)}
	o := models.Forecasting{Seed: c.Seed, Levels: []float64{0.5}}
	for _, share := range models.Intervals() {
		o.Levels = append(o.Levels, (1-share)/2, (1+share)/2)
	}
	o.Conformal = conformal
	found, err := m.Forecast(ctx, &cut, o)
	if err != nil {
		return nil, err
	}
	from := max(0, known-max(2*h, c.Forecast.Context))
	f := chart.Forecast{History: one.Values[from:known], Median: found[0].Quantile(0.5), Truth: one.Values[known:]}
	for _, share := range models.Intervals() {
		if c.Forecast.Output == models.OutputPoint && !conformal {
			break // a number has none
		}
		f.Intervals = append(f.Intervals, chart.Interval{Name: fmt.Sprintf("%g %%", math.Round(100*share)),
			Low: found[0].Quantile((1 - share) / 2), High: found[0].Quantile((1 + share) / 2)})
	}
	if p.Frequency.Unit != datasets.UnitStep {
		f.Times = make([]time.Time, one.Len()-from)
		for t := range f.Times {
			f.Times[t] = p.Frequency.Add(one.Start, from+t)
		}
	}
	axes := chart.Axes{Title: one.ID, Y: one.ID}
	if target := c.Origin.Series.Target; len(target) == 1 {
		axes.Y = target[0] // of several, a series is called like its column
	}
	return chart.Fan(axes, f), nil
}

// seriesCalled is the series of an id, or the first.
func seriesCalled(p *datasets.Panel, id string) (datasets.PanelSeries, error) {
	var names []string
	for _, s := range p.Series {
		if s.ID == id || id == firstSeries {
			return s, nil
		}
		names = append(names, s.ID)
	}
	return datasets.PanelSeries{}, usage("--fan=%s: no series is called so; there are %s", id, quotedList(names))
}
