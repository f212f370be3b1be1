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
