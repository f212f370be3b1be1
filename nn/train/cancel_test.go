package train_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// cancelling is a source that calls a function before its n-th batch in all.
type cancelling struct {
	train.Source
	n      int
	cancel func()
}

func (c *cancelling) Next() ([]*tensor.Dense, bool) {
	if c.n--; c.n == 0 {
		c.cancel()
	}
	return c.Source.Next()
}

// A validation that is cancelled ends before its next batch. The run that is resumed validates again, and ends in the bytes
// of one that was left alone: at the end of a pass, and where Steps ended one early.
func TestValidationIsCancelled(t *testing.T) {
	for name, steps := range map[string]int{"at the end of a pass": 0, "where Steps ended it": 40, "at the very end": 4 * 33} {
		dir := t.TempDir()
		alone, path := filepath.Join(dir, "alone"), filepath.Join(dir, "stopped")
		build := func(path string) *train.Loop {
			l := newLoop(t, path)
			l.Steps, l.Average, l.Validation.KeepBest, l.Validation.Patience = steps, 0.9, true, 3
			return l
		}
		run(t, build(alone))
		first := build(path)
		passes := 2 // the second validation is cancelled, or the last
		if steps > 40 {
			passes = 4
		}
		batches := (passes-1)*(first.Validation.Data.Len()+1) + 3
		ctx, cancel := context.WithCancel(context.Background())
		source := &cancelling{Source: first.Validation.Data, n: batches, cancel: cancel}
		first.Validation.Data = source
		if r, err := first.Run(ctx); !errors.Is(err, context.Canceled) || r.Epoch != passes-1 {
			t.Fatalf("%s: %v, after %d passes; want %d and %v", name, err, r.Epoch, passes-1, context.Canceled)
		}
		cancel()
		if source.n != 0 {
			t.Errorf("%s: %d more batches were validated", name, -source.n)
		}
		second := build(path)
		saved, err := train.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Resume(saved); err != nil {
			t.Fatal(err)
		}
		if second.Finished() {
			t.Errorf("%s: a run that has to validate is finished", name)
		}
		run(t, second)
		if !second.Finished() {
			t.Errorf("%s: a run that is over is not finished", name)
		}
		if !bytes.Equal(testutil.Read(t, alone), testutil.Read(t, path)) {
			t.Errorf("%s: the resumed run ends elsewhere", name)
		}
	}
}
