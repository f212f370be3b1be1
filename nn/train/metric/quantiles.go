package metric

import (
	"math"

	"github.com/pkg/errors"
)

// QuantileErrors adds up how far predicted quantiles are from the truth. NewQuantileErrors makes one.
type QuantileErrors struct {
	levels  []float64
	n       int
	pinball []float64 // sums, by level
	below   []int     // truths at or below the quantile, by level
	size    float64   // Σ |truth|
}

// NewQuantileErrors measures quantiles of the given levels, each above 0 and below 1.
func NewQuantileErrors(levels ...float64) (*QuantileErrors, error) {
	if len(levels) == 0 {
		return nil, errors.New("metric: no levels of quantiles")
	}
	for _, q := range levels {
		if !(q > 0 && q < 1) {
			return nil, errors.Errorf("metric: level %g of a quantile; want above 0 and below 1", q)
		}
	}
	n := len(levels)
	return &QuantileErrors{levels: append([]float64(nil), levels...), pinball: make([]float64, n), below: make([]int, n)}, nil
}

// Add counts the quantiles that were predicted for one number, in the order of the levels.
func (m *QuantileErrors) Add(quantiles []float64, truth float64) error {
	if len(quantiles) != len(m.levels) {
		return errors.Errorf("metric: %d quantiles; want %d, one for each level", len(quantiles), len(m.levels))
	}
	m.n++
	m.size += math.Abs(truth)
	for i, q := range quantiles {
		m.pinball[i] += Pinball(m.levels[i], q, truth)
		if truth <= q {
			m.below[i]++
		}
	}
	return nil
}

// Count is the number of truths.
func (m *QuantileErrors) Count() int { return m.n }

// Pinball is the loss of a quantile's prediction: level·(y-q) above it and (1-level)·(q-y) below (Koenker and Bassett, 1978).
func Pinball(level, quantile, truth float64) float64 {
	if truth >= quantile {
		return level * (truth - quantile)
	}
	return (1 - level) * (quantile - truth)
}

// Pinball is the mean pinball loss over all levels; NaN of nothing.
func (m *QuantileErrors) Pinball() float64 {
	sum := 0.0
	for _, s := range m.pinball {
		sum += s
	}
	return sum / float64(len(m.levels)) / float64(m.n)
}

// CRPS is twice the mean pinball loss: with levels at equal distances, the continuous ranked probability score that the
// quantiles stand for, up to their number (Gneiting and Ranjan, 2011).
func (m *QuantileErrors) CRPS() float64 { return 2 * m.Pinball() }

// WeightedLoss is CRPS over the mean size of the truths: GluonTS's mean_weighted_sum_quantile_loss. It compares series of
// different sizes; NaN if all truths are 0.
func (m *QuantileErrors) WeightedLoss() float64 { return m.CRPS() * float64(m.n) / m.size }

// Coverage is, for each level, the share of truths at or below the quantile: the level itself, if the forecast is calibrated.
func (m *QuantileErrors) Coverage() []float64 {
	c := make([]float64, len(m.levels))
	for i, n := range m.below {
		c[i] = float64(n) / float64(m.n)
	}
	return c
}
