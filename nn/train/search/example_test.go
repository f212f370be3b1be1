package search_test

import (
	"context"
	"fmt"

	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/search"
)

// Two rates, each from three seeds. The run of a trial is built from its settings.
func ExampleSweep() {
	table, err := search.Sweep{
		Axes:  []search.Axis{{Name: "rate", Values: []float64{0.1, 0.0001}}},
		Seeds: 3, Seed: 1,
		Run: func(ctx context.Context, t search.Trial) (train.Result, error) {
			l := line(20) // fits a line
			l.Schedule, l.Seed = optim.Constant(t.Get("rate")), t.Seed
			return l.Run(ctx)
		},
	}.Do(context.Background())
	best, _ := table.Best()
	fmt.Println(len(table), "runs; the best has the rate", best.Get("rate"), err)
	// Output: 6 runs; the best has the rate 0.1 <nil>
}

// A learning rate is found before training, which begins as if nothing had happened.
func ExampleRangeTest() {
	l := line(20)
	curve, err := search.RangeTest{From: 1e-4, To: 10}.Do(context.Background(), l)
	fmt.Println(curve.Steepest > 1e-3 && curve.Steepest < 5, err)
	l.Schedule = optim.Constant(curve.Steepest)
	// Output: true <nil>
}
