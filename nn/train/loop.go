package train

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// Loop trains a function. Loss, Data, Optimizer and Schedule are needed; the rest has useful zero values.
type Loop struct {
	// Params is the store of Loss's function; nil takes it from there, and another store is an error.
	Params *graph.Params
	// Loss maps a batch, followed by the carried state, to the loss, followed by the next state and by nothing else. A model
	// that carries nothing may return more after the loss, its predictions, say, for calls of one's own: a run passes it over.
	Loss *graph.Func
	// State is the state before the first batch of a pass, carried from batch to batch after that, without a gradient:
	// truncated backpropagation through time. Nil for a model that carries nothing.
	State []*tensor.Dense

	Data       Source
	Validation Source // nil for none
	// ValidationState is the state before the first validation batch, for batches of another size; nil for State.
	ValidationState []*tensor.Dense

	Optimizer optim.Optimizer
	Schedule  optim.Schedule
	ClipNorm  float64 // limit of the gradients' global norm; 0 for none
	ClipValue float64 // limit of each gradient element; 0 for none

	// Accumulate is the number of batches whose gradients make one step, 0 for 1: a large batch in the memory of a small
	// one. The last step of a pass takes what is left.
	Accumulate int

	Parallel Parallel // gradients of a batch by several workers

	Epochs   int    // passes over Data; 0 for 1, unless Steps is set
	Steps    int    // stop after this many steps in all; 0 for no limit
	Patience int    // stop after this many validations without progress; 0 for never
	KeepBest bool   // end with the weights of the lowest validation loss, not with the last
	Seed     uint64 // of dropout masks

	// Average is the decay of an exponential moving average of the weights, 0.999 say, or 0 for none. The average
	// validates, is what checkpoints hold under the weights' names, and is what the run ends with.
	Average float64

	Checkpoint string            // file to save to: at the end, when cancelled, and
	SaveEvery  int               // every so many steps; 0 for after each pass only
	Metadata   map[string]string // goes into the checkpoint: the model's configuration, say
	// BestCheckpoint is a file that is saved to beside Checkpoint after each validation with the lowest loss so far.
	BestCheckpoint string

	// Measure is called after each validation, and gives further measures of the model in Params as it is then.
	Measure    func() ([]Score, error)
	OnStep     func(Progress)   // called after every step
	OnValidate func(Validation) // called after every validation
	Callbacks  []Callback       // told of both, and may end the run

	at      counters
	best    []graph.Named // the weights with the lowest validation loss, for KeepBest
	carried []*tensor.Dense
	args    []*tensor.Dense
	sum     gradientSum // of the batches of a step, for Accumulate
	shards  shards      // of a batch, for Parallel
	derived forms       // of Loss
	average *average
	began   time.Time
	ended   bool // Params hold the weights that the run ended with
}

// counters are what a checkpoint remembers of the loop; together with the weights, the optimiser's state and the
// carried state they decide everything that follows.
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

// Run trains until the epochs or steps are done, or validation stops improving. If ctx is cancelled, it saves a
// checkpoint and returns the context's error. Continuing a run from a checkpoint, see Resume, gives the same bits as
// never having stopped.
func (l *Loop) Run(ctx context.Context) (Result, error) {
	if err := l.check(); err != nil {
		return Result{}, err
	}
	result := Result{Validation: math.NaN(), Best: math.NaN()}
	if l.ended {
		return l.report(result, &speed{}), nil
	}
	l.began = time.Now()
	if l.carried == nil {
		l.carried = cloneAll(l.State)
	}
	if err := l.begin(); err != nil {
		return result, err
	}
	clock := &speed{}
	for !l.at.Done {
		if err := ctx.Err(); err != nil {
			return l.report(result, clock), errors.Wrap(firstError(l.save(), err), "train: interrupted")
		}
		batch, ok := l.Data.Next()
		if !ok {
			if err := errOf(l.Data); err != nil {
				return l.report(result, clock), errors.Wrapf(err, "train: after step %d", l.at.Step)
			}
			if err := l.endEpoch(&result); err != nil {
				return result, err
			}
			continue
		}
		progress, err := l.step(batch, clock)
		if err != nil {
			return l.report(result, clock), errors.Wrapf(err, "train: step %d", l.at.Step+1)
		}
		if err := l.tellStep(progress); err != nil {
			if err := l.heed(err, &result); err != nil {
				return l.report(result, clock), err
			}
		} else if l.Steps > 0 && l.at.Step >= l.Steps {
			if err := l.endEpoch(&result); err != nil {
				return result, err
			}
			l.at.Done = true
		} else if l.SaveEvery > 0 && l.at.Step%l.SaveEvery == 0 {
			if err := l.save(); err != nil {
				return result, err
			}
		}
	}
	return l.report(result, clock), l.end()
}

// end saves the run, and leaves in the store the weights that it is for.
func (l *Loop) end() error {
	if err := l.save(); err != nil {
		return err
	}
	l.ended = true
	if served := l.served(); served != nil {
		return l.Params.SetAll(served)
	}
	return nil
}

// served are the weights to use, where they are not those that are trained: the best at the end of a run that keeps
// them, or the averages. Nil for the weights themselves.
func (l *Loop) served() []graph.Named {
	switch {
	case l.at.Done && l.KeepBest && l.best != nil:
		return l.best
	case l.average != nil:
		return l.average.tensors
	}
	return nil
}

// begin moves the data to where the run is.
func (l *Loop) begin() error {
	if s, ok := l.Data.(EpochSource); ok {
		s.SetEpoch(l.at.Epoch)
	}
	return l.Data.Seek(l.at.Batch)
}

// errOf is the error that ended a source's pass, if one did.
func errOf(s Source) error {
	if f, ok := s.(FallibleSource); ok {
		return f.Err()
	}
	return nil
}

// firstError is err unless an earlier step failed worse.
func firstError(worse, err error) error {
	if worse != nil {
		return worse
	}
	return err
}

// epochs is the number of passes to make; without a limit, Steps decides.
func (l *Loop) epochs() int {
	switch {
	case l.Epochs > 0:
		return l.Epochs
	case l.Steps > 0:
		each := max(l.stepsPerPass(), 1)
		return (l.Steps + each - 1) / each
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

// step computes gradients on one batch and updates the weights.
func (l *Loop) step(batch []*tensor.Dense, clock *speed) (_ Progress, err error) {
	start := time.Now()
	before := l.at
	defer func() {
		if err != nil {
			l.at = before // a step that failed was not made
		}
	}()
	loss, tokens, err := l.gradients(batch)
	if err != nil {
		return Progress{}, err
	}
	if l.ClipValue > 0 {
		if err := optim.ClipByValue(l.Params, l.ClipValue); err != nil {
			return Progress{}, err
		}
	}
	rate := l.Schedule.Rate(l.at.Step)
	norm, err := optim.Update(l.Optimizer, l.Params, rate, l.ClipNorm)
	if err != nil {
		return Progress{}, err
	}
	l.at.Step++
	if l.Average > 0 {
		if l.average == nil {
			l.average = &average{}
		}
		l.average.add(l.Params, l.Average, l.at.Step)
	}
	clock.add(time.Since(start), tokens)
	return Progress{
		Step: l.at.Step, Steps: l.Total(), Epoch: l.at.Epoch + 1, Epochs: l.epochs(),
		Loss: loss, EpochLoss: l.at.LossSum / float64(l.at.Batch), GradientNorm: norm, Rate: rate,
		Tokens: tokens, TokensPerSecond: clock.rate(), Remaining: clock.per(l.Total() - l.at.Step),
	}, nil
}

func (l *Loop) report(r Result, clock *speed) Result {
	r.Step, r.Epoch, r.TokensPerSecond = l.at.Step, l.at.Epoch, clock.rate()
	r.History = slices.Clone(l.at.History)
	if l.Validation == nil {
		for i := range r.History {
			r.History[i].Validation = math.NaN()
		}
	}
	if l.at.Tested {
		r.Best = l.at.Best
	}
	return r
}
