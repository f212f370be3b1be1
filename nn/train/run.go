package train

import (
	"context"
	"math"
	"time"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Run trains until the epochs or steps are done, or validation stops improving. If ctx is cancelled, it saves a
// checkpoint, after the batch that it is at, of the training or of a validation, and returns the context's error.
// Continuing a run from a checkpoint, see Resume, gives the same bits as never having stopped.
func (l *Loop) Run(ctx context.Context) (Result, error) {
	if ctx == nil {
		return Result{}, errors.New("train: Run: the context is nil")
	}
	if err := l.Prepare(); err != nil {
		return Result{}, err
	}
	l.prepared = false // another Run begins anew
	o := newOutcome()
	if l.run.ended {
		return o.result(l), nil
	}
	l.carryFirst()
	l.gradients = gradients{forms: l.lossForms(), data: l.Data, each: l.batchesPerStep(), parallel: l.Parallel, carried: l.run.carried}
	if err := l.begin(); err != nil {
		return o.result(l), err
	}
	if err := l.agree(); err != nil {
		return o.result(l), err
	}
	for !l.run.Done {
		if err := l.advance(ctx, o); err != nil {
			return o.result(l), err
		}
	}
	return o.result(l), l.end()
}

// carryFirst has a run begin with the state that it is given.
func (l *Loop) carryFirst() {
	if l.run.carried == nil {
		l.run.carried = cloneAll(l.State)
	}
}

// advance makes a step with the next batch, or ends the pass if there is none.
func (l *Loop) advance(ctx context.Context, o *outcome) error {
	if err := l.wish(ctx.Err()); err != nil {
		return l.interrupted(err)
	}
	if l.toValidate() {
		return l.endRun(ctx, o)
	}
	began := time.Now() // who waits for data waits as long for the run
	batch, ok := l.Data.Next()
	if !ok {
		if err := errOf(l.Data); err != nil {
			return errors.Wrapf(err, "train: after step %d", l.run.Step)
		}
		return l.endEpoch(ctx, o)
	}
	progress, err := l.step(batch, began, &o.clock)
	if err != nil {
		return &StepError{l.run.Step + 1, err}
	}
	if err := l.wish(l.tellStep(progress)); err != nil {
		return l.handleStop(err, o)
	}
	switch {
	case l.Steps > 0 && l.run.Step >= l.Steps:
		err = l.endRun(ctx, o)
	case l.Saving.Every > 0 && l.run.Step%l.Saving.Every == 0:
		err = l.save()
	}
	return err
}

// interrupted saves the run, and returns the error of its context.
func (l *Loop) interrupted(err error) error {
	return errors.Wrap(firstError(l.save(), err), "train: interrupted")
}

// endRun ends the pass that Steps has ended early, and with it the run.
func (l *Loop) endRun(ctx context.Context, o *outcome) error {
	err := l.endEpoch(ctx, o)
	l.run.Done = l.run.Done || err == nil
	return err
}

// end saves the run, and leaves in the store the weights that it is for.
func (l *Loop) end() error {
	if err := firstError(l.save(), l.pull()); err != nil {
		return err
	}
	l.run.ended = true
	if chosen := l.chosen(); chosen != nil {
		return l.params().SetAll(chosen)
	}
	return nil
}

// step computes gradients, beginning with one batch, and updates the weights. A step that fails is not counted.
func (l *Loop) step(batch []*tensor.Dense, began time.Time, clock *speed) (Progress, error) {
	rate := l.Schedule.Rate(l.run.Step)
	m, norm, err := l.update(batch)
	if err != nil {
		return Progress{}, err
	}
	l.run.Step++
	l.run.Batch += m.batches
	l.run.LossSum += float64(m.loss * float64(m.batches))
	if l.Average > 0 {
		if l.run.average == nil {
			l.run.average = &average{}
		}
		l.run.average.add(l.params(), l.Average, l.run.Step)
	}
	clock.add(time.Since(began), m.tokens)
	return Progress{
		Step: l.run.Step, Steps: l.Total(), Epoch: l.run.Epoch + 1, Epochs: l.epochs(),
		Loss: m.loss, EpochLoss: l.run.LossSum / float64(l.run.Batch), GradientNorm: norm, Rate: rate,
		Tokens: m.tokens, TokensPerSecond: clock.rate(), Remaining: clock.per(l.Total() - l.run.Step),
	}, nil
}

// tellStep calls all observers, even after one of them wants the run to end, and returns the first error.
func (l *Loop) tellStep(p Progress) (err error) {
	for _, o := range l.Observers {
		if o.OnStep != nil {
			err = firstError(err, o.OnStep(p))
		}
	}
	return err
}

func (l *Loop) tellValidation(e Evaluation) (err error) {
	for _, o := range l.Observers {
		if o.OnValidation != nil {
			err = firstError(err, o.OnValidation(e))
		}
	}
	return err
}

// handleStop saves, and ends the run if an observer wants it to; nil is no such wish.
func (l *Loop) handleStop(told error, o *outcome) error {
	if errors.Is(told, ErrStop) {
		l.run.Done, o.stopped, told = true, true, nil
	}
	return firstError(l.save(), errors.Wrap(told, "train: observer"))
}

// outcome is what one call of Run has come to so far.
type outcome struct {
	began      time.Time
	clock      speed
	trainLoss  float64
	validation float64
	stopped    bool
}

func newOutcome() *outcome { return &outcome{began: time.Now(), validation: math.NaN()} }

func (o *outcome) result(l *Loop) Result {
	r := Result{Step: l.run.Step, Epoch: l.run.Epoch, TrainLoss: o.trainLoss, Validation: o.validation, Best: math.NaN(),
		Stopped: o.stopped, TokensPerSecond: o.clock.rate(), History: passes(l.run.History, l.Validation.Data != nil)}
	if l.run.Tested {
		r.Best = l.run.Best
	}
	return r
}
