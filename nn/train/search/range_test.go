package search_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/search"
	"gorgonia.org/tensor"
)

// points is a source of points of the line y = 2x + 1, one a batch. It may fail at a batch.
type points struct {
	batches, at, fails int
	failed             bool
	epochs             []int
}

func (p *points) Len() int             { return p.batches }
func (p *points) Tokens() int          { return 1 }
func (p *points) SetEpoch(epoch int)   { p.epochs = append(p.epochs, epoch) }
func (p *points) Seek(batch int) error { p.at, p.failed = batch, false; return nil }

func (p *points) Err() error {
	if p.failed {
		return os.ErrClosed
	}
	return nil
}

func (p *points) Next() ([]*tensor.Dense, bool) {
	if p.failed = p.fails > 0 && p.at == p.fails; p.failed || p.at == p.batches {
		return nil, false
	}
	p.at++
	x := float64(p.at) / float64(p.batches)
	return []*tensor.Dense{graph.Floats64([]float64{x}, 1, 1), graph.Floats64([]float64{2*x + 1}, 1, 1)}, true
}

// line is a run that fits a line to points, with dropout of its input.
func line(batches int) *train.Loop {
	loss := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		x, y := nn.Dropout{Rate: 0.1}.Apply(g, in[0]), in[1]
		return []graph.Node{losses.MSE{}.Apply(g, nn.Dense{Units: 1}.Apply(g.Scope("line"), x), y)}
	})
	return &train.Loop{Loss: loss, Data: &points{batches: batches}, Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.01), Epochs: 3, Seed: 7}
}

// Plain gradient descent on a·w²/2 (here a = 10) diverges at rates above 2/a; the suggestion is below that, and not by so
// much that training would crawl.
func TestRangeTest(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Constant(1), 1, 3)
		loss := g.MulScalar(g.Sum(g.Square(w)), 5)
		return []graph.Node{g.Add(loss, g.MulScalar(g.Sum(in[0]), 0), g.Full(1))}
	})
	l := &train.Loop{Loss: f, Data: &points{batches: 24}, Optimizer: &optim.SGD{}}
	c, err := search.RangeTest{From: 1e-4, To: 10, Steps: 200}.Do(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	if c.Steepest < 2e-4 || c.Steepest > 0.2 || !c.Diverging || c.Lowest < c.Steepest || c.Points[0].Rate != 1e-4 || len(c.Points) >= 200 {
		t.Errorf("%v, diverging: %v", c, c.Diverging)
	}
	if ratio := c.Points[9].Rate / c.Points[8].Rate; math.Abs(ratio-math.Pow(1e5, 1.0/199)) > 1e-12 {
		t.Errorf("rates grow by %v", ratio)
	}
	if w := p.Get("w").Value().Float64s()[0]; w != 1 || l.Schedule != nil {
		t.Errorf("the weight is %v after the test; want 1", w)
	}
	if !strings.Contains(c.String(), "falls fastest at a rate of") {
		t.Error(c.String())
	}
}

// A test ends, as one that diverged, where a step can no longer be made: at the square root of a number below 0.
func TestRangeTestBeyondTheFinite(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Constant(1), 3)
		return []graph.Node{g.Add(g.Sum(g.Sqrt(w)), g.MulScalar(g.Sum(in[0]), 0))}
	})
	c, err := search.RangeTest{From: 1e-3, To: 10}.Do(context.Background(), &train.Loop{Loss: f, Data: &points{batches: 5}, Optimizer: &optim.SGD{}})
	if err != nil || !c.Diverging || len(c.Points) < 20 || len(c.Points) > 90 {
		t.Errorf("%d points, diverging %v, error %v", len(c.Points), c.Diverging, err)
	}
	if w := p.Get("w").Value().Float64s()[0]; w != 1 {
		t.Errorf("the weight is %v after the test; want 1", w)
	}
}

// A run after a test is the run without it, and the test passes over the data as often as it takes.
func TestRangeTestLeavesNoTrace(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	train := func(l *train.Loop, path string) []byte {
		t.Helper()
		l.Saving.Path = path
		if _, err := l.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	alone := train(line(20), path("alone"))
	l := line(20)
	c, err := search.RangeTest{Steps: 50, From: 1e-4, To: 1e-2}.Do(context.Background(), l)
	if err != nil || len(c.Points) != 50 || c.Diverging {
		t.Fatal(c, err)
	}
	if got, want := fmt.Sprint(l.Data.(*points).epochs), "[0 0 1 2 3 0]"; got != want { // to compile, three passes and what follows, back
		t.Errorf("passes %s, want %s", got, want)
	}
	if !bytes.Equal(alone, train(l, path("tested"))) {
		t.Error("the test of rates changed the run")
	}
}

func TestRangeTestBadUse(t *testing.T) {
	failing, failsLater := line(20), line(20)
	failing.Data = &points{batches: 20, fails: 5}
	failsLater.Data = &points{batches: 0}
	for _, c := range []struct {
		want string
		test search.RangeTest
		loop *train.Loop
	}{
		{"from 1 to 0.1", search.RangeTest{From: 1, To: 0.1}, line(2)},
		{"in 2 steps", search.RangeTest{Steps: 2}, line(2)},
		{"Loss, Data and Optimizer must be set", search.RangeTest{}, nil},
		{"Loss, Data and Optimizer must be set", search.RangeTest{}, &train.Loop{}},
		{"after step 5: " + os.ErrClosed.Error(), search.RangeTest{}, failing}, // not taken for a rate that is too large
		{"the data have no batches", search.RangeTest{}, failsLater},
	} {
		if _, err := c.test.Do(context.Background(), c.loop); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want an error with %q, got %v", c.want, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (search.RangeTest{}).Do(ctx, line(5)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
