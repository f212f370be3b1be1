package train

import (
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// endEpoch validates, saves and starts a new pass, or ends the run.
func (l *Loop) endEpoch(result *Result) error {
	result.TrainLoss = l.at.LossSum / float64(max(l.at.Batch, 1))
	pass := Pass{Epoch: l.at.Epoch + 1, Step: l.at.Step, TrainLoss: result.TrainLoss, Rate: l.Schedule.Rate(max(l.at.Step-1, 0))}
	improved, told := false, error(nil)
	if l.Validation != nil {
		v, err := l.judge(result)
		if err != nil {
			return err
		}
		improved, pass.Validation = v.Improved, v.Loss
		told = l.tellValidation(v)
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
	// The best first: a process that dies in between makes the step again, and both files.
	if improved {
		if err := l.saveTo(l.BestCheckpoint); err != nil {
			return err
		}
	}
	return l.heed(told, result)
}

// judge validates with the averaged weights, if they are averaged, and keeps them if they are the best.
func (l *Loop) judge(result *Result) (Validation, error) {
	l.average.swap(l.Params)
	defer l.average.swap(l.Params)
	loss, err := l.Validate(l.Validation)
	if err != nil {
		return Validation{}, errors.Wrap(err, "train: validation")
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
	result.Validation = loss
	v := Validation{Step: l.at.Step, Epoch: l.at.Epoch + 1, TrainLoss: result.TrainLoss, Loss: loss, Best: l.at.Best, Improved: improved,
		Elapsed: time.Since(l.began)}
	if l.Measure != nil {
		if v.Scores, err = l.Measure(); err != nil {
			return v, errors.Wrap(err, "train: measure")
		}
	}
	return v, nil
}

// keep remembers the weights as the best so far.
func (l *Loop) keep() {
	if l.KeepBest {
		l.best = cloneNamed(l.Params.Tensors(""))
	}
}

func cloneNamed(in []graph.Named) []graph.Named {
	out := make([]graph.Named, len(in))
	for i, t := range in {
		out[i] = graph.Named{Name: t.Name, Value: t.Value.Clone().(*tensor.Dense)}
	}
	return out
}

// Validate returns the loss of one pass of a source, evaluating, with the state carried from its first batch to its last:
// the loss that all of it would have in one batch, for each mean in the loss says what it is over (graph.MeanOver). What
// the loss adds to its means is averaged over the batches. A loss that is no sum of such means is weighed by the source's
// tokens. It needs Loss, and State for a model that carries one.
func (l *Loop) Validate(s Source) (float64, error) {
	if l.Loss == nil || s == nil {
		return 0, errors.New("train: Validate: Loss and the source must be set")
	}
	first := l.State
	if l.ValidationState != nil {
		first = l.ValidationState
	}
	if err := checkState(first); err != nil {
		return 0, errors.Wrap(err, "train: Validate")
	}
	if err := s.Seek(0); err != nil {
		return 0, err
	}
	state := cloneAll(first)
	var args []*tensor.Dense
	var sum lossSum
	for {
		batch, ok := s.Next()
		if !ok {
			if err := errOf(s); err != nil {
				return 0, err
			}
			return sum.loss()
		}
		args = append(append(args[:0], batch...), state...)
		out, err := l.forms().means.Run(args...)
		if err != nil {
			return 0, err
		}
		own := max(len(out)-1, 0) // the last is the table of means
		_, next, err := lossAndStates(out[:own], state)
		if err != nil {
			return 0, err
		}
		carry(state, next)
		if err := sum.add(floats64(out[own]), float64(s.Tokens())); err != nil {
			return 0, err
		}
	}
}

// lossSum adds up the losses of batches by what their means are over.
type lossSum struct {
	batches       int
	means         int
	sums, weights []float64 // of each mean
	rest          float64   // what the loss adds to them
	byTokens      float64   // sum, of a loss without means
	tokens        float64
}

// add takes a batch's table of means, see graph.Func.Means.
func (s *lossSum) add(table []float64, tokens float64) error {
	n := len(table)/3 - 1
	if s.batches == 0 {
		s.means, s.sums, s.weights = n, make([]float64, n), make([]float64, n)
	}
	if n != s.means {
		return errors.Errorf("the loss of one batch is made of %d means, that of another of %d", s.means, n)
	}
	s.batches++
	s.rest += table[0]
	s.byTokens += table[0] * tokens
	s.tokens += tokens
	for j := range n {
		value, weight, sum := table[3*j+3], table[3*j+4], table[3*j+5]
		if weight != 0 {
			sum = value * weight // the mean was rounded once
		}
		s.sums[j] += sum
		s.weights[j] += weight
	}
	return nil
}

// loss is the loss of all.
func (s *lossSum) loss() (float64, error) {
	switch {
	case s.batches == 0:
		return 0, errors.New("the source has no batches")
	case s.means == 0 && s.tokens == 0:
		return s.rest / float64(s.batches), nil
	case s.means == 0:
		return s.byTokens / s.tokens, nil
	}
	loss := s.rest / float64(s.batches)
	for j, weight := range s.weights {
		if weight != 0 {
			loss += s.sums[j] / weight
		}
	}
	return loss, nil
}
