package train_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// elsewhere is an engine that computes as a loop without one does, with weights of its own: those of the store are as they were when
// the run began, until Store.
type elsewhere struct {
	loss       *graph.Func
	optimizer  optim.Optimizer
	limit      float64
	first, own [][]float64
	begun      int
	refusal    error
}

func read(p *graph.Params) (numbers [][]float64) {
	for i := range p.Len() {
		numbers = append(numbers, slices.Clone(p.At(i).Value().Float64s()))
	}
	return numbers
}

func write(p *graph.Params, numbers [][]float64) {
	for i, x := range numbers {
		copy(p.At(i).Value().Float64s(), x)
	}
}

func (e *elsewhere) Begin(loss *graph.Func, o optim.Optimizer, limit float64, in ...*tensor.Dense) error {
	e.begun++
	if e.refusal != nil {
		return e.refusal
	}
	if _, err := loss.Run(in...); err != nil { // makes the weights
		return err
	}
	e.loss, e.optimizer, e.limit, e.first, e.own = loss, o, limit, read(loss.Params()), read(loss.Params())
	return nil
}

// with runs something with the engine's weights in the store.
func (e *elsewhere) with(run func() error) error {
	p := e.loss.Params()
	here := read(p)
	write(p, e.own)
	err := run()
	e.own = read(p)
	write(p, here)
	return err
}

func (e *elsewhere) Step(seed uint64, rate float64, in ...*tensor.Dense) (out []*tensor.Dense, norm float64, err error) {
	err = e.with(func() error {
		e.loss.Seed(seed)
		if out, err = e.loss.Grad(in...); err != nil {
			return err
		}
		norm, err = optim.Update(e.optimizer, e.loss.Params(), rate, e.limit)
		return err
	})
	write(e.loss.Params(), e.first)
	return out, norm, err
}

func (e *elsewhere) Evaluate(f *graph.Func, in ...*tensor.Dense) (out []*tensor.Dense, err error) {
	err = e.with(func() error {
		out, err = f.Run(in...)
		return err
	})
	return out, err
}

func (e *elsewhere) Store() error {
	write(e.loss.Params(), e.own)
	return nil
}

// A run on an engine comes to the bits of one without, with the best weights and with averages.
func TestEngine(t *testing.T) {
	for name, set := range map[string]func(l *train.Loop){
		"plain":   func(*train.Loop) {},
		"best":    func(l *train.Loop) { l.Validation.KeepBest = true },
		"average": func(l *train.Loop) { l.Average = 0.7 },
		"both":    func(l *train.Loop) { l.Average, l.Validation.KeepBest = 0.7, true },
	} {
		var losses [2][]float64
		var ends [2][][]float64
		var files [2]map[string][]float64
		for i := range 2 {
			l := regression([]int{12, 12}, 0)
			l.Validation.Data, l.Saving = l.Data, train.Saving{Path: filepath.Join(t.TempDir(), "c"), Every: 3}
			if i == 1 {
				l.Engine = &elsewhere{}
			}
			set(l)
			onStep(l, func(p train.Progress) { losses[i] = append(losses[i], p.Loss, p.GradientNorm) })
			onValidation(l, func(v train.Evaluation) { losses[i] = append(losses[i], v.Loss) })
			run(t, l)
			ends[i], files[i] = read(l.Loss.Params()), map[string][]float64{}
			list, _, err := graph.ReadSafetensors(l.Saving.Path)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range list {
				if v.Value.Dtype() == tensor.Float64 {
					files[i][v.Name] = v.Value.Float64s()
				}
			}
		}
		if !slices.Equal(losses[0], losses[1]) || len(losses[0]) != 25 {
			t.Errorf("%s: losses, norms and validations are\n%v; want\n%v", name, losses[1], losses[0])
		}
		if !slices.EqualFunc(ends[0], ends[1], slices.Equal) {
			t.Errorf("%s: the run ends with %v; want %v", name, ends[1], ends[0])
		}
		for file, want := range files[0] {
			if !slices.Equal(files[1][file], want) {
				t.Errorf("%s: the checkpoint has %v for %s; want %v", name, files[1][file], file, want)
			}
		}
	}
}

// Prepare tells of what an engine does not do, or cannot compute, and Run does not begin again what it has begun.
func TestPrepare(t *testing.T) {
	e := &elsewhere{}
	l := regression([]int{12, 12}, 0)
	l.Engine = e
	if err := l.Prepare(); err != nil || e.begun != 1 {
		t.Fatalf("begun %d times, error %v", e.begun, err)
	}
	if run(t, l); e.begun != 1 {
		t.Errorf("begun %d times; want once", e.begun)
	}
	e.refusal = errors.New("no such operation")
	for want, set := range map[string]func(l *train.Loop){
		"the engine cannot train this: no such operation": func(*train.Loop) {},
		"Accumulate does not go with an Engine":           func(l *train.Loop) { l.Accumulate = 2 },
		"Parallel does not go with an Engine":             func(l *train.Loop) { l.Parallel.Shards = 2 },
		"Clip.Value does not go with an Engine":           func(l *train.Loop) { l.Clip.Value = 1 },
		"the average's decay is 2":                        func(l *train.Loop) { l.Average = 2 },
	} {
		l := regression([]int{12, 12}, 0)
		l.Engine = e
		set(l)
		if err := l.Prepare(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
		if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run: %v; want %q", err, want)
		}
	}
}
