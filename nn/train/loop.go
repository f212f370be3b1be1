package train

import (
	"context"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// Loop trains a function. Loss, Data, Optimizer and Schedule are needed; the rest has useful zero values. The weights are
// those of Loss's store.
type Loop struct {
	// What is trained, and on what.

	// Loss maps a batch, followed by the carried state, to the loss, followed by the next state and by nothing else. A model
	// that carries nothing may return more after the loss, its predictions, say, for calls of one's own: a run passes it over.
	Loss *graph.Func
	// State is the state before the first batch of a pass, carried from batch to batch after that, without a gradient:
	// truncated backpropagation through time. Nil for a model that carries nothing.
	State []*tensor.Dense
	Data  Source
	Seed  uint64 // of dropout masks

	// How a step is made.

	Optimizer optim.Optimizer
	// Schedule gives the rate of each step. One with a memory (optim.AdaptiveSchedule) is told each validation loss, and its
	// memory is part of checkpoints.
	Schedule optim.Schedule
	Clip     Clip // limits of the gradients
	// Accumulate is the number of batches whose gradients make one step, 0 for 1: a large batch in the memory of a small
	// one. The last step of a pass takes what is left.
	Accumulate int
	Parallel   Parallel // gradients of a batch by several workers
	// Average is the decay of an exponential moving average of the weights, 0.999 say, or 0 for none. The average
	// validates, is what checkpoints hold under the weights' names, and is what the run ends with.
	Average float64

	// How long, and what is done beside the steps.

	Epochs     int // passes over Data; 0 for 1, unless Steps is set
	Steps      int // stop after this many steps in all; 0 for no limit
	Validation Validation
	Saving     Saving
	Observers  []Observer // told how the run goes, in their order

	run  memory // where the run is
	work work
}

// Clip limits gradients before they are used. 0 is no limit.
type Clip struct {
	Norm  float64 // of the norm of all gradients together: larger ones are scaled down
	Value float64 // of each element, which is cut off
}

// Validation says how a Loop judges what it has learned after each pass, and what follows from that. Without Data nothing
// is judged, and the other fields must not be set.
type Validation struct {
	Data  Source
	State []*tensor.Dense // before the first batch; nil for the Loop's State. Set it for batches of another size.

	Patience int  // stop after this many validations without progress; 0 for never
	KeepBest bool // end with the weights of the lowest validation loss, not with the last

	// Measure gives further measures of the model, with the weights as they are when it is called: after each validation.
	Measure func() ([]Score, error)
}

// Saving says where and how often a Loop saves checkpoints: at the end, when it is cancelled, after each pass, and every so
// many steps.
type Saving struct {
	Path     string            // file to save to; none if empty
	Every    int               // also save after every so many steps; 0 for not
	BestPath string            // another file, saved to after each validation with the lowest loss so far; none if empty
	Metadata map[string]string // goes into the checkpoints: the model's configuration, say
}

// memory is what a run knows beside the weights and the optimiser's state. All of it goes into checkpoints, but for ended.
type memory struct {
	counters
	carried []*tensor.Dense
	best    []graph.Named // the weights with the lowest validation loss, for KeepBest
	average *average
	ended   bool // the store holds the weights that the run ended with
}

// counters, together with the weights, the optimiser's state and the carried state, decide everything that follows.
type counters struct {
	Step    int     `json:"step"`
	Epoch   int     `json:"epoch"`
	Batch   int     `json:"batch"`    // batches done in this epoch
	LossSum float64 `json:"loss_sum"` // over this epoch
	Best    float64 `json:"best"`     // lowest validation loss
	Stale   int     `json:"stale"`    // validations since
	Seed    uint64  `json:"seed"`
	Done    bool    `json:"done"`
	Tested  bool    `json:"tested"` // whether Best holds a value
	History []Pass  `json:"history,omitempty"`
}

// work is what steps use again and again.
type work struct {
	args   []*tensor.Dense
	sum    gradientSum // of the batches of a step, for Accumulate
	shards shards      // of a batch, for Parallel
	forms  forms       // of Loss
}

// Run trains until the epochs or steps are done, or validation stops improving. If ctx is cancelled, it saves a
// checkpoint and returns the context's error. Continuing a run from a checkpoint, see Resume, gives the same bits as
// never having stopped.
func (l *Loop) Run(ctx context.Context) (Result, error) {
	if ctx == nil {
		return Result{}, errors.New("train: Run: the context is nil")
	}
	if err := l.check(); err != nil {
		return Result{}, err
	}
	o := newOutcome()
	if l.run.ended {
		return o.result(l), nil
	}
	if l.run.carried == nil {
		l.run.carried = cloneAll(l.State)
	}
	if err := l.begin(); err != nil {
		return o.result(l), err
	}
	for !l.run.Done {
		if err := l.advance(ctx, o); err != nil {
			return o.result(l), err
		}
	}
	return o.result(l), l.end()
}

// advance makes a step with the next batch, or ends the pass if there is none.
func (l *Loop) advance(ctx context.Context, o *outcome) error {
	if err := ctx.Err(); err != nil {
		return errors.Wrap(firstError(l.save(), err), "train: interrupted")
	}
	batch, ok := l.Data.Next()
	if !ok {
		if err := errOf(l.Data); err != nil {
			return errors.Wrapf(err, "train: after step %d", l.run.Step)
		}
		return l.endEpoch(o)
	}
	progress, err := l.step(batch, &o.clock)
	if err != nil {
		return &StepError{l.run.Step + 1, err}
	}
	if err := l.tellStep(progress); err != nil {
		return l.handleStop(err, o)
	}
	switch {
	case l.Steps > 0 && l.run.Step >= l.Steps:
		err = l.endEpoch(o)
		l.run.Done = l.run.Done || err == nil
	case l.Saving.Every > 0 && l.run.Step%l.Saving.Every == 0:
		err = l.save()
	}
	return err
}

// begin moves the data to where the run is.
func (l *Loop) begin() error {
	if s, ok := l.Data.(EpochSource); ok {
		s.SetEpoch(l.run.Epoch)
	}
	return l.Data.Seek(l.run.Batch)
}

// end saves the run, and leaves in the store the weights that it is for.
func (l *Loop) end() error {
	if err := l.save(); err != nil {
		return err
	}
	l.run.ended = true
	if chosen := l.chosen(); chosen != nil {
		return l.params().SetAll(chosen)
	}
	return nil
}

// chosen are the weights to use, where they are not those that are trained: the best at the end of a run that keeps
// them, or the averages. Nil for the weights themselves.
func (l *Loop) chosen() []graph.Named {
	switch {
	case l.run.Done && l.Validation.KeepBest && l.run.best != nil:
		return l.run.best
	case l.run.average != nil:
		return l.run.average.tensors
	}
	return nil
}

// params is the store of the weights.
func (l *Loop) params() *graph.Params { return l.Loss.Params() }

// epochs is the number of passes to make; without a limit, Steps decides.
func (l *Loop) epochs() int {
	switch {
	case l.Epochs > 0:
		return l.Epochs
	case l.Steps > 0:
		return (l.Steps-1)/max(l.stepsPerPass(), 1) + 1
	}
	return 1
}

// Total is the number of steps that a run makes, unless it stops early.
func (l *Loop) Total() int {
	n := l.epochs() * l.stepsPerPass() // 0 without Data
	if l.Steps > 0 {
		n = min(n, l.Steps)
	}
	return n
}

// Finished tells whether all steps have been made, so that Run has nothing to do: after Resume of a run that had come
// to its end, unless the loop now has more Epochs or Steps.
func (l *Loop) Finished() bool {
	return l.run.Epoch >= l.epochs() || l.Steps > 0 && l.run.Step >= l.Steps
}

// step computes gradients on one batch and updates the weights. A step that fails is not counted.
func (l *Loop) step(batch []*tensor.Dense, clock *speed) (_ Progress, err error) {
	start, before := time.Now(), l.run.counters
	defer func() {
		if err != nil {
			l.run.counters = before
		}
	}()
	loss, tokens, err := l.gradients(batch)
	if err != nil {
		return Progress{}, err
	}
	if l.Clip.Value > 0 {
		if err := optim.ClipByValue(l.params(), l.Clip.Value); err != nil {
			return Progress{}, err
		}
	}
	rate := l.Schedule.Rate(l.run.Step)
	norm, err := optim.Update(l.Optimizer, l.params(), rate, l.Clip.Norm)
	if err != nil {
		return Progress{}, err
	}
	l.run.Step++
	if l.Average > 0 {
		if l.run.average == nil {
			l.run.average = &average{}
		}
		l.run.average.add(l.params(), l.Average, l.run.Step)
	}
	clock.add(time.Since(start), tokens)
	return Progress{
		Step: l.run.Step, Steps: l.Total(), Epoch: l.run.Epoch + 1, Epochs: l.epochs(),
		Loss: loss, EpochLoss: l.run.LossSum / float64(l.run.Batch), GradientNorm: norm, Rate: rate,
		Tokens: tokens, TokensPerSecond: clock.rate(), Remaining: clock.per(l.Total() - l.run.Step),
	}, nil
}
