package train_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/train"
)

// witness writes down what it is told, and objects at a step.
type witness struct {
	name   string
	told   *[]string
	at     int
	answer error
}

func (w witness) observer() train.Observer {
	return train.Observer{OnStep: w.step, OnValidation: w.validation}
}

func (w witness) step(p train.Progress) error {
	*w.told = append(*w.told, fmt.Sprint(w.name, p.Step))
	if p.Step == w.at {
		return w.answer
	}
	return nil
}

func (w witness) validation(v train.Evaluation) error {
	*w.told = append(*w.told, fmt.Sprint(w.name, v.Scores))
	return nil
}

func TestObservers(t *testing.T) {
	var told []string
	l := regression([]int{12, 12}, 0)
	l.Validation.Data = l.Data
	l.Validation.Measure = func() ([]train.Score, error) { return []train.Score{{Name: "half", Value: 0.5}}, nil }
	l.Observers = []train.Observer{witness{"a", &told, 3, train.ErrStop}.observer(), {}, witness{"b", &told, 0, nil}.observer()}
	if r := run(t, l); !r.Stopped || r.Step != 3 {
		t.Errorf("%+v", r)
	}
	if got, want := strings.Join(told, " "), "a1 b1 a2 b2 a[{half 0.5}] b[{half 0.5}] a3 b3"; got != want {
		t.Errorf("told %s; want %s", got, want)
	}
	// An error saves what was reached, and comes out.
	full := errors.New("the disk is full")
	l = regression([]int{12, 12}, 0)
	l.Saving.Path = filepath.Join(t.TempDir(), "c")
	l.Observers = []train.Observer{witness{"a", &told, 3, full}.observer()}
	if _, err := l.Run(context.Background()); !errors.Is(err, full) {
		t.Error(err)
	}
	if saved, err := train.ReadCheckpoint(l.Saving.Path); err != nil || saved.Step() != 3 {
		t.Error(saved, err)
	}
	l = regression([]int{12, 12}, 0)
	l.Validation.Data = l.Data
	l.Validation.Measure = func() ([]train.Score, error) { return nil, full }
	if _, err := l.Run(context.Background()); !errors.Is(err, full) {
		t.Error(err)
	}
}

// Beside the last checkpoint there is that of the best pass, which a run can go on from too.
func TestBestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	l := newLoop(t, filepath.Join(dir, "last"))
	l.Epochs, l.Saving.BestPath = 8, filepath.Join(dir, "best")
	var best train.Evaluation
	onValidation(l, func(v train.Evaluation) {
		if v.Improved {
			best = v
		}
	})
	run(t, l)
	saved, err := train.ReadCheckpoint(l.Saving.BestPath)
	if err != nil {
		t.Fatal(err)
	}
	fresh := newLoop(t, "")
	if err := fresh.Resume(saved); err != nil {
		t.Fatal(err)
	}
	if v, err := train.Validate(fresh.Loss, fresh.Validation.Data, fresh.State); err != nil || v != best.Best || saved.Step() != best.Step {
		t.Errorf("the best checkpoint, of step %d, gives %v, error %v; want %v of step %d", saved.Step(), v, err, best.Best, best.Step)
	}
}
