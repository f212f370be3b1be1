// Package search trains again and again to find settings.
//
// A Sweep makes a run with every combination of some settings and puts the outcomes into a Table. A RangeTest looks for a
// learning rate within one short run.
package search

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/texttable"
	"github.com/unroll-go/unroll/nn/train"
)

// Sweep trains with every combination of some settings, one run after another.
type Sweep struct {
	Axes  []Axis // the last one changes fastest
	Seed  uint64 // decides the seeds of the runs
	Seeds int    // runs with each combination, each from a seed of its own; 0 for 1

	// Run trains with the settings and the seed of a trial.
	Run func(ctx context.Context, t Trial) (train.Result, error)
	// OnTrial is called after each run, if it is not nil.
	OnTrial func(Trial)
}

// Axis is a setting with the values to try.
type Axis struct {
	Name   string
	Values []float64
}

// Trial is a run of a sweep.
type Trial struct {
	Number   int // from 0
	Settings []train.Score
	Seed     uint64
	Result   train.Result
	Elapsed  time.Duration
	Err      error // of the run: the other runs are made nonetheless
}

// Get is the value of a setting, or NaN if the sweep has none of that name.
func (t Trial) Get(name string) float64 {
	for _, s := range t.Settings {
		if s.Name == name {
			return s.Value
		}
	}
	return math.NaN()
}

// loss is what trials are compared by.
func (t Trial) loss() float64 {
	switch {
	case t.Err != nil:
		return math.NaN()
	case !math.IsNaN(t.Result.Best):
		return t.Result.Best
	}
	return t.Result.TrainLoss
}

// Table is the outcome of a sweep, in the order of the runs.
type Table []Trial

// Do makes all runs. A run that fails has its error in the table; only a context that is done ends the sweep, with what
// there is of the table.
func (s Sweep) Do(ctx context.Context) (Table, error) {
	total := max(s.Seeds, 1)
	seen := map[string]bool{}
	for _, a := range s.Axes {
		if a.Name == "" || seen[a.Name] || len(a.Values) == 0 {
			return nil, errors.Errorf("search: Sweep: axis %q has %d values; want a name of its own, and values", a.Name, len(a.Values))
		}
		seen[a.Name] = true
		total *= len(a.Values)
	}
	if ctx == nil {
		return nil, errors.New("search: Sweep: the context is nil")
	}
	if s.Run == nil {
		return nil, errors.New("search: Sweep: Run must be set")
	}
	var table Table
	for i := range total {
		if err := ctx.Err(); err != nil {
			return table, errors.Wrap(err, "search: Sweep: interrupted")
		}
		t := s.trial(i)
		start := time.Now()
		t.Result, t.Err = s.Run(ctx, t)
		t.Elapsed = time.Since(start)
		if t.Err != nil && ctx.Err() != nil {
			return table, errors.Wrap(ctx.Err(), "search: Sweep: interrupted")
		}
		table = append(table, t)
		if s.OnTrial != nil {
			s.OnTrial(t)
		}
	}
	return table, nil
}

// trial is number i of the grid, a number in mixed radix whose last digit is the seed's.
func (s Sweep) trial(i int) Trial {
	t := Trial{Number: i, Seed: mixed(s.Seed + uint64(i)*0x9e3779b97f4a7c15)}
	i /= max(s.Seeds, 1)
	for _, a := range slices.Backward(s.Axes) {
		t.Settings = append(t.Settings, train.Score{Name: a.Name, Value: a.Values[i%len(a.Values)]})
		i /= len(a.Values)
	}
	slices.Reverse(t.Settings)
	return t
}

// mixed is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014): neighbours give seeds that have nothing in common.
func mixed(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Best is the trial with the lowest validation loss, or training loss without validation. It is false if every trial
// failed.
func (t Table) Best() (Trial, bool) {
	best, found := Trial{}, false
	for _, trial := range t {
		if loss := trial.loss(); !math.IsNaN(loss) && (!found || loss < best.loss()) {
			best, found = trial, true
		}
	}
	return best, found
}

// String is the table, aligned, with a star at the best trial.
func (t Table) String() string {
	if len(t) == 0 {
		return ""
	}
	var names []string // of all settings: trials that nobody swept may differ in them
	for _, trial := range t {
		for _, setting := range trial.Settings {
			if !slices.Contains(names, setting.Name) {
				names = append(names, setting.Name)
			}
		}
	}
	rows := [][]string{slices.Concat([]string{"trial"}, names, []string{"steps", "train", "validation", "best", "seconds"})}
	best, found := t.Best()
	for _, trial := range t {
		row := []string{fmt.Sprint(trial.Number)}
		if found && trial.Number == best.Number {
			row[0] += " *"
		}
		for _, name := range names {
			value := trial.Get(name)
			if math.IsNaN(value) {
				row = append(row, "-")
			} else {
				row = append(row, fmt.Sprintf("%g", value))
			}
		}
		r, seconds := trial.Result, fmt.Sprintf("%.1f", trial.Elapsed.Seconds())
		if trial.Err != nil {
			rows = append(rows, append(row, fmt.Sprint(r.Step), "failed", "", "", seconds))
			continue
		}
		rows = append(rows, append(row, fmt.Sprint(r.Step), cell(r.TrainLoss), cell(r.Validation), cell(r.Best), seconds))
	}
	var b strings.Builder
	b.WriteString(texttable.Aligned(rows))
	for _, trial := range t {
		if trial.Err != nil {
			fmt.Fprintf(&b, "trial %d: %v\n", trial.Number, trial.Err)
		}
	}
	return b.String()
}

// cell is a loss in a table; a dash where there is none.
func cell(loss float64) string {
	if math.IsNaN(loss) {
		return "-"
	}
	return fmt.Sprintf("%.4f", loss)
}
