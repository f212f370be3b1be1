package train

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// Engine makes the steps of a run in the place of this process's processors, see Loop.Engine: weights and the optimiser's state are
// its own meanwhile. Measures and checkpoints want them in the store, where Store puts them. An average of the weights is made in the
// store, after every step, and is validated by this process. Package xla, a module of its own, has an Engine over PJRT.
type Engine interface {
	// Begin takes the weights of the loss's store and the optimiser with its state. In is what the first step is made with. What
	// cannot be computed is an error, before anything is trained.
	Begin(loss *graph.Func, o optim.Optimizer, limit float64, in ...*tensor.Dense) error
	// Step makes a step with the random masks that the loss would have after Seed(seed). It returns the loss's outputs and the norm of
	// its gradients before they are limited.
	Step(seed uint64, rate float64, in ...*tensor.Dense) (out []*tensor.Dense, norm float64, err error)
	// Evaluate computes another function of the store with the weights of now, as its Run would.
	Evaluate(f *graph.Func, in ...*tensor.Dense) ([]*tensor.Dense, error)
	// Store copies the weights to the store and the optimiser's state to the optimiser.
	Store() error
}

// checkEngine refuses what an engine, which makes whole steps, does not do.
func (l *Loop) checkEngine() error {
	if l.Engine == nil {
		return nil
	}
	var what string
	switch {
	case l.Accumulate > 1:
		what = "Accumulate"
	case l.Parallel.Shards > 1 || l.Parallel.Group != nil:
		what = "Parallel"
	case l.Clip.Value > 0:
		what = "Clip.Value"
	default:
		return nil
	}
	return errors.Errorf("train: %s does not go with an Engine, which makes whole steps of single batches", what)
}

// Prepare does what Run does before its first step, beside moving the data: it refuses a loop that cannot be run, and gives the run to
// the Engine, which tries what it has to compute. Run does so itself; who calls Prepare learns of it before there are files, say. Run
// wants the loop as it was then, but for its Observers.
func (l *Loop) Prepare() error {
	if err := l.check(); err != nil {
		return err
	}
	if l.Engine == nil || l.run.ended || l.prepared {
		return nil
	}
	if err := l.beginEngine(); err != nil {
		return err
	}
	l.prepared = true
	return nil
}

// beginEngine gives the run to the engine, and tries what it has to compute. The data are anywhere afterwards.
func (l *Loop) beginEngine() error {
	l.carryFirst()
	in, err := firstOf(l.Data, l.run.carried)
	if err != nil {
		return err
	}
	if err := l.Engine.Begin(l.Loss, l.Optimizer, l.Clip.Norm, in...); err != nil {
		return errors.Wrap(err, "train: the engine cannot train this")
	}
	if l.Validation.Data != nil && l.Average == 0 {
		if in, err = firstOf(l.Validation.Data, l.validationState()); err != nil {
			return err
		}
		if _, err := l.Engine.Evaluate(l.lossForms().means, in...); err != nil {
			return errors.Wrap(err, "train: the engine cannot validate this")
		}
	}
	return nil
}

// firstOf is the first batch of data, followed by the state.
func firstOf(data Source, state []*tensor.Dense) ([]*tensor.Dense, error) {
	if err := data.Seek(0); err != nil {
		return nil, err
	}
	batch, ok := data.Next()
	if !ok {
		return nil, errors.Wrap(firstError(errOf(data), errors.New("there is no batch")), "train")
	}
	return append(cloneAll(batch), state...), nil
}

// validationState is the state before the first batch of a validation.
func (l *Loop) validationState() []*tensor.Dense {
	if l.Validation.State != nil {
		return l.Validation.State
	}
	return l.State
}

// pull has the store hold what the run has come to.
func (l *Loop) pull() error {
	if l.Engine == nil {
		return nil
	}
	return errors.Wrap(l.Engine.Store(), "train: engine")
}

// update computes gradients, beginning with one batch, and changes the weights. It returns the norm of the gradients, too.
func (l *Loop) update(batch []*tensor.Dense) (m measured, norm float64, err error) {
	at := place{l.run.Seed, l.run.Step, l.run.Batch}
	if l.Engine != nil {
		m, norm, err = l.gradients.onEngine(l.Engine, batch, l.gradients.maskSeed(at, 0), l.Schedule.Rate(l.run.Step))
		if err == nil && l.Average > 0 {
			err = l.pull()
		}
		return m, norm, err
	}
	if m, err = l.gradients.of(batch, at); err != nil {
		return m, 0, err
	}
	if l.Clip.Value > 0 {
		if err := optim.ClipByValue(l.params(), l.Clip.Value); err != nil {
			return m, 0, err
		}
	}
	norm, err = optim.Update(l.Optimizer, l.params(), l.Schedule.Rate(l.run.Step), l.Clip.Norm)
	return m, norm, err
}

// onEngine makes a step of one batch elsewhere, and carries the state on.
func (s *gradients) onEngine(e Engine, batch []*tensor.Dense, seed uint64, rate float64) (m measured, norm float64, err error) {
	s.args = append(append(s.args[:0], batch...), s.carried...)
	out, norm, err := e.Step(seed, rate, s.args...)
	if err != nil {
		return m, 0, err
	}
	loss, next, err := lossAndStates(out, s.carried)
	if err != nil {
		return m, 0, err
	}
	carry(s.carried, next)
	return measured{loss, s.data.Tokens(), 1}, norm, nil
}
