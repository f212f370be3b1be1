package calibrate

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Intervals widens intervals until they contain the truth as often as they should, whatever the model and the distribution of the
// data, as long as the new data come from where the calibration data came from: split conformal prediction (Vovk et al., 2005; Lei
// et al., 2018), for quantiles conformalised quantile regression (Romano et al., 2019). Each step of a horizon has a margin of its
// own. The zero value is ready: add forecasts of data that the model was not trained on, beside the truth, then ask for margins.
//
// For a forecast that is one number, low and high are both that number; its margin is a quantile of the absolute errors.
type Intervals struct {
	scores [][]float64 // by step, how far the truth was outside the interval, negative inside
	sorted bool
}

// Add takes the ends of the intervals of a forecast, one for each step of its horizon, and the truth. NaN is a truth that is missing.
func (c *Intervals) Add(low, high, truth []float64) error {
	switch {
	case len(low) != len(high) || len(low) != len(truth) || len(low) == 0:
		return errors.Errorf("calibrate: %d and %d ends of intervals for %d truths; want as many, and at least one",
			len(low), len(high), len(truth))
	case c.scores != nil && len(c.scores) != len(truth):
		return errors.Errorf("calibrate: a forecast of %d steps; those before had %d", len(truth), len(c.scores))
	}
	for i := range low {
		if !(low[i] <= high[i]) || math.IsInf(low[i], 0) || math.IsInf(high[i], 0) || math.IsInf(truth[i], 0) {
			return errors.Errorf("calibrate: step %d has the interval from %g to %g and the truth %g; want finite numbers",
				i, low[i], high[i], truth[i])
		}
	}
	if c.scores == nil {
		c.scores = make([][]float64, len(truth))
	}
	for i, y := range truth {
		if !math.IsNaN(y) {
			c.scores[i] = append(c.scores[i], max(low[i]-y, y-high[i]))
		}
	}
	c.sorted = false
	return nil
}

// Steps is the number of steps of the forecasts; 0 before the first.
func (c *Intervals) Steps() int { return len(c.scores) }

// Margins is, for each step, what to take off the low end of an interval and to add to its high end, so that it contains the truth
// with probability level or a little more. It may be negative, for intervals that were too wide. +Inf says that there are too few
// forecasts for the level: a step needs level/(1-level) of them.
func (c *Intervals) Margins(level float64) ([]float64, error) {
	if !(level > 0 && level < 1) {
		return nil, errors.Errorf("calibrate: level %g; want above 0 and below 1", level)
	}
	if len(c.scores) == 0 {
		return nil, errors.New("calibrate: no forecasts to calibrate with")
	}
	margins := make([]float64, len(c.scores))
	for i, s := range c.scores {
		if !c.sorted {
			slices.Sort(s)
		}
		margins[i] = rank(s, level)
	}
	c.sorted = true
	return margins, nil
}

// rank is the ⌈(n+1)·level⌉-th smallest of n sorted scores, +Inf if there are fewer: a new score, equally likely at each place among
// them, is at most that with probability level.
func rank(sorted []float64, level float64) float64 {
	k := int(math.Ceil(float64(len(sorted)+1)*level - 1e-9)) // 10·0.9 is 9, whatever rounding says
	switch {
	case k < 1:
		return math.Inf(-1)
	case k > len(sorted):
		return math.Inf(1)
	}
	return sorted[k-1]
}

// Adaptive follows data that change: it lowers the level that it aims at after truths inside the interval and raises it after misses,
// so that over time the share of truths inside is Level, whatever the data do (Gibbs and Candès, 2021). Ask for the Margin, then
// Add what became true, step by step.
type Adaptive struct {
	Level  float64 // above 0 and below 1
	Rate   float64 // γ, how fast it follows; 0 counts as 0.01
	Window int     // the number of newest scores that count; 0 counts as 1000

	miss    float64 // α, the share of misses that is aimed at
	started bool
	newest  []float64 // scores in the order of time
	sorted  []float64
}

// Margin is what to take off the low end of the next interval and to add to its high end; +Inf as long as there are too few truths,
// or as long as misses have been too many.
func (a *Adaptive) Margin() (float64, error) {
	if err := a.start(); err != nil {
		return 0, err
	}
	return a.margin(), nil
}

func (a *Adaptive) start() error {
	if !(a.Level > 0 && a.Level < 1) {
		return errors.Errorf("calibrate: level %g; want above 0 and below 1", a.Level)
	}
	if !(a.Rate >= 0 && a.Rate < 1) || a.Window < 0 {
		return errors.Errorf("calibrate: rate %g and window %d; want a rate from 0 to 1 and a window of 0 or more", a.Rate, a.Window)
	}
	if !a.started {
		a.started, a.miss = true, 1-a.Level
	}
	return nil
}

func (a *Adaptive) margin() float64 {
	if a.miss <= 0 {
		return math.Inf(1)
	}
	return rank(a.sorted, 1-a.miss)
}

// Add takes the ends of the interval before its margin, as Margin widens it, and the truth. NaN is a truth that is missing.
func (a *Adaptive) Add(low, high, truth float64) error {
	if err := a.start(); err != nil {
		return err
	}
	if !(low <= high) || math.IsInf(low, 0) || math.IsInf(high, 0) || math.IsInf(truth, 0) {
		return errors.Errorf("calibrate: the interval from %g to %g and the truth %g; want finite numbers", low, high, truth)
	}
	if math.IsNaN(truth) {
		return nil
	}
	rate, window := a.Rate, a.Window
	if rate == 0 {
		rate = 0.01
	}
	if window == 0 {
		window = 1000
	}
	score, change := max(low-truth, truth-high), 1-a.Level
	if score > a.margin() {
		change -= 1 // a miss
	}
	a.miss += rate * change
	if len(a.newest) == window {
		i, _ := slices.BinarySearch(a.sorted, a.newest[0])
		a.sorted = slices.Delete(a.sorted, i, i+1)
		a.newest = a.newest[1:]
	}
	i, _ := slices.BinarySearch(a.sorted, score)
	a.sorted = slices.Insert(a.sorted, i, score)
	a.newest = append(a.newest, score)
	return nil
}
