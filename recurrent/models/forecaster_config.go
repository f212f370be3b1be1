package models

import (
	"slices"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/losses/distribution"
)

// ForecastConfig is what a Config says of a Forecaster alone. NewForecaster fills in what is zero, by the series.
type ForecastConfig struct {
	Horizon int    // H, steps that are forecast
	Context int    // C, steps that are read before them
	Output  string // one of Outputs: a number, its quantiles, or a distribution
	Scaling string // one of Scalings: what brings the values of a window to the same size

	Quantiles []float64 // that OutputQuantile learns, and that Forecast gives unless told otherwise
	Lags      []int     // how many steps ago the values are that a distribution's step reads; each above the one before
	Paths     int       // sample paths of a distribution, from which its quantiles are taken
	Weighted  bool      // draw windows of large series more often, as DeepAR does

	Season     int // steps after which the series repeat themselves: of the seasonal naive forecast, and of the scale of MASE
	Validation int // steps before the test that are kept to stop by; 0 for one horizon
	Test       int // steps at the end of each series that are kept for the test; 0 for one horizon
}

// Outputs of a Forecaster beside the families of package distribution.
const (
	OutputPoint    = "point"    // one number, of the least absolute error
	OutputQuantile = "quantile" // the quantiles of ForecastConfig.Quantiles
)

// Outputs are the values of ForecastConfig.Output.
func Outputs() []string {
	out := []string{OutputPoint, OutputQuantile}
	for _, f := range distribution.Families() {
		out = append(out, string(f))
	}
	return out
}

// Ways to bring the values of a window to the same size.
const (
	ScalingMean     = "mean"     // divide by the mean absolute value of the context, as DeepAR does
	ScalingStandard = "standard" // take off the mean of the context, and divide by the standard deviation
	ScalingNone     = "none"
)

// Scalings are the values of ForecastConfig.Scaling.
func Scalings() []string { return []string{ScalingMean, ScalingStandard, ScalingNone} }

// steps tells whether the network forecasts step by step, a distribution at each, and not all steps at once.
func (f ForecastConfig) steps() bool {
	return f.Output != "" && f.Output != OutputPoint && f.Output != OutputQuantile
}

// family is the distribution at each step.
func (f ForecastConfig) family() distribution.Family { return distribution.Family(f.Output) }

// levels are the quantiles that the network itself gives: of a point the median.
func (f ForecastConfig) levels() []float64 {
	if f.Output == OutputPoint {
		return []float64{0.5}
	}
	return f.Quantiles
}

// above0 tells whether a family has no values below 0, so that nothing may be taken off them.
func above0(f distribution.Family) bool { return f.Check([]float64{-0.5}) != nil }

// defaultQuantiles are the median and the limits of intervals of 50, 80 and 95 %.
func defaultQuantiles() []float64 { return []float64{0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975} }

// complete fills in what is zero, for the series of a panel.
func (f ForecastConfig) complete(p *datasets.Panel) ForecastConfig {
	if f.Output == "" {
		f.Output = OutputQuantile
	}
	if f.Season == 0 {
		f.Season = p.Frequency.Season()
	}
	if f.Horizon == 0 {
		f.Horizon = max(f.Season, 1)
	}
	f.Validation, f.Test = max(f.Validation, f.Horizon), max(f.Test, f.Horizon)
	if f.Context == 0 {
		f.Context = max(3*f.Horizon, 2*f.Season, 30)
		if half := (longest(p) - f.Validation - f.Test - f.Horizon) / 2; f.Context > half {
			f.Context = max(half, min(f.Horizon, 14), 1)
		}
	}
	if f.Scaling == "" {
		f.Scaling = ScalingStandard
		if f.steps() && above0(f.family()) {
			f.Scaling = ScalingMean
		}
	}
	if len(f.Quantiles) == 0 {
		f.Quantiles = defaultQuantiles()
	}
	if f.Paths == 0 {
		f.Paths = 200
	}
	if f.steps() && len(f.Lags) == 0 {
		f.Lags = lagsOf(p.Frequency, f.Season, longest(p)-f.Test-f.Validation)
	}
	return f
}

func longest(p *datasets.Panel) int {
	n := 0
	for _, s := range p.Series {
		n = max(n, s.Len())
	}
	return n
}

// lagsOf are the last steps, and those one to four seasons ago with their neighbours, as far as half of the series reaches.
func lagsOf(f datasets.Frequency, season, length int) []int {
	lags := map[int]bool{}
	add := func(n int) {
		if n >= 1 && (n <= length/2 || n == 1) {
			lags[n] = true
		}
	}
	for n := range min(season, 7) {
		add(n + 1)
	}
	seasons := []int{season, 2 * season, 3 * season, 4 * season}
	if f.Unit == datasets.UnitHour && f.Count == 1 {
		seasons = []int{24, 48, 168, 336}
	}
	for _, s := range seasons {
		if s > 1 {
			add(s)
		}
		if s > 7 {
			add(s - 1)
			add(s + 1)
		}
	}
	add(1)
	add(2)
	add(3)
	out := make([]int, 0, len(lags))
	for n := range lags {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// checkForecast refuses a configuration of a Forecaster that cannot work. What is zero is yet to be filled in by the series.
func (c Config) checkForecast() error {
	f := c.Forecast
	for _, v := range f.numbers() {
		if v.value < 0 || v.value > mostForecast {
			return wrong("Forecast."+v.field, "%d; want %d to %d", v.value, v.least, mostForecast)
		}
	}
	switch {
	case f.Output != "" && !slices.Contains(Outputs(), f.Output):
		return wrong("Forecast.Output", "%q; want %s", f.Output, oneOf(Outputs()))
	case f.Scaling != "" && !slices.Contains(Scalings(), f.Scaling):
		return wrong("Forecast.Scaling", "%q; want %s", f.Scaling, oneOf(Scalings()))
	case f.steps() && f.Scaling == ScalingStandard && above0(f.family()):
		return wrong("Forecast.Scaling", "%q; want %s: values of the distribution %s are not below 0", f.Scaling, ScalingMean, f.Output)
	case len(f.Quantiles) > 999:
		return wrong("Forecast.Quantiles", "%d levels; want 999 at most", len(f.Quantiles))
	}
	for i, q := range f.Quantiles {
		if !(q > 0 && q < 1) || i > 0 && q <= f.Quantiles[i-1] {
			return wrong("Forecast.Quantiles", "%v; want levels between 0 and 1, each above the one before", f.Quantiles)
		}
	}
	if err := f.checkLags(); err != nil {
		return err
	}
	if _, err := dense.Size([]int{max(f.Context+f.Horizon, 1), c.Batch}); err != nil {
		return wrong("Batch", "%d, of %d steps each: that is too much for one batch", c.Batch, f.Context+f.Horizon)
	}
	return nil
}

// bounded is a whole number of a configuration, and the least that it can be when all is filled in.
type bounded struct {
	field        string
	value, least int
}

func (f ForecastConfig) numbers() []bounded {
	return []bounded{{"Horizon", f.Horizon, 1}, {"Context", f.Context, 1}, {"Paths", f.Paths, 1}, {"Season", f.Season, 1},
		{"Validation", f.Validation, 1}, {"Test", f.Test, 1}}
}

// checkWhole refuses a configuration in which something is still to be filled in: that of a file has all.
func (c Config) checkWhole() error {
	f := c.Forecast
	for _, v := range f.numbers() {
		if v.value < v.least {
			return wrong("Forecast."+v.field, "%d; want %d to %d", v.value, v.least, mostForecast)
		}
	}
	switch {
	case f.Output == "":
		return wrong("Forecast.Output", "%q; want %s", f.Output, oneOf(Outputs()))
	case f.Scaling == "":
		return wrong("Forecast.Scaling", "%q; want %s", f.Scaling, oneOf(Scalings()))
	case len(f.Quantiles) == 0:
		return wrong("Forecast.Quantiles", "%v; want one at least", f.Quantiles)
	case f.steps() && len(f.Lags) == 0:
		return wrong("Forecast.Lags", "%v; want 1 at least", f.Lags)
	case f.Validation < f.Horizon:
		return wrong("Forecast.Validation", "%d; want a horizon of %d at least", f.Validation, f.Horizon)
	case f.Test < f.Horizon:
		return wrong("Forecast.Test", "%d; want a horizon of %d at least", f.Test, f.Horizon)
	}
	return nil
}

// mostForecast is the limit of numbers of steps and of paths.
const mostForecast = 1 << 20

func (f ForecastConfig) checkLags() error {
	for i, lag := range f.Lags {
		if lag < 1 || lag > mostForecast || i > 0 && lag <= f.Lags[i-1] {
			return wrong("Forecast.Lags", "%v; want steps from 1 on, each above the one before", f.Lags)
		}
	}
	switch {
	case f.steps() && len(f.Lags) > 0 && f.Lags[0] != 1:
		return wrong("Forecast.Lags", "%v; want 1 first: a step reads the value before it", f.Lags)
	case !f.steps() && len(f.Lags) > 0:
		return wrong("Forecast.Lags", "%v; want none: with the output %s, the whole context is read", f.Lags, f.Output)
	case len(f.Lags) > 1000:
		return wrong("Forecast.Lags", "%d of them; want 1000 at most", len(f.Lags))
	}
	return nil
}
