package main

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/train/metric"
	"gonum.org/v1/gonum/mat"
)

// judge compares forecasts with what came, over all places of the test rows; the scale is that of MASE: the error of
// seasonal forecasts on the rows to train on.
func (d *data) judge(predict func(at int) ([]float64, error)) (*metric.ForecastErrors, float64, error) {
	scale, err := metric.NaiveError(d.column(0, d.fitRows), d.season)
	if err != nil {
		return nil, 0, err
	}
	m := &metric.ForecastErrors{}
	for at := d.endRows; at+d.horizon <= d.all.Rows(); at++ {
		y, err := predict(at)
		if err != nil {
			return nil, 0, err
		}
		if err := m.Add(y, d.column(at, at+d.horizon)); err != nil {
			return nil, 0, err
		}
	}
	return m, scale, nil
}

// seasonal forecasts what was a season ago.
func (d *data) seasonal(at int) ([]float64, error) {
	return d.column(at-d.season, at-d.season+d.horizon), nil
}

// last forecasts that nothing changes.
func (d *data) last(at int) ([]float64, error) {
	out := make([]float64, d.horizon)
	for i := range out {
		out[i] = d.column(at-1, at)[0]
	}
	return out, nil
}

// regress finds, by least squares on the rows to train on, the linear function of a window and a constant for each value
// to come; columns are as differences from the goal's last value, so that a trend does not lead out of what was seen.
func (d *data) regress() (func(at int) ([]float64, error), error) {
	features := d.window*d.all.Features + 1
	see := func(at int) []float64 {
		x := make([]float64, 0, features)
		base := d.column(at-1, at)[0]
		for i := (at - d.window) * d.all.Features; i < at*d.all.Features; i++ {
			v := d.all.Values[i]
			if i%d.all.Features == d.goal {
				v -= base
			}
			x = append(x, v)
		}
		return append(x, 1)
	}
	n := d.fitRows - d.window - d.horizon + 1
	if n < features {
		return nil, errors.Errorf("%d windows for %d numbers each; want more", n, features)
	}
	x, y := mat.NewDense(n, features, nil), mat.NewDense(n, d.horizon, nil)
	for i := range n {
		at := d.window + i
		x.SetRow(i, see(at))
		base := d.column(at-1, at)[0]
		for j, v := range d.column(at, at+d.horizon) {
			y.Set(i, j, v-base)
		}
	}
	// A little weight decay: neighbouring days say nearly the same.
	var square, right, w mat.Dense
	square.Mul(x.T(), x)
	for i := range features {
		square.Set(i, i, square.At(i, i)+0.1*float64(n)/100)
	}
	right.Mul(x.T(), y)
	if err := w.Solve(&square, &right); err != nil {
		return nil, errors.Wrap(err, "linear regression")
	}
	return func(at int) ([]float64, error) {
		out, base := make([]float64, d.horizon), d.column(at-1, at)[0]
		for j := range out {
			out[j] = base + mat.Dot(mat.NewVecDense(features, see(at)), w.ColView(j))
		}
		return out, nil
	}, nil
}
