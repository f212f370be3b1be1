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

func (w witness) Stepped(p train.Progress) error {
	*w.told = append(*w.told, fmt.Sprint(w.name, p.Step))
	if p.Step == w.at {
		return w.answer
	}
	return nil
}

func (w witness) Validated(v train.Validation) error {
	*w.told = append(*w.told, fmt.Sprint(w.name, v.Scores))
	return nil
}

func TestCallbacks(t *testing.T) {
	var told []string
	l := regression([]int{12, 12}, 0)
	l.Validation = l.Data
	l.Measure = func() ([]train.Score, error) { return []train.Score{{Name: "half", Value: 0.5}}, nil }
	l.Callbacks = []train.Callback{witness{"a", &told, 3, train.Stop}, witness{"b", &told, 0, nil}}
	if r := run(t, l); !r.Stopped || r.Step != 3 {
		t.Errorf("%+v", r)
	}
	if got, want := strings.Join(told, " "), "a1 b1 a2 b2 a[{half 0.5}] b[{half 0.5}] a3 b3"; got != want {
		t.Errorf("told %s; want %s", got, want)
	}
	// An error saves what was reached, and comes out.
	full := errors.New("the disk is full")
	l = regression([]int{12, 12}, 0)
	l.Checkpoint = filepath.Join(t.TempDir(), "c")
	l.Callbacks = []train.Callback{witness{"a", &told, 3, full}}
	if _, err := l.Run(context.Background()); !errors.Is(err, full) {
		t.Error(err)
	}
	if saved, err := train.ReadCheckpoint(l.Checkpoint); err != nil || saved.Step() != 3 {
		t.Error(saved, err)
	}
	l = regression([]int{12, 12}, 0)
	l.Validation = l.Data
	l.Measure = func() ([]train.Score, error) { return nil, full }
	if _, err := l.Run(context.Background()); !errors.Is(err, full) {
		t.Error(err)
	}
}

// Beside the last checkpoint there is that of the best pass, which a run can go on from too.
func TestBestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	l := newLoop(t, filepath.Join(dir, "last"))
	l.Epochs, l.BestCheckpoint = 8, filepath.Join(dir, "best")
	var best train.Validation
	l.OnValidate = func(v train.Validation) {
		if v.Improved {
			best = v
		}
	}
	run(t, l)
	saved, err := train.ReadCheckpoint(l.BestCheckpoint)
	if err != nil {
		t.Fatal(err)
	}
	fresh := newLoop(t, "")
	if err := fresh.Resume(saved); err != nil {
		t.Fatal(err)
	}
	if v, err := fresh.Validate(fresh.Validation); err != nil || v != best.Best || saved.Step() != best.Step {
		t.Errorf("the best checkpoint, of step %d, gives %v, error %v; want %v of step %d", saved.Step(), v, err, best.Best, best.Step)
	}
}
