package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

const vocab = 5

// stream is a text that a memory of one token predicts but for a pinch of noise.
func stream(n int) []int {
	ids := make([]int, n)
	for i := 1; i < n; i++ {
		ids[i] = (ids[i-1]*2 + 1) % vocab
		if i%11 == 0 {
			ids[i] = (i / 11) % vocab
		}
	}
	return ids
}

// newLoop trains a small network with a carried state: an exponential memory written out by hand, since this package
// knows nothing of cells.
func newLoop(t *testing.T, checkpoint string) *train.Loop {
	t.Helper()
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: vocab, Size: 6}.Apply(g.Scope("embedding"), in[0])
		w := g.Param("w", graph.Orthogonal(0.9), 6, 6)
		h := in[2]
		var hs []graph.Node
		for _, xt := range g.Unstack(x) {
			h = g.Tanh(g.Add(xt, g.MatMulT(h, w)))
			hs = append(hs, h)
		}
		y := nn.Dropout{Rate: 0.1}.Apply(g, g.Stack(hs...))
		logits := nn.Head{Classes: vocab}.Apply(g.Scope("head"), y)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), h}
	})
	windows := func(ids []int) train.Source {
		w, err := datasets.NewWindows(ids, 6, 4)
		if err != nil {
			t.Fatal(err)
		}
		return train.FromWindows(w)
	}
	ids := stream(1000)
	return &train.Loop{
		Loss: f, State: []*tensor.Dense{graph.Floats(make([]float32, 4*6), 4, 6)},
		Data: windows(ids[:800]), Validation: train.Validation{Data: windows(ids[800:])},
		Optimizer: &optim.Adam{}, Schedule: &optim.Plateau{Current: 0.01, Patience: 1, Factor: 0.5},
		Clip: train.Clip{Norm: 1}, Epochs: 4, Seed: 7,
		Saving: train.Saving{Path: checkpoint, Every: 10, Metadata: map[string]string{"model": "test"}},
	}
}

// onStep has f told of every step, onValidation of every validation.
func onStep(l *train.Loop, f func(train.Progress)) {
	l.Observers = append(l.Observers, train.Observer{OnStep: func(p train.Progress) error {
		f(p)
		return nil
	}})
}

func onValidation(l *train.Loop, f func(train.Evaluation)) {
	l.Observers = append(l.Observers, train.Observer{OnValidation: func(e train.Evaluation) error {
		f(e)
		return nil
	}})
}

// cancelAt runs a loop that is cancelled after a step.
func cancelAt(t *testing.T, l *train.Loop, step int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	onStep(l, func(p train.Progress) {
		if p.Step == step {
			cancel()
		}
	})
	if _, err := l.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled after step %d: %v", step, err)
	}
}

// resume runs a loop from its own checkpoint to the end.
func resume(t *testing.T, l *train.Loop) train.Result {
	t.Helper()
	saved, err := train.ReadCheckpoint(l.Saving.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Resume(saved); err != nil {
		t.Fatal(err)
	}
	return run(t, l)
}

func run(t *testing.T, l *train.Loop) train.Result {
	t.Helper()
	r, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLoopLearns(t *testing.T) {
	l := newLoop(t, "")
	l.Epochs = 8
	var seen []train.Progress
	var checks []train.Evaluation
	onStep(l, func(p train.Progress) { seen = append(seen, p) })
	onValidation(l, func(v train.Evaluation) { checks = append(checks, v) })
	before, err := train.Validate(l.Loss, l.Validation.Data, l.State)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l)
	if math.Abs(before-math.Log(vocab)) > 0.6 || r.Validation > 0.6 {
		t.Errorf("validation loss %v before, %v after", before, r.Validation)
	}
	if len(checks) != 8 || checks[7].Loss != r.Validation || checks[7].Best != r.Best || !checks[0].Improved {
		t.Error(checks, r)
	}
	last := seen[len(seen)-1]
	if len(seen) != l.Total() || last.Step != l.Total() || last.Steps != l.Total() || last.Epoch != 8 || last.Epochs != 8 ||
		last.Tokens != 24 || !(last.GradientNorm > 0) || last.TokensPerSecond <= 0 {
		t.Errorf("%d steps of %d: %+v", len(seen), l.Total(), last)
	}
	// Validation evaluates: twice the same number, whatever was dropped in training.
	a, _ := train.Validate(l.Loss, l.Validation.Data, l.State)
	b, _ := train.Validate(l.Loss, l.Validation.Data, l.State)
	if a != b || a != r.Validation {
		t.Error(a, b, r.Validation)
	}
}

// Two runs give one file, and so does a run that was stopped anywhere and resumed.
func TestResumeIsBitForBit(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	run(t, newLoop(t, path("a")))
	run(t, newLoop(t, path("b")))
	want := testutil.Read(t, path("a"))
	if !bytes.Equal(want, testutil.Read(t, path("b"))) {
		t.Fatal("two runs with one seed differ")
	}
	for _, stop := range []int{1, 10, 33, 34, 57} { // 33 steps are a pass
		for _, kind := range []string{"cancelled", "killed"} {
			name := path(fmt.Sprint(kind, stop))
			first := newLoop(t, name)
			ctx, cancel := context.WithCancel(context.Background())
			killed := []byte(nil)
			onStep(first, func(p train.Progress) {
				if p.Step == stop {
					killed, _ = os.ReadFile(name) // what a process killed here leaves behind
					cancel()
				}
			})
			if _, err := first.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if kind == "killed" {
				if killed == nil {
					continue // nothing was saved yet
				}
				if err := os.WriteFile(name, killed, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			saved, err := train.ReadCheckpoint(name)
			if err != nil {
				t.Fatal(err)
			}
			if kind == "cancelled" && saved.Step() != stop || saved.Metadata["model"] != "test" {
				t.Error(saved.Step(), stop, saved.Metadata)
			}
			second := newLoop(t, name)
			if err := second.Resume(saved); err != nil {
				t.Fatal(err)
			}
			run(t, second)
			if !bytes.Equal(want, testutil.Read(t, name)) {
				t.Errorf("%s at step %d and resumed, the run ends elsewhere", kind, stop)
			}
		}
	}
}

// Whoever only predicts loads a checkpoint like any other file of weights; what training keeps beside them stays out.
func TestCheckpointIsAFileOfWeights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	run(t, newLoop(t, path))
	saved, err := train.ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	want, found := graph.NewParams(2), graph.NewParams(3)
	if err := saved.Weights(want); err != nil {
		t.Fatal(err)
	}
	metadata, err := found.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if metadata["model"] != "test" {
		t.Errorf("metadata %v", metadata)
	}
	if want.Len() == 0 || found.String() != want.String() {
		t.Fatalf("loaded\n%v\nwant\n%v", found, want)
	}
	for i := range want.Len() {
		p := want.At(i)
		if !slices.Equal(found.Get(p.Name()).Value().Float32s(), p.Value().Float32s()) {
			t.Errorf("%s differs", p.Name())
		}
	}
}

func TestEarlyStoppingAndSteps(t *testing.T) {
	l := newLoop(t, "")
	l.Schedule = optim.Constant(0) // no progress
	l.Epochs, l.Validation.Patience = 50, 2
	if r := run(t, l); !r.Stopped || r.Epoch != 3 {
		t.Errorf("%+v", r)
	}
	l = newLoop(t, "")
	l.Epochs, l.Steps = 0, 40
	if r := run(t, l); r.Step != 40 || math.IsNaN(r.Validation) || r.Stopped {
		t.Errorf("%+v", r)
	}
	l = newLoop(t, "")
	l.Validation.Data, l.Epochs = nil, 1
	if r := run(t, l); !math.IsNaN(r.Validation) || r.Step != 33 {
		t.Errorf("%+v", r)
	}
}

func TestBadUse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c")
	run(t, newLoop(t, path))
	raw := testutil.Read(t, path)
	saved, err := train.ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign")
	if err := graph.NewParams(1).Save(foreign, nil); err != nil {
		t.Fatal(err)
	}
	truncated := filepath.Join(dir, "truncated")
	if err := os.WriteFile(truncated, raw[:len(raw)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	load := func(path string) error { _, err := train.ReadCheckpoint(path); return err }
	resume := func(change func(*train.Loop)) error {
		l := newLoop(t, path)
		change(l)
		return l.Resume(saved)
	}
	start := func(change func(*train.Loop)) error {
		l := newLoop(t, path)
		change(l)
		_, err := l.Run(context.Background())
		return err
	}
	for want, err := range map[string]error{
		"no such file":                  load(filepath.Join(dir, "absent")),
		"no checkpoint of this library": load(foreign),
		"is not a usable safetensors":   load(truncated),
		"was the batch size changed":    resume(func(l *train.Loop) { l.State[0] = graph.Floats(make([]float32, 12), 2, 6) }),
		"the checkpoint carries 1":      resume(func(l *train.Loop) { l.State = nil }),
		"the state has":                 resume(func(l *train.Loop) { l.Optimizer = &optim.SGD{} }),
		"must be set":                   start(func(l *train.Loop) { l.Optimizer = nil }),
		"-1 epochs":                     start(func(l *train.Loop) { l.Epochs = -1 }),
		"returned 1 states; want 2":     start(func(l *train.Loop) { l.State = append(l.State, l.State[0]) }),
		"panicked":                      start(func(l *train.Loop) { l.State = nil; l.Data = narrow{l.Data} }),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if !bytes.Equal(raw, testutil.Read(t, path)) {
		t.Error("a run that failed changed the checkpoint")
	}
}

// narrow is a source without targets.
type narrow struct{ train.Source }

func (n narrow) Next() ([]*tensor.Dense, bool) {
	b, ok := n.Source.Next()
	if !ok {
		return nil, false
	}
	return b[:1], ok
}

// slow is a source whose batches take a while.
type slow struct{ train.Source }

const slowness = 10 * time.Millisecond

func (s slow) Next() ([]*tensor.Dense, bool) {
	time.Sleep(slowness)
	return s.Source.Next()
}

// Who waits for batches waits for the run: they count in its speed, and in the time that is left.
func TestSpeedCountsBatches(t *testing.T) {
	l := newLoop(t, "")
	l.Data, l.Steps = slow{l.Data}, 4
	onStep(l, func(p train.Progress) {
		if least := float64(p.Steps-p.Step) * slowness.Seconds(); p.Remaining.Seconds() < least {
			t.Errorf("step %d: %v left; want %g s at least", p.Step, p.Remaining, least)
		}
	})
	if r := run(t, l); r.TokensPerSecond > 24/slowness.Seconds() {
		t.Errorf("%g tokens a second of batches of 24; want at most %g", r.TokensPerSecond, 24/slowness.Seconds())
	}
}
