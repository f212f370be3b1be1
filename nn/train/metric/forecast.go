package metric

import (
	"math"

	"github.com/pkg/errors"
)

// ForecastErrors adds up how far predictions are from the truth.
type ForecastErrors struct {
	n, zeros                          int
	absolute, squares, rel, symmetric float64
}

// Add counts predictions beside the truth.
func (m *ForecastErrors) Add(predicted, truth []float64) error {
	if len(predicted) != len(truth) {
		return errors.Errorf("metric: %d predictions for %d truths", len(predicted), len(truth))
	}
	for i, t := range truth {
		d := math.Abs(predicted[i] - t)
		m.n++
		m.absolute += d
		m.squares += d * d
		if size := math.Abs(predicted[i]) + math.Abs(t); size > 0 { // both 0 is no error
			m.symmetric += d / size
		}
		if t == 0 {
			m.zeros++
		} else {
			m.rel += d / math.Abs(t)
		}
	}
	return nil
}

// Count is the number of predictions.
func (m *ForecastErrors) Count() int { return m.n }

// MAE is the mean absolute error; NaN of nothing.
func (m *ForecastErrors) MAE() float64 { return m.absolute / float64(m.n) }

// RMSE is the root of the mean squared error.
func (m *ForecastErrors) RMSE() float64 { return math.Sqrt(m.squares / float64(m.n)) }

// MAPE is the mean absolute error relative to the truth, in percent, over the truths that are not 0.
func (m *ForecastErrors) MAPE() float64 { return 100 * m.rel / float64(m.n-m.zeros) }

// SMAPE is the symmetric mean absolute error in percent, from 0 to 200, as in the M4 competition: the mean of
// 200·|y-f|/(|y|+|f|), which is 0 where both are 0 (Makridakis et al., 2020).
func (m *ForecastErrors) SMAPE() float64 { return 200 * m.symmetric / float64(m.n) }

// MASE is the mean absolute error over a scale, see NaiveError: below 1, the forecast beats the naive one (Hyndman and
// Koehler, 2006).
func (m *ForecastErrors) MASE(scale float64) float64 { return m.MAE() / scale }

// RMSSE is the root of the mean squared error over a scale, see NaiveSquaredError: with season 1, the measure of the M5
// competition (Makridakis et al., 2022).
func (m *ForecastErrors) RMSSE(scale float64) float64 {
	return math.Sqrt(m.squares / float64(m.n) / scale)
}

// NaiveError is the mean absolute error, over a training series, of forecasting each value by the one a season before;
// season 1 is the last value. It is the scale of MASE. The values must be numbers: fill gaps first.
func NaiveError(series []float64, season int) (float64, error) {
	return naive(series, season, math.Abs)
}

// NaiveSquaredError is NaiveError with squares of the errors: the scale of RMSSE.
func NaiveSquaredError(series []float64, season int) (float64, error) {
	return naive(series, season, func(d float64) float64 { return d * d })
}

func naive(series []float64, season int, size func(float64) float64) (float64, error) {
	if season < 1 || len(series) <= season {
		return 0, errors.Errorf("metric: a series of %d values has no season of %d", len(series), season)
	}
	for i, v := range series {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, errors.Errorf("metric: value %d of the series is %g; want numbers without gaps", i, v)
		}
	}
	sum := 0.0
	for i := season; i < len(series); i++ {
		sum += size(series[i] - series[i-season])
	}
	return sum / float64(len(series)-season), nil
}
