package train_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// refused fails the test unless the error has the words.
func refused(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	for _, want := range words {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", what, err, want)
		}
	}
}

// What the loss function returns beside the loss are the next states: as many as the states, and like them, in every way
// to run it.
func TestStatesAreChecked(t *testing.T) {
	state := func(shape ...int) []*tensor.Dense {
		return []*tensor.Dense{graph.Floats64(make([]float64, 6), shape...)}
	}
	for name, c := range map[string]struct {
		state []*tensor.Dense
		next  func(g *graph.Graph, in []graph.Node) []graph.Node // after the loss
		want  string
	}{
		"of another shape": {state(2, 3), func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Full(1, 2, 3, 1)} },
			"state 0 is float64 [2 3]; the function's next is float64 [2 3 1]"},
		"transposed": {state(2, 3), func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Transpose(in[2])} },
			"the function's next is float64 [3"},
		"too few":  {state(2, 3), func(g *graph.Graph, in []graph.Node) []graph.Node { return nil }, "returned 0 states; want 1"},
		"too many": {state(2, 3), func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{in[2], in[2]} }, "returned 2 states; want 1"},
	} {
		loop := func() *train.Loop {
			l := regression([]int{2, 2, 2}, 0)
			l.State, l.Epochs = c.state, 1
			l.Loss = graph.NewFunc(l.Loss.Params(), func(g *graph.Graph, in []graph.Node) []graph.Node {
				y := g.MatMulT(in[0], g.Param("w", graph.Orthogonal(1), 1, 3))
				return append([]graph.Node{g.MeanOver(g.Sum(g.Square(g.Sub(y, in[1]))), g.Full(float64(in[0].Dim(0))))}, c.next(g, in)...)
			})
			return l
		}
		for way, change := range map[string]func(*train.Loop){
			"whole": func(*train.Loop) {}, "accumulated": func(l *train.Loop) { l.Accumulate = 2 },
			"in shards": func(l *train.Loop) { l.Parallel = train.Parallel{Shards: 2, Axes: []int{0, 0, 0}[:2+len(c.state)]} },
		} {
			l := loop()
			change(l)
			_, err := l.Run(context.Background())
			if way == "in shards" && strings.Contains(c.want, "[2 3]") {
				refused(t, name+" "+way, err, "state 0 is float64 [1 3]") // of a part
			} else {
				refused(t, name+" "+way, err, c.want)
			}
		}
		l := loop()
		_, err := train.Validate(l.Loss, l.Data, l.State)
		refused(t, name+" in validation", err, c.want)
		if len(c.state) > 0 && !strings.Contains(c.want, "returned") {
			_, err := l.Loss.Stream(l.State, graph.Floats64(make([]float64, 6), 2, 3), graph.Floats64(make([]float64, 2), 2, 1))
			refused(t, name+" in a stream", err, c.want)
		}
	}
}

// Where nothing is carried, a loss function may return more than the loss, in every way to run it.
func TestOutputsBesideTheLoss(t *testing.T) {
	for way, change := range map[string]func(*train.Loop){
		"whole": func(*train.Loop) {}, "accumulated": func(l *train.Loop) { l.Accumulate = 2 },
		"in shards": func(l *train.Loop) { l.Parallel = train.Parallel{Shards: 2, Axes: []int{0, 0}} },
	} {
		var losses []float64
		for _, more := range []bool{false, true} {
			l := regression([]int{12, 12}, 0)
			l.Loss = graph.NewFunc(l.Loss.Params(), func(g *graph.Graph, in []graph.Node) []graph.Node {
				y := g.MatMulT(in[0], g.Param("w", graph.Orthogonal(1), 1, 3))
				out := []graph.Node{g.MeanOver(g.Sum(g.Square(g.Sub(y, in[1]))), g.Full(float64(in[0].Dim(0)))), y}
				if !more {
					out = out[:1]
				}
				return out
			})
			l.Validation.Data = l.Data
			change(l)
			losses = append(losses, run(t, l).Validation)
		}
		if losses[0] != losses[1] {
			t.Errorf("%s: %v", way, losses)
		}
	}
}

// rateAt is a schedule that gives one step another rate.
type rateAt struct {
	step int
	rate float64
}

func (r rateAt) Rate(step int) float64 {
	if step == r.step {
		return r.rate
	}
	return 0.01
}

// A run whose weights leave what float32 can hold ends at that step, and the last good file stays.
func TestDivergingRunKeepsItsCheckpoint(t *testing.T) {
	for name, rate := range map[string]float64{"NaN": math.NaN(), "infinite": math.Inf(1), "negative": -1, "beyond float32": 1e39, "huge": 3.4e38} {
		for _, average := range []float64{0, 0.9} {
			path := filepath.Join(t.TempDir(), "c")
			l := newLoop(t, path)
			l.Optimizer, l.Schedule, l.Saving.Every, l.Clip.Norm, l.Average = &optim.SGD{}, rateAt{19, rate}, 10, 0, average
			if rate == 3.4e38 {
				l.Loss = steep(l)
			}
			var good []byte
			onStep(l, func(p train.Progress) {
				if p.Step == 11 {
					good = testutil.Read(t, path)
				}
			})
			_, err := l.Run(context.Background())
			refused(t, name, err, "train: step 20:")
			if !bytes.Equal(good, testutil.Read(t, path)) || good == nil {
				t.Errorf("%s: the checkpoint of step 10 was overwritten", name)
			}
		}
	}
	// Whatever made them so: weights that are not finite are not saved.
	path := filepath.Join(t.TempDir(), "c")
	l := newLoop(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	var good []byte
	onStep(l, func(p train.Progress) {
		if p.Step == 12 {
			good = testutil.Read(t, path)
			l.Loss.Params().Get("w").Value().Float32s()[5] = float32(math.Inf(-1))
			cancel()
		}
	})
	_, err := l.Run(ctx)
	refused(t, "interrupted", err, "after step 12, w is NaN or infinite at element 5")
	if !bytes.Equal(good, testutil.Read(t, path)) {
		t.Error("the good checkpoint was overwritten")
	}
}

// steep is the loop's function with a loss whose gradients are large.
func steep(l *train.Loop) *graph.Func {
	return graph.NewFunc(l.Loss.Params(), func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Constant(1), 3)
		return []graph.Node{g.MulScalar(g.Sum(w), 1e3), in[2]}
	})
}

// A checkpoint that does not fit leaves everything as it was: weights, optimiser, schedule, and the store's names.
func TestRefusedResumeChangesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c")
	saved := func(change func(*train.Loop)) *train.Checkpoint {
		l := newLoop(t, path)
		change(l)
		run(t, l)
		c, err := train.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	momentum := saved(func(l *train.Loop) { l.Optimizer = &optim.SGD{Momentum: 0.9} })
	for name, c := range map[string]struct {
		trained bool // the loop that is to go on has made steps
		change  func(*train.Loop)
	}{
		"another optimiser, fresh":   {false, func(*train.Loop) {}},
		"another optimiser, trained": {true, func(*train.Loop) {}},
		"a sealed store": {false, func(l *train.Loop) {
			l.Optimizer = &optim.SGD{Momentum: 0.9}
			l.Loss.Params().Seal()
		}},
		"another shape": {false, func(l *train.Loop) {
			l.Optimizer = &optim.SGD{Momentum: 0.9}
			if _, err := l.Loss.Params().Add("head.weight", graph.Floats(make([]float32, 2))); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		l := newLoop(t, "")
		if c.trained {
			l.Steps = 3
			run(t, l)
		}
		c.change(l)
		before, plateau, step := fmt.Sprint(l.Loss.Params(), l.Loss.Params().Tensors(""), l.Optimizer.State()), *l.Schedule.(*optim.Plateau), l.Total()
		if err := l.Resume(momentum); err == nil {
			t.Errorf("%s: it was resumed", name)
		}
		if after := fmt.Sprint(l.Loss.Params(), l.Loss.Params().Tensors(""), l.Optimizer.State()); after != before || *l.Schedule.(*optim.Plateau) != plateau || l.Total() != step {
			t.Errorf("%s: refused, and\n%s\nis now\n%s", name, before, after)
		}
	}
}

// What a file says of the loop is input like any other.
func TestCountersAreChecked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	run(t, newLoop(t, path))
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"null", "", "{}", "[]", "3", `"x"`, `{"step":1}`, `{"step":-1,"epoch":0,"batch":0}`, `{"step":1,"epoch":-1,"batch":0}`,
		`{"step":1,"epoch":0,"batch":-3}`, `{"step":1e99,"epoch":0,"batch":0}`, `{"step":null,"epoch":0,"batch":0}`, `{"step":1,"epoch":0,"batch":0,"stale":-1}`} {
		metadata["train.loop"] = text
		if err := graph.WriteSafetensors(path, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		_, err := train.ReadCheckpoint(path)
		refused(t, text, err, "train.loop", path)
	}
	delete(metadata, "train.loop")
	if err := graph.WriteSafetensors(path, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	_, err = train.ReadCheckpoint(path)
	refused(t, "nothing", err, "train.loop")
}

// A run refuses settings before it makes a step.
func TestLoopSettingsAreChecked(t *testing.T) {
	nan := math.NaN()
	for want, change := range map[string]func(*train.Loop){
		"Clip.Norm NaN":              func(l *train.Loop) { l.Clip.Norm = nan },
		"Clip.Norm -1":               func(l *train.Loop) { l.Clip.Norm = -1 },
		"Clip.Value NaN":             func(l *train.Loop) { l.Clip.Value = nan },
		"Clip.Value -1":              func(l *train.Loop) { l.Clip.Value = -1 },
		"decay is NaN":               func(l *train.Loop) { l.Average = nan },
		"Validation.Patience -1":     func(l *train.Loop) { l.Validation.Patience = -1 },
		"Saving.Every -2 steps":      func(l *train.Loop) { l.Saving.Every = -2 },
		"SGD: Momentum 2":            func(l *train.Loop) { l.Optimizer = &optim.SGD{Momentum: 2} },
		"Adam: Beta2 2":              func(l *train.Loop) { l.Optimizer = &optim.Adam{Beta2: 2} },
		"Warmup: Then is not set":    func(l *train.Loop) { l.Schedule = optim.Warmup{Steps: 10} },
		"Constant: rate NaN":         func(l *train.Loop) { l.Schedule = optim.Constant(nan) },
		"state 0: the tensor is nil": func(l *train.Loop) { l.State = []*tensor.Dense{nil} },
		"state 0: element type int":  func(l *train.Loop) { l.State = []*tensor.Dense{graph.Ints([]int{1})} },
		"Validation without Data":    func(l *train.Loop) { l.Validation = train.Validation{KeepBest: true} },
		"Saving.BestPath best without Validation.Data": func(l *train.Loop) {
			l.Validation, l.Saving.BestPath = train.Validation{}, "best"
		},
		`an entry "train.loop"`: func(l *train.Loop) { l.Saving.Metadata = map[string]string{"train.loop": "x"} },
	} {
		l := newLoop(t, "")
		onStep(l, func(train.Progress) { t.Errorf("%s: a step was made", want) })
		change(l)
		_, err := l.Run(context.Background())
		refused(t, want, err, want)
	}
}

// What is not set is an error, and not a panic.
func TestNothingSet(t *testing.T) {
	empty := func() *train.Loop { return &train.Loop{} }
	_, err := empty().Run(context.Background())
	refused(t, "Run", err, "must be set")
	_, err = train.Validate(nil, newLoop(t, "").Data, nil)
	refused(t, "Validate", err, "must be given")
	_, err = train.Validate(newLoop(t, "").Loss, nil, nil)
	refused(t, "Validate", err, "must be given")
	_, err = train.Validate(newLoop(t, "").Loss, newLoop(t, "").Data, []*tensor.Dense{nil})
	refused(t, "Validate", err, "state 0: the tensor is nil")
	_, err = newLoop(t, "").Run(nil) //nolint:staticcheck // that is the test
	refused(t, "Run", err, "the context is nil")
	_, err = train.Validate(newLoop(t, "").Loss, train.FromWindows(nil), nil)
	refused(t, "FromWindows", err, "the windows are nil")
	_, err = train.Validate(newLoop(t, "").Loss, train.FromBatches(nil), nil)
	refused(t, "FromBatches", err, "the source is nil")
	refused(t, "Resume", empty().Resume(&train.Checkpoint{}), "must be set")
	refused(t, "Resume", newLoop(t, "").Resume(nil), "the checkpoint is nil")
	var none *train.Checkpoint
	refused(t, "Weights", none.Weights(graph.NewParams(1)), "must be given")
	refused(t, "Weights", (&train.Checkpoint{}).Weights(nil), "must be given")
	if n := empty().Total(); n != 0 || empty().Finished() {
		t.Errorf("%d steps", n)
	}
	steps := empty()
	if steps.Steps = 5; steps.Total() != 0 || steps.Finished() {
		t.Errorf("%d steps without data", steps.Total())
	}
	if text := (&train.StepError{}).Error(); strings.Contains(text, "%!") {
		t.Error(text)
	}
}

// shuffled is a source of one's own, with all that one may offer.
type shuffled struct {
	train.Source
	epoch int
	seen  []int
	fail  bool
}

func (s *shuffled) SetEpoch(epoch int) { s.epoch = epoch }
func (s *shuffled) Err() error {
	if s.fail {
		return os.ErrClosed
	}
	return nil
}
func (s *shuffled) TokensOf(from, to int) int { return to - from }
func (s *shuffled) Next() ([]*tensor.Dense, bool) {
	if s.fail = s.epoch == 2; s.fail {
		return nil, false
	}
	s.seen = append(s.seen, s.epoch)
	return s.Source.Next()
}

// A source's passes are told which they are, and its error ends the run.
func TestWhatSourcesMayOffer(t *testing.T) {
	var _ train.EpochSource = &shuffled{}
	var _ train.FallibleSource = &shuffled{}
	var _ train.CountingSource = &shuffled{}
	l := regression([]int{12, 12}, 0)
	s := &shuffled{Source: l.Data}
	l.Data = s
	_, err := l.Run(context.Background())
	refused(t, "the third pass", err, "after step 4", os.ErrClosed.Error())
	if fmt.Sprint(s.seen) != "[0 0 0 1 1 1]" {
		t.Errorf("passes %v", s.seen)
	}
	_, counts := train.FromBatches(new(datasets.Batches)).(train.CountingSource)
	if !counts {
		t.Error("FromBatches' source counts nothing")
	}
}
