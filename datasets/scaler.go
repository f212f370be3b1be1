package datasets

import (
	"math"

	"github.com/pkg/errors"
)

// Scaler brings each feature to mean 0 and deviation 1. Save its fields with the model, for example as JSON.
type Scaler struct {
	Mean, Deviation []float64 // [F]
}

// FitScaler measures a series. Give it the training part alone, because the rest is not known when a model is used.
// Several series are measured together. A feature that never changes has deviation 1.
func FitScaler(train Series) (*Scaler, error) {
	s, err := train.withDefaults()
	if err != nil {
		return nil, err
	}
	n, f := float64(s.Rows()), s.Features
	c := &Scaler{Mean: make([]float64, f), Deviation: make([]float64, f)}
	for i, v := range s.Values {
		c.Mean[i%f] += v / n
	}
	for i, v := range s.Values {
		d := v - c.Mean[i%f]
		c.Deviation[i%f] += d * d / n
	}
	for j, v := range c.Deviation {
		c.Deviation[j] = math.Sqrt(v)
		if c.Deviation[j] <= 1e-12*math.Abs(c.Mean[j]) { // the rounding of a constant
			c.Deviation[j] = 1
		}
	}
	return c, nil
}

// Scale returns the series with its features scaled; s stays as it is.
func (c *Scaler) Scale(s Series) (Series, error) {
	f := max(1, s.Features)
	if len(c.Mean) != f || len(c.Deviation) != f {
		return s, errors.Errorf("datasets: a scaler of %d features for a series of %d", len(c.Mean), f)
	}
	for j, d := range c.Deviation {
		if !(d > 0) {
			return s, errors.Errorf("datasets: a scaler with deviation %g of feature %d; want above 0", d, j)
		}
	}
	scaled := make([]float64, len(s.Values))
	for i, v := range s.Values {
		scaled[i] = (v - c.Mean[i%f]) / c.Deviation[i%f]
	}
	s.Values = scaled
	return s, nil
}

// Restore maps a scaled value of a feature, such as a prediction, back to the units of the series.
func (c *Scaler) Restore(feature int, value float64) float64 {
	if feature < 0 || feature >= len(c.Mean) || feature >= len(c.Deviation) {
		return math.NaN()
	}
	return value*c.Deviation[feature] + c.Mean[feature]
}
