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

// Loop trains a function. Params, Loss, Data, Optimizer and Schedule are needed; the rest has useful zero values.
type Loop struct {
	Params *graph.Params
	// Loss maps a batch, followed by the carried state, to the loss, followed by the next state.
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

	Epochs   int    // passes over Data; 0 for 1, unless Steps is set
	Steps    int    // stop after this many steps in all; 0 for no limit
	Patience int    // stop after this many validations without progress; 0 for never
	KeepBest bool   // end with the weights of the lowest validation loss, not with the last
	Seed     uint64 // of dropout masks

	Checkpoint string            // file to save to: at the end, when cancelled, and
	SaveEvery  int               // every so many steps; 0 for after each pass only
	Metadata   map[string]string // goes into the checkpoint: the model's configuration, say

	OnStep     func(Progress)   // called after every step
	OnValidate func(Validation) // called after every validation

	at      counters
	best    []graph.Named // the weights with the lowest validation loss, for KeepBest
	carried []*tensor.Dense
	args    []*tensor.Dense
	sum     gradientSum // of the batches of a step, for Accumulate
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

// Progress is what OnStep gets.
type Progress struct {
	Step, Steps     int // steps done, and to do in all
	Epoch, Epochs   int // current pass, from 1, and passes in all
	Loss            float64
	EpochLoss       float64 // mean over this pass so far
	GradientNorm    float64 // before clipping
	Rate            float64
	Tokens          int // predicted in this step
	TokensPerSecond float64
	Remaining       time.Duration
}

// Validation is what OnValidate gets: losses in nats a token, for a language model.
type Validation struct {
	Step, Epoch int
	TrainLoss   float64 // mean over the pass
	Loss        float64
	Best        float64
	Improved    bool
}

// Result is what a run reached.
type Result struct {
	Step            int
	Epoch           int
	TrainLoss       float64 // mean over the last pass
	Validation      float64 // last validation loss; NaN without validation
	Best            float64
	Stopped         bool    // by Patience
	TokensPerSecond float64 // of training steps, without validation and saving
	History         []Pass  // every pass so far, of resumed runs too; Diagnose puts it into words
}

// Run trains until the epochs or steps are done, or validation stops improving. If ctx is cancelled, it saves a
// checkpoint and returns the context's error. Continuing a run from a checkpoint, see Resume, gives the same bits as
// never having stopped.
func (l *Loop) Run(ctx context.Context) (Result, error) {
	if err := l.check(); err != nil {
		return Result{}, err
	}
	result := Result{Validation: math.NaN(), Best: math.NaN()}
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
		if l.OnStep != nil {
			l.OnStep(progress)
		}
		if l.Steps > 0 && l.at.Step >= l.Steps {
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
	if l.KeepBest && l.best != nil {
		if err := l.Params.SetAll(l.best); err != nil {
			return l.report(result, clock), err
		}
	}
	return l.report(result, clock), l.save()
}

// begin moves the data to where the run is.
func (l *Loop) begin() error {
	if s, ok := l.Data.(epochal); ok {
		s.SetEpoch(l.at.Epoch)
	}
	return l.Data.Seek(l.at.Batch)
}

// errOf is the error that ended a source's pass, if one did.
func errOf(s Source) error {
	if f, ok := s.(fallible); ok {
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

func (l *Loop) check() error {
	switch {
	case l.Params == nil || l.Loss == nil || l.Data == nil || l.Optimizer == nil || l.Schedule == nil:
		return errors.New("train: Params, Loss, Data, Optimizer and Schedule must be set")
	case l.Data.Len() < 1:
		return errors.New("train: the data have no batches")
	case l.Validation != nil && l.Validation.Len() < 1:
		return errors.New("train: the validation data have no batches")
	case l.Accumulate < 0:
		return errors.Errorf("train: %d batches a step; want 0 or more", l.Accumulate)
	case l.Epochs < 0 || l.Steps < 0:
		return errors.Errorf("train: %d epochs and %d steps; want 0 or more", l.Epochs, l.Steps)
	}
	l.at.Seed = l.Seed
	return nil
}

// epochs is the number of passes to make; without a limit, Steps decides.
func (l *Loop) epochs() int {
	switch {
	case l.Epochs > 0:
		return l.Epochs
	case l.Steps > 0:
		return (l.Steps + l.stepsPerPass() - 1) / l.stepsPerPass()
	}
	return 1
}

// Total is the number of steps that a run makes, unless it stops early.
func (l *Loop) Total() int {
	n := l.epochs() * l.stepsPerPass()
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
	clock.add(time.Since(start), tokens)
	return Progress{
		Step: l.at.Step, Steps: l.Total(), Epoch: l.at.Epoch + 1, Epochs: l.epochs(),
		Loss: loss, EpochLoss: l.at.LossSum / float64(l.at.Batch), GradientNorm: norm, Rate: rate,
		Tokens: tokens, TokensPerSecond: clock.rate(), Remaining: clock.per(l.Total() - l.at.Step),
	}, nil
}

// endEpoch validates, saves and starts a new pass, or ends the run.
func (l *Loop) endEpoch(result *Result) error {
	result.TrainLoss = l.at.LossSum / float64(max(l.at.Batch, 1))
	pass := Pass{Epoch: l.at.Epoch + 1, Step: l.at.Step, TrainLoss: result.TrainLoss, Rate: l.Schedule.Rate(max(l.at.Step-1, 0))}
	if l.Validation != nil {
		loss, err := l.Validate(l.Validation)
		if err != nil {
			return errors.Wrap(err, "train: validation")
		}
		improved := !l.at.Tested || loss < l.at.Best
		if improved {
			l.at.Best, l.at.Stale, l.at.Tested = loss, 0, true
			l.keep()
		} else {
			l.at.Stale++
		}
		if plateau, ok := l.Schedule.(*optim.Plateau); ok {
			plateau.Observe(loss)
		}
		result.Validation, pass.Validation = loss, loss
		if l.OnValidate != nil {
			l.OnValidate(Validation{Step: l.at.Step, Epoch: l.at.Epoch + 1, TrainLoss: result.TrainLoss,
				Loss: loss, Best: l.at.Best, Improved: improved})
		}
		if l.Patience > 0 && l.at.Stale >= l.Patience {
			l.at.Done, result.Stopped = true, true
		}
	}
	l.at.History = append(l.at.History, pass)
	l.at.Epoch++
	l.at.Batch, l.at.LossSum = 0, 0
	if l.at.Epoch >= l.epochs() {
		l.at.Done = true
	}
	carry(l.carried, l.State)
	if err := l.begin(); err != nil {
		return err
	}
	return l.save()
}

// keep remembers the weights as the best so far.
func (l *Loop) keep() {
	if !l.KeepBest {
		return
	}
	l.best = l.best[:0]
	for _, t := range l.Params.Tensors("") {
		l.best = append(l.best, graph.Named{Name: t.Name, Value: t.Value.Clone().(*tensor.Dense)})
	}
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

// Validate returns the mean loss over one pass of a source, evaluating, with the state carried from its first batch
// to its last. Batches count by their tokens.
func (l *Loop) Validate(s Source) (float64, error) {
	if err := s.Seek(0); err != nil {
		return 0, err
	}
	state := cloneAll(l.State)
	if l.ValidationState != nil {
		state = cloneAll(l.ValidationState)
	}
	var args []*tensor.Dense
	sum, n := 0.0, 0
	for {
		batch, ok := s.Next()
		if !ok {
			return sum / float64(max(n, 1)), errOf(s)
		}
		args = append(append(args[:0], batch...), state...)
		out, err := l.Loss.Run(args...)
		if err != nil {
			return 0, err
		}
		carry(state, out[1:])
		sum += graph.Scalar(out[0]) * float64(s.Tokens())
		n += s.Tokens()
	}
}

// carry copies the next state over the current one.
func carry(dst, src []*tensor.Dense) {
	for i := range dst {
		switch dst[i].Dtype() {
		case tensor.Float64:
			copy(dst[i].Float64s(), src[i].Float64s())
		default:
			copy(dst[i].Float32s(), src[i].Float32s())
		}
	}
}

func cloneAll(in []*tensor.Dense) []*tensor.Dense {
	out := make([]*tensor.Dense, len(in))
	for i, t := range in {
		out[i] = t.Clone().(*tensor.Dense)
	}
	return out
}

// speed measures training steps.
type speed struct {
	spent  time.Duration
	steps  int
	tokens int
	recent time.Duration // exponential mean of a step
}

func (s *speed) add(d time.Duration, tokens int) {
	s.steps++
	if s.steps == 1 {
		s.recent = d
		return // the first step compiles
	}
	s.spent += d
	s.tokens += tokens
	s.recent += (d - s.recent) / time.Duration(min(s.steps, 20))
}

// rate is tokens a second.
func (s *speed) rate() float64 {
	if s.spent <= 0 {
		return 0
	}
	return float64(s.tokens) / s.spent.Seconds()
}

func (s *speed) per(steps int) time.Duration { return s.recent * time.Duration(steps) }
