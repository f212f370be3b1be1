package search_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/search"
)

func TestSweep(t *testing.T) {
	var told []int
	s := search.Sweep{
		Axes: []search.Axis{{Name: "rate", Values: []float64{0.1, 0.01, -1}}, {Name: "clip", Values: []float64{1, 2}}}, Seeds: 2, Seed: 5,
		Run: func(ctx context.Context, trial search.Trial) (train.Result, error) {
			if trial.Get("rate") < 0 {
				return train.Result{}, errors.New("no such rate")
			}
			l := line(2)
			l.Schedule, l.Clip.Norm, l.Seed = optim.Constant(trial.Get("rate")), trial.Get("clip"), trial.Seed
			if trial.Get("clip") == 1 {
				l.Validation.Data = line(3).Data
			}
			return l.Run(ctx)
		},
		OnTrial: func(trial search.Trial) { told = append(told, trial.Number) },
	}
	table, err := s.Do(context.Background())
	if err != nil || len(table) != 12 || len(told) != 12 {
		t.Fatal(table, err)
	}
	seeds := map[uint64]bool{}
	for i, trial := range table {
		seeds[trial.Seed] = true
		if trial.Number != i || trial.Get("rate") != []float64{0.1, 0.01, -1}[i/4] || trial.Get("clip") != float64(1+i/2%2) || !math.IsNaN(trial.Get("x")) {
			t.Errorf("trial %d: %+v", i, trial)
		}
	}
	if len(seeds) != 12 {
		t.Errorf("%d seeds", len(seeds))
	}
	best, ok := table.Best()
	if !ok || best.Get("rate") != 0.1 || best.Err != nil {
		t.Errorf("best: %+v", best)
	}
	for i, line := range strings.Split(table.String(), "\n")[:13] {
		if len(line) != len(strings.Split(table.String(), "\n")[0]) || i > 8 && !strings.Contains(line, "failed") ||
			i > 0 && strings.Contains(line, "*") != (i-1 == best.Number) {
			t.Errorf("row %d of\n%s", i, table)
		}
	}
	if !strings.Contains(table.String(), "trial 8: no such rate\n") {
		t.Error(table)
	}
	// The same seed, the same sweep.
	again, err := s.Do(context.Background())
	for i := range again {
		if again[i].Seed != table[i].Seed || again[i].Result.TrainLoss != table[i].Result.TrainLoss {
			t.Errorf("trial %d differs the second time, error %v", i, err)
		}
	}
}

func TestSweepBadUse(t *testing.T) {
	nothing := func(context.Context, search.Trial) (train.Result, error) { return train.Result{}, nil }
	for want, s := range map[string]search.Sweep{
		`axis "a" has 0 values`: {Axes: []search.Axis{{Name: "a"}}, Run: nothing},
		`axis "a" has 1 values`: {Axes: []search.Axis{{Name: "a", Values: []float64{1}}, {Name: "a", Values: []float64{1}}}, Run: nothing},
		"Run must be set":       {},
	} {
		if _, err := s.Do(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := search.Sweep{Seeds: 5, Run: nothing, OnTrial: func(trial search.Trial) {
		if trial.Number == 1 {
			cancel()
		}
	}}
	if table, err := s.Do(ctx); !errors.Is(err, context.Canceled) || len(table) != 2 {
		t.Error(table, err)
	}
	if (search.Table{}).String() != "" {
		t.Error("an empty table has a text")
	}
	for _, s := range []fmt.Stringer{search.Curve{}, search.Table{{Settings: nil}, {Settings: []train.Score{{Name: "a"}, {Name: "b"}}}, {Err: os.ErrClosed, Elapsed: time.Second}}} {
		if text := s.String(); strings.Contains(text, "%!") {
			t.Errorf("%T: %s", s, text)
		}
	}
}
