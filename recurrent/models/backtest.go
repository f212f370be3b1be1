package models

import (
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// Backtesting says from which points in the past series are forecast. The zero value takes the whole of Forecast.Test.
type Backtesting struct {
	Origins int // how many points in each series, the last one horizon before its end; 0 for as many as the test has room for
	Step    int // steps from one to the next; 0 for one horizon

	Conformal bool // move the model's quantiles by its errors on Forecast.Validation, see Calibrate
	Paths     int  // sample paths to draw, 0 for as many as the configuration says
	Seed      uint64
}

// Backtest is how good forecasts were, those of the model first, and then those that need no network: that nothing changes, that
// all is as it was a season ago, and a linear function of the window, learned by ridge regression. Their intervals are the
// quantiles of their errors on what was trained on.
type Backtest struct {
	Series, Origins int // that were forecast; of each series
	Values          int // that were compared
	Constant        int // series that do not change in a season, which have no MASE and RMSSE
	Scores          []ForecastScore
}

// ForecastScore is how good one kind of forecast was.
type ForecastScore struct {
	Name  string
	MAE   float64 // of the medians, as all errors; of the baselines, of their forecasts
	MASE  float64 // mean over the series, see metric.ForecastErrors
	RMSSE float64
	SMAPE float64
	// CRPS is the continuous ranked probability score, by quantiles at 0.05, 0.10 and so on, over the mean size of the truth: see
	// metric.QuantileErrors.WeightedLoss. Of a point it is the absolute error.
	CRPS     float64
	Coverage []float64 // of the intervals in Intervals; NaN of a point
}

// Intervals are the probabilities of the intervals that a Backtest counts.
func Intervals() []float64 { return []float64{0.5, 0.8, 0.95} }

// judgeLevels are the quantiles that a Backtest compares: those of CRPS, and the limits of the intervals.
func judgeLevels() (all, even []float64) {
	for i := 1; i < 20; i++ {
		even = append(even, float64(i)/20)
	}
	all = slices.Clone(even)
	for _, p := range Intervals() {
		all = append(all, lower(p), 1-lower(p))
	}
	slices.Sort(all)
	return slices.Compact(all), even
}

// lower is the level of the lower end of an interval.
func lower(interval float64) float64 { return math.Round((1-interval)/2*1e9) / 1e9 }

// Backtest forecasts the last values of each series from points in the past, as if the rest were not known (rolling origins;
// Tashman, 2000), and compares. Series that are too short to be trained on are left out.
func (m *Forecaster) Backtest(ctx context.Context, p *datasets.Panel, b Backtesting) (*Backtest, error) {
	o, err := m.settle(p, Forecasting{Paths: b.Paths, Seed: b.Seed})
	if err != nil {
		return nil, err
	}
	f := m.config.Forecast
	if b.Step == 0 {
		b.Step = f.Horizon
	}
	if b.Origins == 0 && b.Step > 0 {
		b.Origins = (f.Test-f.Horizon)/b.Step + 1
	}
	if b.Origins < 1 || b.Step < 1 || (b.Origins-1)*b.Step+f.Horizon > f.Test {
		return nil, errors.Errorf("models: %d origins, %d steps apart, with a horizon of %d; want 1 or more of both, "+
			"in the %d steps of the test, which the model was not trained on", b.Origins, b.Step, f.Horizon, f.Test)
	}
	list, err := m.readAll(p, 0)
	if err != nil {
		return nil, err
	}
	fit, _ := f.Split(p)
	if len(fit) == 0 {
		return nil, f.checkSeries(p)
	}
	var at []place
	for _, i := range fit {
		for k := b.Origins - 1; k >= 0; k-- {
			at = append(at, place{i, list[i].Len() - f.Horizon - k*b.Step})
		}
	}
	levels, _ := judgeLevels()
	o.Levels = levels
	found, err := m.forecastAll(orBackground(ctx), list, at, o, 0)
	if err != nil {
		return nil, err
	}
	if b.Conformal {
		moved, err := m.calibrate(orBackground(ctx), list, f.Test, o)
		if err != nil {
			return nil, err
		}
		for i := range found {
			moved.move(&found[i], windows{f, m.features}.scale(list[at[i].series], at[i].known))
		}
	}
	return m.judge(list, fit, at, found, b)
}

// judge compares the model's forecasts and those of the baselines with what came.
func (m *Forecaster) judge(list []*readSeries, fit []int, at []place, found []Forecast, b Backtesting) (*Backtest, error) {
	f, w := m.config.Forecast, windows{m.config.Forecast, m.features}
	line, err := newLinear(w, list)
	if err != nil {
		return nil, errors.Wrap(err, "models: the linear forecast")
	}
	out := &Backtest{Series: len(fit), Origins: b.Origins}
	levels, _ := judgeLevels()
	own := newJudge(f, list, levels)
	for i, forecast := range found {
		if err := own.add(at[i], forecast.Quantiles[own.level(0.5)], forecast.Quantiles); err != nil {
			return nil, err
		}
	}
	out.Values, out.Constant = own.values(), own.constant
	score := own.score(m.config.Cell)
	if f.Output == OutputPoint && !b.Conformal {
		for i := range score.Coverage { // a number is no interval
			score.Coverage[i] = math.NaN()
		}
	}
	out.Scores = append(out.Scores, score)
	for _, base := range []baseline{{"naive", f.naive}, {"seasonal naive", f.seasonalNaive}, {"linear", line.predict}} {
		j := newJudge(f, list, levels)
		spreads := map[int][][]float64{}
		for _, p := range at {
			if spreads[p.series] == nil {
				spreads[p.series] = base.spread(f, list[p.series], levels)
			}
			y := base.predict(list[p.series], p.known)
			if err := j.add(p, y, moved(y, spreads[p.series])); err != nil {
				return nil, err
			}
		}
		out.Scores = append(out.Scores, j.score(base.name))
	}
	return out, nil
}

// moved are quantiles around a forecast, [levels][H].
func moved(y []float64, spread [][]float64) [][]float64 {
	out := make([][]float64, len(spread))
	for i, s := range spread {
		out[i] = make([]float64, len(y))
		for h, v := range y {
			out[i][h] = v + s[h]
		}
	}
	return out
}

// judge measures the forecasts of one kind.
type judge struct {
	f        ForecastConfig
	list     []*readSeries
	levels   []float64
	constant int

	scales, squares []float64 // of MASE and of RMSSE, by series; NaN of those that do not change
	each            []metric.ForecastErrors
	all             metric.ForecastErrors
	quantiles       *metric.QuantileErrors
	intervals       []metric.IntervalErrors
}

func newJudge(f ForecastConfig, list []*readSeries, levels []float64) *judge {
	_, even := judgeLevels()
	j := &judge{f: f, list: list, levels: levels, each: make([]metric.ForecastErrors, len(list))}
	j.intervals = make([]metric.IntervalErrors, len(Intervals()))
	j.quantiles, _ = metric.NewQuantileErrors(even...) // which are levels
	for _, r := range list {
		train := slices.DeleteFunc(slices.Clone(r.filled[:max(0, r.Len()-f.Test-f.Validation)]), math.IsNaN)
		scale, err := metric.NaiveError(train, f.Season)
		square, _ := metric.NaiveSquaredError(train, f.Season)
		if err != nil || scale == 0 {
			scale, square = math.NaN(), math.NaN()
			if f.trainable(r.Len()) > 0 {
				j.constant++
			}
		}
		j.scales, j.squares = append(j.scales, scale), append(j.squares, square)
	}
	return j
}

// level is the place of a quantile.
func (j *judge) level(q float64) int {
	at, _ := slices.BinarySearch(j.levels, q)
	return at
}

// add compares a forecast [H] and its quantiles [levels][H] with what came; what is missing does not count.
func (j *judge) add(p place, point []float64, quantiles [][]float64) error {
	_, even := judgeLevels()
	for h := range j.f.Horizon {
		v := j.list[p.series].Values[p.known+h]
		if math.IsNaN(v) {
			continue
		}
		truth, median := []float64{v}, point[h:h+1]
		if err := j.all.Add(median, truth); err != nil {
			return err
		}
		if err := j.each[p.series].Add(median, truth); err != nil {
			return err
		}
		q := make([]float64, len(even))
		for i, level := range even {
			q[i] = quantiles[j.level(level)][h]
		}
		if err := j.quantiles.Add(q, v); err != nil {
			return err
		}
		for i, interval := range Intervals() {
			low, high := quantiles[j.level(lower(interval))][h], quantiles[j.level(1-lower(interval))][h]
			if err := j.intervals[i].Add([]float64{min(low, high)}, []float64{max(low, high)}, truth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *judge) values() int { return j.all.Count() }

func (j *judge) score(name string) ForecastScore {
	s := ForecastScore{Name: name, MAE: j.all.MAE(), SMAPE: j.all.SMAPE(), CRPS: j.quantiles.WeightedLoss()}
	n := 0.0
	for i := range j.each {
		if e := &j.each[i]; e.Count() > 0 && !math.IsNaN(j.scales[i]) {
			n++
			s.MASE += e.MASE(j.scales[i])
			s.RMSSE += e.RMSSE(j.squares[i])
		}
	}
	s.MASE, s.RMSSE = s.MASE/n, s.RMSSE/n // NaN of none
	for i := range j.intervals {
		s.Coverage = append(s.Coverage, j.intervals[i].Coverage())
	}
	return s
}
