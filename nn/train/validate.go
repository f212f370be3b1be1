package train

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Validate returns the loss of one pass over data, evaluating, with the state carried from its first batch to its last, as
// in Loop: the loss that all of it would have in one batch, for each mean in the loss says what it is over
// (graph.MeanOver). What the loss adds to its means is averaged over the batches. A loss that is no sum of such means is
// weighed by the data's tokens. State is the one before the first batch, nil for a model that carries none; it stays as it
// is.
func Validate(loss *graph.Func, data Source, state []*tensor.Dense) (float64, error) {
	if loss == nil || data == nil {
		return 0, errors.New("train: Validate: the loss and the data must be given")
	}
	if err := checkState(state); err != nil {
		return 0, errors.Wrap(err, "train: Validate")
	}
	mean, err := meanLoss(context.Background(), loss.Means().Run, data, state)
	return mean, errors.Wrap(err, "train: Validate")
}

// cancelled is the error of a context that ended a validation.
type cancelled struct{ error }

// computing is what runs a function.
type computing func(in ...*tensor.Dense) ([]*tensor.Dense, error)

// meanLoss is what Validate says, of what runs a loss function in the form that graph.Func.Means gives. Of a context
// that is cancelled the error is a cancelled.
func meanLoss(ctx context.Context, means computing, data Source, first []*tensor.Dense) (float64, error) {
	if err := data.Seek(0); err != nil {
		return 0, err
	}
	state := cloneAll(first)
	var args []*tensor.Dense
	var sum lossSum
	for {
		if err := ctx.Err(); err != nil {
			return 0, cancelled{err}
		}
		batch, ok := data.Next()
		if !ok {
			if err := errOf(data); err != nil {
				return 0, err
			}
			return sum.loss()
		}
		args = append(append(args[:0], batch...), state...)
		out, err := means(args...)
		if err != nil {
			return 0, err
		}
		own := max(len(out)-1, 0) // the last is the table of means
		_, next, err := lossAndStates(out[:own], state)
		if err != nil {
			return 0, err
		}
		carry(state, next)
		if err := sum.add(dense.Float64s(out[own]), float64(data.Tokens()), 1); err != nil {
			return 0, err
		}
	}
}

// lossSum adds up the losses of batches by what their means are over.
type lossSum struct {
	batches       float64
	means         int
	sums, weights []float64 // of each mean
	rest          float64   // what the loss adds to them
	byTokens      float64   // sum, of a loss without means
	tokens        float64
}

// add takes a table of means, see graph.Func.Means, of a batch, or of a share of one.
func (s *lossSum) add(table []float64, tokens, share float64) error {
	n := len(table)/3 - 1
	if s.batches == 0 {
		s.means, s.sums, s.weights = n, make([]float64, n), make([]float64, n)
	}
	if n != s.means {
		return errors.Errorf("the loss of one batch is made of %d means, that of another of %d", s.means, n)
	}
	s.batches += share
	s.rest += float64(table[0] * share)
	s.byTokens += float64(table[0] * tokens)
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
		return s.rest / s.batches, nil
	case s.means == 0:
		return s.byTokens / s.tokens, nil
	}
	loss := s.rest / s.batches
	for j, weight := range s.weights {
		if weight != 0 {
			loss += s.sums[j] / weight
		}
	}
	return loss, nil
}
