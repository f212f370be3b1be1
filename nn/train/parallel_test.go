package train_test

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// The number of shards decides the bits, that of workers and processors does not: with a carried state and dropout, and
// with shuffled batches of sequences of many lengths.
func TestWorkersDoNotChangeBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	dir := t.TempDir()
	for name, build := range map[string]func(path string) *train.Loop{
		"windows": func(path string) *train.Loop { l := newLoop(t, path); l.Epochs = 2; return l },
		"batches": func(path string) *train.Loop { return classifier(t, 2, path) },
	} {
		var want []byte
		for _, processors := range []int{1, 2} {
			runtime.GOMAXPROCS(processors)
			for _, workers := range []int{0, 1, 2, 3} {
				path := filepath.Join(dir, name)
				l := build(path)
				l.Parallel = train.Parallel{Shards: 3, Workers: workers}
				run(t, l)
				if got := testutil.Read(t, path); want == nil {
					want = got
				} else if !bytes.Equal(got, want) {
					t.Errorf("%s: %d workers on %d processors end elsewhere", name, workers, processors)
				}
			}
		}
		path := filepath.Join(dir, name+" whole")
		run(t, build(path))
		if bytes.Equal(testutil.Read(t, path), want) {
			t.Errorf("%s: the batches were not cut", name)
		}
	}
}

// Shards of whatever size give the weights of whole batches, but for rounding.
func TestShardsAreTheBatch(t *testing.T) {
	want := regression([]int{12, 7, 5}, 0)
	run(t, want)
	for _, shards := range []int{2, 5, 50} {
		for _, accumulate := range []int{0, 1} {
			l := regression([]int{12, 7, 5}, accumulate)
			l.Parallel = train.Parallel{Shards: shards, Axes: []int{0, 0}}
			run(t, l)
			for i, w := range want.Loss.Params().Get("w").Value().Float64s() {
				if got := l.Loss.Params().Get("w").Value().Float64s()[i]; math.Abs(got-w) > 1e-12 {
					t.Errorf("%d shards: weight %d is %v; want %v", shards, i, got, w)
				}
			}
		}
	}
}

// tagger is a run over sequences of different lengths, with a label for every element: shards weigh by their lengths.
func tagger(t *testing.T) *train.Loop {
	t.Helper()
	sequences, _ := counted(40)
	b, err := datasets.TaggedBatches(sequences, sequences, datasets.Batching{Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: 5, Size: 4}.Apply(g.Scope("embedding"), in[0])
		y, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.GRU{Hidden: 6}, x, recurrent.Options{Lengths: in[1]})
		logits := nn.Head{Classes: 5}.Apply(g.Scope("head"), y)
		mask := g.LengthMask(in[1], in[0].Shape()[0])
		all := g.Mul(mask, g.CrossEntropy(logits, in[2], padding))
		return []graph.Node{g.Div(g.Sum(all), g.Sum(mask))}
	})
	return &train.Loop{Loss: f, Data: train.FromBatches(b), Optimizer: &optim.SGD{}, Schedule: optim.Constant(0.5)}
}

const padding = -1

func TestShardsWeighByTargets(t *testing.T) {
	want, l := tagger(t), tagger(t)
	l.Parallel = train.Parallel{Shards: 3}
	a, b := run(t, want), run(t, l)
	if math.Abs(a.TrainLoss-b.TrainLoss) > 1e-12 {
		t.Errorf("loss %v in shards; want %v", b.TrainLoss, a.TrainLoss)
	}
	for i := range want.Loss.Params().Len() {
		x, y := want.Loss.Params().At(i).Value().Float64s(), l.Loss.Params().At(i).Value().Float64s()
		for j := range x {
			if math.Abs(x[j]-y[j]) > 1e-12 {
				t.Fatalf("%s: element %d is %v; want %v", want.Loss.Params().At(i).Name(), j, y[j], x[j])
			}
		}
	}
}

func TestParallelBadUse(t *testing.T) {
	try := func(change func(*train.Loop)) error {
		l := newLoop(t, "")
		l.Parallel.Shards = 2
		change(l)
		_, err := l.Run(context.Background())
		return err
	}
	for want, err := range map[string]error{
		"-1 shards":                 try(func(l *train.Loop) { l.Parallel.Shards = -1 }),
		"Axes has 1 axes":           try(func(l *train.Loop) { l.Parallel.Axes = []int{0} }),
		"argument 2 has 4 examples": try(func(l *train.Loop) { l.Parallel.Axes = []int{0, 0, 0} }),
		"axis 5 is to be":           try(func(l *train.Loop) { l.Parallel.Axes = []int{1, 5, 0} }),
		"no argument": try(func(l *train.Loop) {
			*l = *regression([]int{24}, 0)
			l.Parallel = train.Parallel{Shards: 2, Axes: []int{-1, -1}}
		}),
		"state 0 has no batch axis":    try(func(l *train.Loop) { l.Parallel.Axes = []int{1, 1, -1} }),
		"no tokens to weigh them by":   try(func(l *train.Loop) { l.Parallel.Count = func(int, int) float64 { return 0 } }),
		"shard 0 of 2: graph: input 2": try(func(l *train.Loop) { l.State = []*tensor.Dense{graph.Floats64(make([]float64, 24), 4, 6)} }),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	// A buffer would be changed by all shards at once.
	p := graph.NewParams64(1)
	l := regression([]int{12, 12}, 0)
	l.Parallel = train.Parallel{Shards: 2, Axes: []int{0, 0}}
	l.Loss = graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		loss := g.Mean(g.MatMulT(in[0], g.Param("w", graph.Orthogonal(1), 1, 3)))
		g.Assign(g.Buffer("seen", graph.Constant(0)), loss)
		return []graph.Node{loss}
	})
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "seen belongs to another store") {
		t.Error(err)
	}
}

// Shards follow an observer that freezes a parameter and lets it go again.
func TestShardsFollowFreezing(t *testing.T) {
	trained := func(shards int) []float64 {
		l := regression([]int{12, 12}, 0)
		p := l.Loss.Params()
		if _, err := l.Loss.Program(graphtest.Random(1, 12, 3), graphtest.Random(2, 12, 1)); err != nil { // which makes the weight
			t.Fatal(err)
		}
		w := p.Get("w")
		if err := w.Freeze(true); err != nil {
			t.Fatal(err)
		}
		start := slices.Clone(w.Value().Float64s())
		l.Parallel = train.Parallel{Shards: shards, Axes: []int{0, 0}}
		onStep(l, func(at train.Progress) {
			if frozen := at.Step < 4; frozen != slices.Equal(start, w.Value().Float64s()) {
				t.Errorf("%d shards: step %d, frozen %v: the weight went from %v to %v", shards, at.Step, frozen, start, w.Value())
			}
			if err := w.Freeze(at.Step < 3); err != nil {
				t.Error(err)
			}
		})
		run(t, l)
		return w.Value().Float64s()
	}
	whole, cut := trained(0), trained(3)
	for i, v := range whole {
		if math.Abs(cut[i]-v) > 1e-12 {
			t.Errorf("weight %d is %v in shards; %v in one", i, cut[i], v)
		}
	}
}
