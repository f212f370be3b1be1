package explain_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/explain"
	"github.com/unroll-go/unroll/recurrent"
)

// leaky is a cell such as a user writes: h' = h/2 + tanh(x·W + h·V).
type leaky struct{ hidden int }

func (c leaky) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	w := g.Param("w", graph.Uniform(-1, 1), x.Dim(1), c.hidden)
	v := g.Param("v", graph.Uniform(-0.4, 0.4), c.hidden, c.hidden)
	h := g.Add(g.Mul(s[0], g.Full(0.5)), g.Tanh(g.Add(g.MatMul(x, w), g.MatMul(s[0], v))))
	return h, recurrent.State{h}
}

func (c leaky) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.hidden)}
}

const width, classes = 3, 4

// over is a classifier over a cell, whose outputs are pooled in some way.
func over(cell recurrent.Cell, pool recurrent.Pooling) explain.Network {
	return func(g *graph.Graph, x, target graph.Node) graph.Node {
		layer := recurrent.Unidirectional{Cell: cell}
		y, s := layer.Apply(g.Scope("rnn"), x, recurrent.Options{})
		h := pool.Apply(g.Scope("pool"), y, graph.Node{}, recurrent.LastHidden(g, layer, s))
		return explain.LogOdds(g, nn.Head{Classes: classes}.Apply(g.Scope("head"), h), target)
	}
}

func networks() map[string]explain.Network {
	return map[string]explain.Network{
		"a user's cell": over(leaky{5}, recurrent.PoolMean),
		"LSTM, maximum": over(recurrent.LSTM{Hidden: 5}, recurrent.PoolMax),
		"GRU, last":     over(recurrent.GRU{Hidden: 5}, recurrent.PoolLast),
		"RNN with ReLU": over(recurrent.RNN{Hidden: 5, ReLU: true}, recurrent.PoolAttention),
		"MinGRU":        over(recurrent.MinGRU{Hidden: 5}, recurrent.PoolMax),
	}
}

// once computes a network's output for one sequence [T, F], without package explain.
func once(t *testing.T, p *graph.Params, n explain.Network, x []float64, target int) float64 {
	t.Helper()
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{n(g, in[0], in[1])} }).
		Run(graph.Floats64(x, len(x)/width, 1, width), graph.Ints([]int{target}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Float64s()[0]
}

func made(t *testing.T, p *graph.Params, n explain.Network) *explain.Explainer {
	t.Helper()
	once(t, p, n, make([]float64, width), 0) // draws the weights
	e, err := explain.New(p, n)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func total(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum
}

// The scores add up to the difference of outputs to 1e-4 of it, for every cell, with corners and without.
func TestIntegratedGradientsAreComplete(t *testing.T) {
	for name, n := range networks() {
		for _, steps := range []int{1, 2, 7, 300} {
			p := graph.NewParams64(3)
			e := made(t, p, n)
			x := graphtest.Random(5, steps, width)
			for i := range x.Float64s() {
				x.Float64s()[i] *= 3
			}
			a, err := e.IntegratedGradients(context.Background(), explain.Input{X: x, Target: 2}, explain.Integration{})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			output, baseline := once(t, p, n, x.Float64s(), 2), once(t, p, n, make([]float64, steps*width), 2)
			difference := output - baseline
			if math.Abs(a.Output-output) > 1e-12 || math.Abs(a.Baseline-baseline) > 1e-12 {
				t.Errorf("%s: outputs %g and %g; want %g and %g", name, a.Output, a.Baseline, output, baseline)
			}
			missed := total(a.Scores) - difference
			if math.Abs(missed) > 1e-4*math.Abs(difference) || math.Abs(missed-a.Gap) > 1e-9 {
				t.Errorf("%s, %d steps: the scores miss %g by %g (it says %g) after %d runs", name, steps, difference, missed, a.Gap, a.Runs)
			}
		}
	}
}

// Against the plain sum of many gradients, by finite differences.
func TestIntegratedGradientsAgainstARiemannSum(t *testing.T) {
	const steps, points, h = 4, 400, 1e-6
	for name, n := range networks() {
		p := graph.NewParams64(7)
		e := made(t, p, n)
		x, base := graphtest.Random(5, steps, width).Float64s(), graphtest.Random(6, width).Float64s()
		a, err := e.IntegratedGradients(context.Background(), explain.Input{
			X: graph.Floats64(x, steps, width), Baseline: graph.Floats64(base, width), Target: 1}, explain.Integration{Tolerance: 1e-6})
		if err != nil {
			t.Fatal(err)
		}
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{n(g, in[0], in[1])} })
		ids := make([]int, points*2)
		for i := range ids {
			ids[i] = 1
		}
		for _, at := range []int{0, 5, steps*width - 1} {
			batch := make([]float64, len(x)*points*2) // [T, points with a little more and a little less, F]
			for k := range points {
				for i := range x {
					b := base[i%width]
					v := b + (float64(k)+0.5)/points*(x[i]-b)
					for sign := range 2 {
						w := v
						if i == at {
							w += h * float64(1-2*sign)
						}
						batch[(i/width*points*2+2*k+sign)*width+i%width] = w
					}
				}
			}
			out, err := f.Run(graph.Floats64(batch, steps, points*2, width), graph.Ints(ids, points*2, 1))
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for k := range points {
				y := out[0].Float64s()
				sum += (y[2*k] - y[2*k+1]) / (2 * h) / points
			}
			want := sum * (x[at] - base[at%width])
			if got := a.Values[at/width][at%width]; math.Abs(got-want) > 2e-3*math.Max(1, math.Abs(want)) {
				t.Errorf("%s, element %d: %g; want %g", name, at, got, want)
			}
		}
	}
}

// Occlusion is running without the step, and nothing else.
func TestOcclusionRunsWithoutTheStep(t *testing.T) {
	for name, n := range networks() {
		for _, groups := range [][]int{nil, {0, 1, 3, 4}, {0}, {0, 6}} {
			const steps = 7
			p := graph.NewParams64(3)
			e := made(t, p, n)
			x := graphtest.Random(9, steps, width)
			a, err := e.Occlusion(context.Background(), explain.Input{X: x, Target: 3, Groups: groups})
			if err != nil {
				t.Fatal(err)
			}
			if groups == nil {
				groups = []int{0, 1, 2, 3, 4, 5, 6}
			}
			for i, from := range groups {
				to := steps
				if i+1 < len(groups) {
					to = groups[i+1]
				}
				rest := append(append([]float64(nil), x.Float64s()[:from*width]...), x.Float64s()[to*width:]...)
				if len(rest) == 0 {
					rest = make([]float64, width)
				}
				want := once(t, p, n, rest, 3)
				if math.Abs(a.Without[i]-want) > 1e-12 || math.Abs(a.Scores[i]-(a.Output-want)) > 1e-12 {
					t.Errorf("%s: without steps %d to %d the output is %g; want %g", name, from, to, a.Without[i], want)
				}
			}
		}
	}
}

// A linear function has the same gradient everywhere: all methods agree, and the scores are its terms.
func TestLinear(t *testing.T) {
	const steps = 5
	p := graph.NewParams64(1)
	n := func(g *graph.Graph, x, target graph.Node) graph.Node {
		w := g.Param("w", graph.Uniform(-1, 1), width, classes)
		return g.Pick(g.Sum(g.MatMul(x, w), 0), target) // [B, 1]
	}
	e := made(t, p, n)
	x := graphtest.Random(4, steps, width)
	in := explain.Input{X: x, Target: 1, Groups: []int{0, 2}}
	integrated, err := e.IntegratedGradients(context.Background(), in, explain.Integration{})
	if err != nil {
		t.Fatal(err)
	}
	gradient, err := e.Gradient(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	occluded, err := e.Occlusion(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	w := p.Get("w").Value().Float64s()
	want := make([]float64, 2)
	for i, v := range x.Float64s() {
		want[min(i/width/2, 1)] += v * w[i%width*classes+1]
	}
	for i := range want {
		for _, a := range []*explain.Attribution{integrated, gradient, occluded} {
			if math.Abs(a.Scores[i]-want[i]) > 1e-12 {
				t.Errorf("group %d: %g; want %g", i, a.Scores[i], want[i])
			}
		}
	}
	if integrated.Runs != 2+8 || gradient.Runs != 1 {
		t.Errorf("%d and %d runs", integrated.Runs, gradient.Runs)
	}
}

// LogOdds is log p - log(1-p), also where p is nearly 1.
func TestLogOdds(t *testing.T) {
	logits := []float64{1, 2, 3, 40, 0, 0}
	out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{explain.LogOdds(g, in[0], in[1])}
	}).Run(graph.Floats64(logits, 2, 3), graph.Ints([]int{1, 0}, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{2 - math.Log(math.E+math.Exp(3)), 40 - math.Log(2)} {
		if got := out[0].Float64s()[i]; math.Abs(got-want) > 1e-12 {
			t.Errorf("%g; want %g", got, want)
		}
	}
}

// Weights of 32 bits are computed with in 64.
func TestFloat32Store(t *testing.T) {
	p := graph.NewParams(1)
	n := over(recurrent.GRU{Hidden: 5}, recurrent.PoolLast)
	e, err := explain.New(p, n) // draws the weights itself
	if err != nil {
		t.Fatal(err)
	}
	in := explain.Input{X: graphtest.Float32(graphtest.Random(4, 6, width))}
	a, err := e.IntegratedGradients(context.Background(), in, explain.Integration{Tolerance: 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	if d := a.Output - a.Baseline; math.Abs(total(a.Scores)-d) > 1e-8*math.Abs(d) {
		t.Errorf("%g of %g", a.Gap, d)
	}
}

func TestRefuses(t *testing.T) {
	p := graph.NewParams64(1)
	good := over(leaky{2}, recurrent.PoolMean)
	x := graphtest.Random(1, 4, width)
	for want, c := range map[string]struct {
		n  explain.Network
		in explain.Input
	}{
		"Input.X has the shape [12]; want [T, F]": {good, explain.Input{X: graphtest.Random(1, 12)}},
		"Input.X":                         {good, explain.Input{}},
		"Input.X has NaN at step 1":       {good, explain.Input{X: graph.Floats64([]float64{1, 2, 3, math.NaN(), 1, 2}, 2, 3)}},
		"Input.Target -1; want 0 or more": {good, explain.Input{X: x, Target: -1}},
		"Input.Baseline has the shape [2]; want [4, 3] or [3]": {good, explain.Input{X: x, Baseline: graphtest.Random(1, 2)}},
		"Input.Groups [1 2]; want 0 first":                     {good, explain.Input{X: x, Groups: []int{1, 2}}},
		"Input.Groups [0 4]; want 0 first":                     {good, explain.Input{X: x, Groups: []int{0, 4}}},
		"Input.Groups is empty":                                {good, explain.Input{X: x, Groups: []int{}}},
		"one number for each sequence, [B, 1]": {func(g *graph.Graph, x, _ graph.Node) graph.Node { return g.Sum(x) },
			explain.Input{X: x}},
		"id 4 at place 0 of row 0; want 0 to 3": {good, explain.Input{X: x, Target: classes}},
	} {
		e, err := explain.New(p, c.n)
		if err != nil {
			t.Fatal(err)
		}
		_, integrated := e.IntegratedGradients(context.Background(), c.in, explain.Integration{})
		_, gradient := e.Gradient(context.Background(), c.in)
		_, occluded := e.Occlusion(context.Background(), c.in)
		for _, err := range []error{integrated, gradient, occluded} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v; want one with %q", err, want)
			}
		}
	}
	if _, err := explain.New(nil, good); err == nil {
		t.Error("no store")
	}
	if _, err := explain.New(p, nil); err == nil {
		t.Error("no network")
	}
	e, _ := explain.New(p, good)
	for _, o := range []explain.Integration{{Tolerance: -1}, {Tolerance: math.NaN()}, {Runs: -1}} {
		if _, err := e.IntegratedGradients(context.Background(), explain.Input{X: x}, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// until is cancelled after it was asked so many times.
type until struct {
	context.Context
	left int
}

func (u *until) Err() error {
	if u.left--; u.left < 0 {
		return context.Canceled
	}
	return nil
}

// Every method stops between two runs, and goes on where there is nothing that could stop it.
func TestCancelled(t *testing.T) {
	e := made(t, graph.NewParams64(1), over(leaky{2}, recurrent.PoolMean))
	in := explain.Input{X: graphtest.Random(1, 4, width), Groups: []int{0, 1}} // groups of different lengths: runs of their own
	for name, c := range map[string]struct {
		runs int
		call func(ctx context.Context) error
	}{
		"Gradient":  {1, func(ctx context.Context) error { _, err := e.Gradient(ctx, in); return err }},
		"Occlusion": {3, func(ctx context.Context) error { _, err := e.Occlusion(ctx, in); return err }},
		"IntegratedGradients": {2, func(ctx context.Context) error {
			_, err := e.IntegratedGradients(ctx, in, explain.Integration{})
			return err
		}},
	} {
		for n := range c.runs {
			if err := c.call(&until{context.Background(), n}); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, stopped after %d runs: %v", name, n, err)
			}
		}
		var none context.Context
		for _, ctx := range []context.Context{none, &until{context.Background(), 1000}} {
			if err := c.call(ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
