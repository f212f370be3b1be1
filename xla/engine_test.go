package xla

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// batches is a Source of a few batches.
type batches struct {
	of [][]*tensor.Dense
	at int
}

func (b *batches) Len() int         { return len(b.of) }
func (b *batches) Tokens() int      { return steps * batch }
func (b *batches) Seek(i int) error { b.at = i; return nil }

func (b *batches) Next() ([]*tensor.Dense, bool) {
	if b.at == len(b.of) {
		return nil, false
	}
	b.at++
	return b.of[b.at-1], true
}

// loopOf trains the first of the trainees, an LSTM with dropout, for four passes of five batches.
func loopOf(path string) *train.Loop {
	data := &batches{}
	for i := range uint64(5) {
		data.of = append(data.of, []*tensor.Dense{ids(10+i, classes, steps, batch), ids(20+i, classes, steps, batch)})
	}
	return &train.Loop{Loss: graph.NewFunc(graph.NewParams(1), trainees()[0].build), Data: data, Seed: 5, Epochs: 4,
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.01), Clip: train.Clip{Norm: 1},
		Validation: train.Validation{Data: &batches{of: data.of[:2]}, KeepBest: true}, Saving: train.Saving{Path: path}}
}

// A loop with an engine comes to what one without comes to: losses, norms, validation, weights and the optimiser's state.
func TestEngine(t *testing.T) {
	e := NewEngine(client(t))
	defer e.Close()
	var files []string
	var told [2][]train.Progress
	var results [2]train.Result
	for i := range 2 {
		files = append(files, filepath.Join(t.TempDir(), "run.safetensors"))
		l := loopOf(files[i])
		l.Observers = []train.Observer{{OnStep: func(p train.Progress) error { told[i] = append(told[i], p); return nil }}}
		if i == 1 {
			l.Engine = e
		}
		var err error
		results[i], err = l.Run(context.Background())
		check(t, err)
	}
	near := func(name string, got, want float64) {
		if d := got - want; !(max(d, -d) <= 1e-4) {
			t.Errorf("%s is %g; want %g", name, got, want)
		}
	}
	near("the best validation", results[1].Best, results[0].Best)
	for i, p := range told[0] {
		near("a loss", told[1][i].Loss, p.Loss)
		near("a norm", told[1][i].GradientNorm, p.GradientNorm)
	}
	want, got := tensorsOf(t, files[0]), tensorsOf(t, files[1])
	if len(want) != len(got) {
		t.Fatalf("the checkpoint has %d tensors; want %d", len(got), len(want))
	}
	for name, v := range want {
		if d := difference(t, name, got[name], v); !(d <= 1e-4) {
			t.Errorf("%s differs by %g; want 1e-4 at most", name, d)
		}
	}
}

func tensorsOf(t *testing.T, path string) map[string]*tensor.Dense {
	t.Helper()
	list, _, err := graph.ReadSafetensors(path)
	check(t, err)
	out := map[string]*tensor.Dense{}
	for _, v := range list {
		out[v.Name] = v.Value
	}
	return out
}

// A run that is cancelled saves a checkpoint, from which another process goes on to what the whole run would have come to.
func TestEngineResumes(t *testing.T) {
	c := client(t)
	run := func(path string, stop int) {
		e := NewEngine(c)
		defer e.Close()
		l := loopOf(path)
		l.Engine = e
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l.Observers = []train.Observer{{OnStep: func(p train.Progress) error {
			if p.Step == stop {
				cancel()
			}
			return nil
		}}}
		if stop == 0 {
			if saved, err := train.ReadCheckpoint(path); err == nil {
				check(t, l.Resume(saved))
			}
		}
		if _, err := l.Run(ctx); err != nil && !(stop > 0 && errors.Is(err, context.Canceled)) {
			t.Fatal(err)
		}
	}
	whole, parts := filepath.Join(t.TempDir(), "whole.safetensors"), filepath.Join(t.TempDir(), "parts.safetensors")
	run(whole, 0)
	run(parts, 7)
	run(parts, 0)
	got := tensorsOf(t, parts)
	for name, v := range tensorsOf(t, whole) {
		if d := difference(t, name, got[name], v); d != 0 {
			t.Errorf("%s differs by %g", name, d)
		}
	}
}

// What an engine does not do is refused before anything is trained.
func TestEngineRefuses(t *testing.T) {
	for what, set := range map[string]func(*train.Loop){
		"Accumulate": func(l *train.Loop) { l.Accumulate = 2 },
		"Parallel":   func(l *train.Loop) { l.Parallel.Shards = 2 },
		"Clip.Value": func(l *train.Loop) { l.Clip.Value = 1 },
	} {
		l := loopOf("")
		l.Engine = NewEngine(nil)
		set(l)
		_, err := l.Run(context.Background())
		mistaken(t, err, what+" does not go with an Engine")
	}
	l := loopOf("")
	l.Engine = NewEngine(nil)
	_, err := l.Run(context.Background())
	mistaken(t, err, "there is no client")
	_, _, err = NewEngine(nil).Step(1, 1)
	mistaken(t, err, "nothing has begun")
	_, err = (*Engine)(nil).Evaluate(nil)
	mistaken(t, err, "nothing has begun")
	mistaken(t, (*Engine)(nil).Begin(nil, nil, 0), "want an engine, a loss and an optimiser")
}

// An operation without a text is named before anything is trained.
func TestEngineRefusesOperations(t *testing.T) {
	l := loopOf("")
	l.Engine = NewEngine(client(t))
	p := graph.NewParams(1)
	fixed, err := p.Add("fixed", graph.Floats([]float32{1, 2}, 2))
	check(t, err)
	check(t, fixed.Freeze(true))
	l.Loss = graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		q := g.Dequantise(g.QuantiseRange(g.Param("fixed", nil, 2)))
		return []graph.Node{g.Sum(g.Mul(g.Param("w", graph.Constant(1), 2), q))}
	})
	_, err = l.Run(context.Background())
	mistaken(t, err, "operations that cannot be written: ")
	mistaken(t, err, "quantised weights are for prediction on a processor")
}
