package metric

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// Bootstrap says how sure a measure is: it draws as many rows as there are, some several times and others not at all, measures them,
// and does so again and again (Efron, 1979). The spread of the results is about that over other test sets of the same size.
type Bootstrap struct {
	Replicates int     // draws; 0 counts as 1000
	Level      float64 // of the interval; 0 counts as 0.95
	Seed       uint64
	// BCa corrects the interval for bias and for a spread that depends on the value: bias-corrected and accelerated (Efron, 1987). It
	// measures once more for each row. Otherwise the ends are percentiles of the results.
	BCa bool
}

// Interval is where the measure of rows 0 to n-1 lies with probability Level. The measure gets the numbers of rows, as
// Probabilities.Select takes them; results that are NaN, of draws that lack a class, say, are left out. BCa without a spread, or
// with results that are all on one side of the measure, falls back to percentiles.
func (b Bootstrap) Interval(n int, measure func(rows []int) float64) (low, high float64, err error) {
	replicates, level := b.Replicates, b.Level
	if replicates == 0 {
		replicates = 1000
	}
	if level == 0 {
		level = 0.95
	}
	switch {
	case replicates < 2 || replicates > 1e6:
		return 0, 0, errors.Errorf("metric: %d replicates; want 2 to 1000000", replicates)
	case !(level > 0 && level < 1):
		return 0, 0, errors.Errorf("metric: level %g of an interval; want above 0 and below 1", level)
	case n < 1 || n > 1<<24:
		return 0, 0, errors.Errorf("metric: a bootstrap of %d rows; want 1 to 16777216", n)
	case measure == nil:
		return 0, 0, errors.New("metric: a bootstrap of no measure; the function is nil")
	}
	rng := rand.New(rand.NewPCG(b.Seed, 0))
	rows := make([]int, n)
	results := make([]float64, 0, replicates)
	for range replicates {
		for i := range rows {
			rows[i] = rng.IntN(n)
		}
		if v := measure(rows); v == v {
			results = append(results, v)
		}
	}
	if len(results) < 2 {
		return 0, 0, errors.New("metric: the measure is NaN in all draws of rows")
	}
	slices.Sort(results)
	lower, upper := (1-level)/2, (1+level)/2
	if b.BCa {
		lower, upper = b.corrected(measure, n, results, lower, upper)
	}
	return percentile(results, lower), percentile(results, upper), nil
}

// corrected moves the shares of results below the ends of the interval.
func (b Bootstrap) corrected(measure func(rows []int) float64, n int, results []float64, lower, upper float64) (float64, float64) {
	all, others := make([]int, n), make([]float64, 0, n)
	for i := range all {
		all[i] = i
	}
	estimate := measure(all)
	without := make([]int, n-1)
	for i := range n {
		copy(without, all[:i])
		copy(without[i:], all[i+1:])
		if v := measure(without); v == v {
			others = append(others, v)
		}
	}
	return bca(estimate, results, others, lower, upper)
}

// bca are the shares for an estimate, sorted results of draws and the estimates without one row each.
func bca(estimate float64, results, others []float64, lower, upper float64) (float64, float64) {
	below := 0.0 // results below the estimate, half of those that equal it
	for _, v := range results {
		switch {
		case v < estimate:
			below++
		case v == estimate:
			below += 0.5
		}
	}
	bias := normalQuantile(below / float64(len(results)))
	mean := 0.0
	for _, v := range others {
		mean += v / float64(len(others))
	}
	squares, cubes := 0.0, 0.0
	for _, v := range others {
		d := mean - v
		squares += d * d
		cubes += d * d * d
	}
	acceleration := cubes / (6 * math.Pow(squares, 1.5))
	if math.IsInf(bias, 0) || math.IsNaN(bias) || math.IsNaN(acceleration) || math.IsInf(acceleration, 0) {
		return lower, upper
	}
	move := func(share float64) float64 {
		z := bias + normalQuantile(share)
		return 0.5 * math.Erfc(-(bias+z/(1-acceleration*z))/math.Sqrt2)
	}
	return move(lower), move(upper)
}

// normalQuantile is the quantile of the standard normal distribution.
func normalQuantile(p float64) float64 {
	if p < 0.5 {
		return -math.Sqrt2 * math.Erfcinv(2*p)
	}
	return math.Sqrt2 * math.Erfcinv(2*(1-p))
}
