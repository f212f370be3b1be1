package metric

import (
	"math"

	"github.com/pkg/errors"
)

// IntervalErrors measures intervals that were meant to contain the truth with probability Level.
type IntervalErrors struct {
	Level float64 // above 0 and below 1; Winkler needs it

	n, inside     int
	width, misses float64 // sums; of misses, how far the truth is outside
}

// Add counts intervals beside the truth.
func (m *IntervalErrors) Add(low, high, truth []float64) error {
	if len(low) != len(truth) || len(high) != len(truth) {
		return errors.Errorf("metric: %d and %d ends of intervals for %d truths", len(low), len(high), len(truth))
	}
	for i := range low {
		if low[i] > high[i] {
			return errors.Errorf("metric: interval %d goes from %g down to %g", i, low[i], high[i])
		}
	}
	for i, y := range truth {
		m.n++
		m.width += high[i] - low[i]
		switch {
		case y < low[i]:
			m.misses += low[i] - y
		case y > high[i]:
			m.misses += y - high[i]
		default:
			m.inside++
		}
	}
	return nil
}

// Count is the number of intervals.
func (m *IntervalErrors) Count() int { return m.n }

// Coverage is the share of truths inside, the ends included; NaN of nothing.
func (m *IntervalErrors) Coverage() float64 { return float64(m.inside) / float64(m.n) }

// Width is the mean width.
func (m *IntervalErrors) Width() float64 { return m.width / float64(m.n) }

// Winkler is the mean interval score, which rewards narrow intervals and punishes misses: the width, and 2/(1-Level) times how far
// the truth is outside (Winkler, 1972; Gneiting and Raftery, 2007). NaN for a level that is none.
func (m *IntervalErrors) Winkler() float64 {
	if !(m.Level > 0 && m.Level < 1) {
		return math.NaN()
	}
	return (m.width + 2/(1-m.Level)*m.misses) / float64(m.n)
}
