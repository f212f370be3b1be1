package train

import (
	"context"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// endEpoch validates, saves and starts a new pass, or ends the run. Cancelled in the validation, it leaves the pass at its
// end, where a run that is resumed validates again.
func (l *Loop) endEpoch(ctx context.Context, o *outcome) error {
	if err := l.agreeOnPass(); err != nil {
		return err
	}
	o.trainLoss = l.run.LossSum / float64(max(l.run.Batch, 1))
	pass := Pass{Epoch: l.run.Epoch + 1, Step: l.run.Step, TrainLoss: o.trainLoss, Rate: l.Schedule.Rate(max(l.run.Step-1, 0))}
	improved, told := false, error(nil)
	if l.Validation.Data != nil {
		e, err := l.judge(ctx, o)
		var end cancelled
		if errors.As(err, &end) {
			return l.interrupted(end.error)
		}
		if err != nil {
			return err
		}
		improved, pass.Validation = e.Improved, e.Loss
		told = l.wish(l.tellValidation(e))
		if l.Validation.Patience > 0 && l.run.Stale >= l.Validation.Patience {
			l.run.Done, o.stopped = true, true
		}
	}
	l.run.History = append(l.run.History, pass)
	l.run.Epoch++
	l.run.Batch, l.run.LossSum = 0, 0
	if l.run.Epoch >= l.epochs() {
		l.run.Done = true
	}
	carry(l.run.carried, l.State)
	if err := l.begin(); err != nil {
		return err
	}
	// The best first: a process that dies in between makes the step again, and both files.
	if improved {
		if err := l.saveTo(l.Saving.BestPath); err != nil {
			return err
		}
	}
	return l.handleStop(told, o)
}

// judge validates with the averaged weights, if they are averaged, and keeps them if they are the best.
func (l *Loop) judge(ctx context.Context, o *outcome) (Evaluation, error) {
	if l.Validation.KeepBest || l.Validation.Measure != nil {
		if err := l.pull(); err != nil {
			return Evaluation{}, err
		}
	}
	l.run.average.swap(l.params())
	defer l.run.average.swap(l.params())
	loss, err := l.validate(ctx, l.Validation.Data, l.validationState())
	if err != nil {
		return Evaluation{}, errors.Wrap(err, "train: validation")
	}
	improved := !l.run.Tested || loss < l.run.Best
	if improved {
		l.run.Best, l.run.Stale, l.run.Tested = loss, 0, true
		l.keep()
	} else {
		l.run.Stale++
	}
	if s, ok := l.Schedule.(optim.AdaptiveSchedule); ok {
		s.Observe(loss)
	}
	o.validation = loss
	e := Evaluation{Step: l.run.Step, Epoch: l.run.Epoch + 1, TrainLoss: o.trainLoss, Loss: loss, Best: l.run.Best, Improved: improved,
		Elapsed: time.Since(o.began)}
	if l.Validation.Measure != nil {
		if e.Scores, err = l.Validation.Measure(); err != nil {
			return e, errors.Wrap(err, "train: measure")
		}
	}
	return e, nil
}

// validate is the loss over data, computed as steps are: whole, or in shards.
func (l *Loop) validate(ctx context.Context, data Source, state []*tensor.Dense) (float64, error) {
	if l.Parallel.Shards > 1 {
		return l.gradients.shards.meanLoss(ctx, l.Loss, data, state, l.Parallel)
	}
	means := l.lossForms().means
	run := means.Run
	if l.Engine != nil && l.Average == 0 { // the average is here alone
		run = func(in ...*tensor.Dense) ([]*tensor.Dense, error) { return l.Engine.Evaluate(means, in...) }
	}
	return meanLoss(ctx, run, data, state)
}

// keep remembers the weights as the best so far.
func (l *Loop) keep() {
	if l.Validation.KeepBest {
		l.run.best = cloneNamed(l.weights())
	}
}

// begin moves the data to where the run is.
func (l *Loop) begin() error {
	if s, ok := l.Data.(EpochSource); ok {
		s.SetEpoch(l.run.Epoch)
	}
	return l.Data.Seek(l.run.Batch)
}
