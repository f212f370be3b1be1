package train

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// micro is the number of batches that make a step.
func (l *Loop) micro() int { return max(l.Accumulate, 1) }

// stepsPerPass counts the last step of a pass, which may have fewer batches, too.
func (l *Loop) stepsPerPass() int { return (l.Data.Len() + l.micro() - 1) / l.micro() }

// gradients leaves in the store the gradients of a step's loss, beginning with its first batch, and returns the loss and
// the number of tokens. Of several batches i with n_i tokens and mean losses L_i, the loss is Σ n_i·L_i / Σ n_i: that of
// all their tokens in one batch. Gradients are added up in the order of the batches.
func (l *Loop) gradients(batch []*tensor.Dense) (loss float64, tokens int, err error) {
	k := l.micro()
	l.sum.reset()
	for i := 0; ; i++ {
		// Masks depend on the step and the place in it alone.
		part, err := l.batchGradients(batch, l.at.Seed+uint64(l.at.Step*k+i)*0x9e3779b97f4a7c15)
		if err != nil {
			return 0, 0, err
		}
		l.at.Batch++
		l.at.LossSum += part
		n := l.Data.Tokens()
		if k == 1 {
			return part, n, nil
		}
		l.sum.add(l, float64(n))
		loss += part * float64(n)
		tokens += n
		if i+1 == k || l.at.Batch == l.Data.Len() {
			break
		}
		var ok bool
		if batch, ok = l.Data.Next(); !ok {
			return 0, 0, errors.Wrapf(firstError(errOf(l.Data), errors.New("the pass ended early")),
				"batch %d of %d", l.at.Batch+1, l.Data.Len())
		}
	}
	if tokens == 0 {
		return 0, 0, errors.Errorf("the %d batches of the step have no tokens to weigh them by", k)
	}
	l.sum.mean(l, 1/float64(tokens))
	return loss / float64(tokens), tokens, nil
}

// batchGradients computes the loss of one batch and its gradients, and carries the state on.
func (l *Loop) batchGradients(batch []*tensor.Dense, seed uint64) (float64, error) {
	l.args = append(append(l.args[:0], batch...), l.carried...)
	if l.Parallel.Shards > 1 {
		return l.parallelGradients(seed)
	}
	l.Loss.Seed(seed)
	out, err := l.Loss.Grad(l.args...)
	if err != nil {
		return 0, err
	}
	if len(out)-1 < len(l.carried) {
		return 0, errors.Errorf("the loss function returned %d states; want %d", len(out)-1, len(l.carried))
	}
	carry(l.carried, out[1:])
	return graph.Scalar(out[0]), nil
}

// gradientSum adds up the gradients of the batches of a step, one vector a parameter, in the store's order.
type gradientSum struct {
	sums []*tensor.Dense
	any  bool // something has been added
}

func (s *gradientSum) reset() { s.any = false }

// add adds the store's gradients, times a weight.
func (s *gradientSum) add(l *Loop, weight float64) {
	for i := range l.Params.Len() {
		q := l.Params.At(i)
		if i == len(s.sums) { // parameters come into being with the first gradients
			s.sums = append(s.sums, nil)
		}
		if q.Frozen() {
			continue
		}
		if s.sums[i] == nil {
			s.sums[i] = tensor.New(tensor.Of(q.Value().Dtype()), tensor.WithShape(q.Shape()...))
		}
		if !s.any {
			s.sums[i].Zero()
		}
		if l.Params.Dtype() == tensor.Float64 {
			axpy(s.sums[i].Float64s(), weight, q.Grad().Float64s())
		} else {
			axpy(s.sums[i].Float32s(), float32(weight), q.Grad().Float32s())
		}
	}
	s.any = true
}

// mean sets the store's gradients to the sums times a factor.
func (s *gradientSum) mean(l *Loop, factor float64) {
	for i, sum := range s.sums {
		q := l.Params.At(i)
		switch {
		case q.Frozen():
		case l.Params.Dtype() == tensor.Float64:
			scaled(q.Grad().Float64s(), factor, sum.Float64s())
		default:
			scaled(q.Grad().Float32s(), float32(factor), sum.Float32s())
		}
	}
}

// axpy is dst += a·x.
func axpy[T float32 | float64](dst []T, a T, x []T) {
	for i, v := range x {
		dst[i] += a * v
	}
}

// scaled is dst = a·x.
func scaled[T float32 | float64](dst []T, a T, x []T) {
	for i, v := range x {
		dst[i] = a * v
	}
}
