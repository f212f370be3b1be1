package datasets

import (
	"math"

	"github.com/pkg/errors"
)

// Series is a numeric series of several features: Values[n·F + f] is feature f at time n. Its examples are windows of
// Window steps, from which the Horizon values after them are to be predicted.
type Series struct {
	Values   []float64 // [N, F]
	Features int       // F; 0 is 1
	Window   int       // W, steps that are seen
	Horizon  int       // H, steps to predict; 0 is 1
	Stride   int       // steps from a window to the next; 0 is 1
	Goals    []int     // the features to predict, G of them; nil for all
}

// Rows is the number of time steps N.
func (s Series) Rows() int { return len(s.Values) / max(1, s.Features) }

func (s Series) withDefaults() (Series, error) {
	s.Features, s.Horizon, s.Stride = max(s.Features, 1), max(s.Horizon, 1), max(s.Stride, 1)
	if len(s.Values)%s.Features != 0 {
		return s, errors.Errorf("datasets: a series of %d values is not rows of %d features", len(s.Values), s.Features)
	}
	if s.Window < 1 {
		return s, errors.Errorf("datasets: a window of %d steps; want 1 or more", s.Window)
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
			return s, errors.Errorf("datasets: the series has %g in row %d, feature %d; want numbers, see FillForward", v, i/s.Features, i%s.Features)
		}
	}
	if s.Window > s.Rows() || s.Horizon > s.Rows()-s.Window {
		return s, errors.Errorf("datasets: a series of %d rows; want at least a window of %d and a horizon of %d", s.Rows(), s.Window, s.Horizon)
	}
	return s, nil
}

// FillForward returns the series with the last known value of a feature in the place of each NaN, which does not look
// ahead. Those before a feature's first value get that one.
func (s Series) FillForward() Series {
	f := max(1, s.Features)
	values := append([]float64{}, s.Values...)
	fill := func(i, from int) {
		if from >= 0 && from < len(values) && math.IsNaN(values[i]) {
			values[i] = values[from]
		}
	}
	for i := range values {
		fill(i, i-f)
	}
	for i := len(values) - 1; i >= 0; i-- {
		fill(i, i+f)
	}
	s.Values = values
	return s
}

// Split cuts the series in two at a fraction of its rows, the earlier part to train on. Nothing that is predicted in the
// later part is seen in the earlier one; its first window looks back at the last W rows of it, which are known by then.
func (s Series) Split(fraction float64) (train, validation Series, err error) {
	if !(fraction > 0 && fraction < 1) {
		return s, s, errors.Errorf("datasets: train fraction %g; want above 0 and below 1", fraction)
	}
	d, err := s.withDefaults()
	if err != nil {
		return s, s, err
	}
	at := int(float64(d.Rows()) * fraction)
	if at < d.Window+d.Horizon || d.Rows()-at < d.Horizon {
		return s, s, errors.Errorf("datasets: train fraction %g of %d rows leaves no window of %d and %d steps for one of the two parts", fraction, d.Rows(), d.Window, d.Horizon)
	}
	train, validation = d, d
	train.Values = d.Values[: at*d.Features : at*d.Features]
	validation.Values = d.Values[(at-d.Window)*d.Features:]
	return train, validation, nil
}

// Batches gives the windows in batches: Values [W, B, F] and Future [H, B, G].
func (s Series) Batches(o Batching) (*Batches, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	windows := (s.Rows()-s.Window-s.Horizon)/s.Stride + 1
	return newBatches(make([]int, windows), o, func(b *Batch) {
		n, f, g := len(b.Examples), s.Features, len(s.Goals)
		b.Steps, b.TargetSteps = s.Window, s.Horizon
		b.Values, b.Future = make([]float32, s.Window*n*f), make([]float32, s.Horizon*n*g)
		for k, e := range b.Examples {
			from := e * s.Stride
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

// Scaler brings each feature to mean 0 and deviation 1. Its fields are saved with a model, as JSON say.
type Scaler struct {
	Mean, Deviation []float64 // [F]
}

// FitScaler measures a series: the part to train on alone, for the rest is not known when a model is used. A feature
// that never changes has deviation 1.
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

// Restore maps a scaled value of a feature back, as a prediction.
func (c *Scaler) Restore(feature int, value float64) float64 {
	if feature < 0 || feature >= len(c.Mean) || feature >= len(c.Deviation) {
		return math.NaN()
	}
	return value*c.Deviation[feature] + c.Mean[feature]
}
