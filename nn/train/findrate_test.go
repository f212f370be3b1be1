package train_test

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
)

// Plain gradient descent on a·w²/2 (here a = 10) diverges at rates above 2/a; the suggestion is below that, and not by so
// much that training would crawl.
func TestFindRate(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Constant(1), 1, 3)
		loss := g.MulScalar(g.Sum(g.Square(w)), 5)
		return []graph.Node{g.Add(loss, g.MulScalar(g.Sum(in[0]), 0), g.Full(1))}
	})
	l := &train.Loop{Params: p, Loss: f, Data: regression([]int{24}, 0).Data, Optimizer: &optim.SGD{}}
	c, err := l.FindRate(context.Background(), train.RateTest{From: 1e-4, To: 10, Steps: 200})
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

// A run after a test is the run without it.
func TestFindRateLeavesNoTrace(t *testing.T) {
	dir := t.TempDir()
	alone, tested := filepath.Join(dir, "alone"), filepath.Join(dir, "tested")
	run(t, newLoop(t, alone))
	l := newLoop(t, tested)
	if _, err := l.FindRate(context.Background(), train.RateTest{Steps: 50}); err != nil {
		t.Fatal(err)
	}
	run(t, l)
	if !bytes.Equal(read(t, alone), read(t, tested)) {
		t.Error("the test of rates changed the run")
	}
	for want, test := range map[string]train.RateTest{"from 1 to 0.1": {From: 1, To: 0.1}, "in 2 steps": {Steps: 2}} {
		if _, err := l.FindRate(context.Background(), test); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
