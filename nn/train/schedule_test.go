package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/train"
)

// What a schedule remembers goes on where it was when a run is resumed: one of the library, one behind a warm-up, and one
// of a user's own.
func TestSchedulesWithAMemoryResume(t *testing.T) {
	for name, schedule := range map[string]func() optim.Schedule{
		"plateau":     func() optim.Schedule { return &optim.Plateau{Current: 0.3, Factor: 0.5} },
		"warm-up":     func() optim.Schedule { return optim.Warmup{Steps: 5, Then: &optim.Plateau{Current: 0.3, Factor: 0.5}} },
		"user's own":  func() optim.Schedule { return &halving{rate: 0.3} },
		"memory-less": func() optim.Schedule { return optim.Warmup{Steps: 5, Then: optim.Constant(0.03)} },
	} {
		dir := t.TempDir()
		alone, path := filepath.Join(dir, "alone"), filepath.Join(dir, "stopped")
		build := func(path string) *train.Loop {
			l := newLoop(t, path)
			l.Epochs, l.Schedule = 8, schedule()
			return l
		}
		whole := run(t, build(alone))
		lowered := whole.History[7].Rate < whole.History[1].Rate
		if lowered == (name == "memory-less") {
			t.Errorf("%s: the rates of the passes are %v", name, whole.History)
		}
		cancelAt(t, build(path), 200) // of 264
		resume(t, build(path))
		if !bytes.Equal(testutil.Read(t, alone), testutil.Read(t, path)) {
			t.Errorf("%s: the resumed run ends elsewhere", name)
		}
	}
}

// stubborn is a schedule that cannot be saved, or not be restored.
type stubborn struct {
	halving
	saves bool
}

func (s *stubborn) State() (string, error) {
	if s.saves {
		return s.halving.State()
	}
	return "", errors.New("no words for it")
}

func (s *stubborn) Restore(string) error { return errors.New("nothing will do") }

func TestSchedulesThatRefuse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	l := newLoop(t, path)
	l.Schedule = &stubborn{halving: halving{rate: 0.01}}
	_, err := l.Run(context.Background())
	refused(t, "saving", err, "train: checkpoint: schedule: no words for it")
	l = newLoop(t, path)
	l.Schedule = &halving{rate: 0.01}
	run(t, l)
	saved, err := train.ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]optim.Schedule{
		"schedule: nothing will do": &stubborn{halving{rate: 0.01}, true},
		"schedule: optim: Plateau:": &optim.Plateau{Current: 0.01}, // the memory is of another kind
	} {
		l := newLoop(t, "")
		l.Schedule = s
		before := fmt.Sprint(l.Loss.Params().Tensors(""), s)
		refused(t, want, l.Resume(saved), want)
		if after := fmt.Sprint(l.Loss.Params().Tensors(""), s); after != before {
			t.Errorf("%s: refused, and changed", want)
		}
	}
	// What is restored before something else is refused goes back.
	l = newLoop(t, "")
	schedule := &halving{rate: 0.5, last: 3}
	l.Schedule, l.Optimizer = schedule, &optim.SGD{}
	if err := l.Resume(saved); err == nil || *schedule != (halving{0.5, 3}) {
		t.Errorf("error %v, and the schedule is %v", err, *schedule)
	}
	if text := saved.Metadata["train.schedule"]; text != "" || strings.Contains(fmt.Sprint(saved.Metadata), "halving") {
		t.Error("the schedule is among the user's metadata")
	}
}
