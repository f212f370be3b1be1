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
		return errors.New("train: Loss, Data, Optimizer and Schedule must be set")
	case l.Data.Len() < 1:
		return errors.New("train: the data have no batches")
	case l.Validation != nil && l.Validation.Len() < 1:
		return errors.New("train: the validation data have no batches")
	case !(l.Average >= 0 && l.Average < 1):
		return errors.Errorf("train: the average's decay is %g; want 0 to 1, without 1", l.Average)
	case l.Parallel.Shards < 0 || l.Parallel.Workers < 0:
		return errors.Errorf("train: %d shards and %d workers; want 0 or more", l.Parallel.Shards, l.Parallel.Workers)
	case l.Epochs < 0 || l.Steps < 0:
		return errors.Errorf("train: %d epochs and %d steps; want 0 or more", l.Epochs, l.Steps)
	case !(l.ClipNorm >= 0):
		return errors.Errorf("train: ClipNorm %g; want 0 or more", l.ClipNorm)
	case !(l.ClipValue >= 0):
		return errors.Errorf("train: ClipValue %g; want 0 or more", l.ClipValue)
	case l.Patience < 0 || l.SaveEvery < 0:
		return errors.Errorf("train: a patience of %d and a checkpoint every %d steps; want 0 or more", l.Patience, l.SaveEvery)
	}
	for i, c := range l.Callbacks {
		if c == nil {
			return errors.Errorf("train: callback %d is nil", i)
		}
	}
	for _, settings := range []interface{}{l.Optimizer, l.Schedule} {
		if c, ok := settings.(optim.Checker); ok {
			if err := c.Check(); err != nil {
				return errors.Wrap(err, "train")
			}
		}
	}
	for k := range l.Metadata {
		if k == formatKey || k == loopKey || k == scheduleKey {
			return errors.Errorf("train: the metadata has an entry %q, which a checkpoint needs for itself", k)
		}
	}
	l.at.Seed, l.shards = l.Seed, shards{}
	return nil
}

// ready checks what a run and Resume need, and takes Params from Loss.
func (l *Loop) ready() error {
	if l.Loss == nil || l.Data == nil || l.Optimizer == nil {
		return errors.New("train: Loss, Data, Optimizer and Schedule must be set")
	}
	if l.Params == nil {
		l.Params = l.Loss.Params()
	}
	if l.Params != l.Loss.Params() {
		return errors.New("train: Params is another store than that of Loss's function, so that nothing would be trained; leave it out, or give the function this store")
	}
	if l.Accumulate < 0 {
		return errors.Errorf("train: %d batches a step; want 0 or more", l.Accumulate)
	}
	return errors.Wrap(firstError(checkState(l.State), checkState(l.ValidationState)), "train")
}
