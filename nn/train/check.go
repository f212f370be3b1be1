package train

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph/optim"
)

// check refuses a run that cannot go well, before it begins.
func (l *Loop) check() error {
	if err := l.ready(); err != nil {
		return err
	}
	switch {
	case l.Schedule == nil:
		return errIncomplete
	case l.Data.Len() < 1:
		return errors.New("train: the data have no batches")
	case !(l.Average >= 0 && l.Average < 1):
		return errors.Errorf("train: the average's decay is %g; want 0 to 1, without 1", l.Average)
	case l.Parallel.Shards < 0 || l.Parallel.Workers < 0:
		return errors.Errorf("train: %d shards and %d workers; want 0 or more", l.Parallel.Shards, l.Parallel.Workers)
	case l.Parallel.group() != nil && l.Parallel.Shards < l.Parallel.Group.Size():
		return errors.Errorf("train: %d shards for %d processes (Parallel.Group); want one for each at least",
			l.Parallel.Shards, l.Parallel.Group.Size())
	case l.Epochs < 0 || l.Steps < 0:
		return errors.Errorf("train: %d epochs and %d steps; want 0 or more", l.Epochs, l.Steps)
	case !(l.Clip.Norm >= 0):
		return errors.Errorf("train: Clip.Norm %g; want 0 or more", l.Clip.Norm)
	case !(l.Clip.Value >= 0):
		return errors.Errorf("train: Clip.Value %g; want 0 or more", l.Clip.Value)
	}
	for _, settings := range []any{l.Optimizer, l.Schedule} {
		if c, ok := settings.(optim.Checker); ok {
			if err := c.Check(); err != nil {
				return errors.Wrap(err, "train")
			}
		}
	}
	if err := l.checkEngine(); err != nil {
		return err
	}
	if err := firstError(l.Validation.check(), l.Saving.check(l.Validation.Data != nil)); err != nil {
		return err
	}
	l.run.Seed = l.Seed
	return nil
}

func (v *Validation) check() error {
	switch {
	case v.Data == nil && (v.State != nil || v.Patience != 0 || v.KeepBest || v.Measure != nil):
		return errors.New("train: Validation without Data: its State, Patience, KeepBest and Measure would do nothing")
	case v.Data != nil && v.Data.Len() < 1:
		return errors.New("train: the validation data have no batches")
	case v.Patience < 0:
		return errors.Errorf("train: Validation.Patience %d; want 0 or more", v.Patience)
	}
	return nil
}

func (s *Saving) check(validated bool) error {
	if s.Every < 0 {
		return errors.Errorf("train: Saving.Every %d steps; want 0 or more", s.Every)
	}
	if s.BestPath != "" && !validated {
		return errors.Errorf("train: Saving.BestPath %s without Validation.Data: no checkpoint is the best", s.BestPath)
	}
	for k := range s.Metadata {
		if k == formatKey || k == loopKey || k == scheduleKey {
			return errors.Errorf("train: the metadata has an entry %q, which a checkpoint needs for itself", k)
		}
	}
	return nil
}

var errIncomplete = errors.New("train: Loss, Data, Optimizer and Schedule must be set")

// ready checks what a run and Resume need.
func (l *Loop) ready() error {
	if l.Loss == nil || l.Data == nil || l.Optimizer == nil {
		return errIncomplete
	}
	if l.params() == nil {
		return errors.New("train: the loss has no store of weights: graph.NewFunc makes functions")
	}
	if l.Accumulate < 0 {
		return errors.Errorf("train: %d batches a step; want 0 or more", l.Accumulate)
	}
	return errors.Wrap(firstError(checkState(l.State), checkState(l.Validation.State)), "train")
}
