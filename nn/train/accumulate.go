package train

import (
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// micro is the number of batches that make a step.
func (l *Loop) micro() int { return max(l.Accumulate, 1) }

// stepsPerPass counts the last step of a pass, which may have fewer batches, too.
func (l *Loop) stepsPerPass() int {
	if l.Data == nil {
		return 0
	}
	return (l.Data.Len() + l.micro() - 1) / l.micro()
}

// maskSeed is the seed of the random masks of batch i of the step: they depend on the step and the place in it alone.
func (l *Loop) maskSeed(i int) uint64 {
	return l.at.Seed + uint64(l.at.Step*l.micro()+i)*0x9e3779b97f4a7c15
}

// gradients leaves in the store the gradients of a step's loss, beginning with its first batch, and returns the loss and
// the number of tokens. Gradients are added up in the order of the parts.
func (l *Loop) gradients(batch []*tensor.Dense) (loss float64, tokens int, err error) {
	if l.micro() == 1 && l.Parallel.Shards <= 1 {
		loss, err = l.wholeGradients(batch)
		if err != nil {
			return 0, 0, err
		}
		l.at.Batch++
		l.at.LossSum += loss
		return loss, l.Data.Tokens(), nil
	}
	batches, err := l.collect(batch)
	if err != nil {
		return 0, 0, err
	}
	scales, err := l.weigh(batches)
	if err != nil {
		return 0, 0, err
	}
	l.sum.reset()
	for _, b := range batches {
		run := l.batchGradients
		if l.Parallel.Shards > 1 {
			run = l.parallelGradients
		}
		part, err := run(b, scales)
		if err != nil {
			return 0, 0, err
		}
		loss += part
		tokens += b.tokens
	}
	l.sum.take(l)
	l.at.Batch += len(batches)
	l.at.LossSum += loss * float64(len(batches))
	return loss, tokens, nil
}

// wholeGradients computes the loss of a step that is one batch, and its gradients, and carries the state on.
func (l *Loop) wholeGradients(batch []*tensor.Dense) (float64, error) {
	l.args = append(append(l.args[:0], batch...), l.carried...)
	l.Loss.Seed(l.maskSeed(0))
	out, err := l.Loss.Grad(l.args...)
	if err != nil {
		return 0, err
	}
	loss, next, err := lossAndStates(out, l.carried)
	if err != nil {
		return 0, err
	}
	carry(l.carried, next)
	return loss, nil
}

// batchGradients adds one batch of a step to the sum of the gradients and returns its part of the loss.
func (l *Loop) batchGradients(b *microBatch, scales *tensor.Dense) (float64, error) {
	f, args := l.Loss, b.args // whose states are the carried ones themselves
	if scales != nil {
		f, args = l.forms().parts, append(args[:len(args):len(args)], scales)
	}
	f.Seed(b.seed)
	out, err := f.Grad(args...)
	if err != nil {
		return 0, err
	}
	loss, next, err := lossAndStates(out, l.carried)
	if err != nil {
		return 0, err
	}
	carry(l.carried, next)
	factor := b.parts[0].factor
	l.sum.add(l.Params, factor)
	return factor * loss, nil
}

// gradientSum adds up the gradients of the batches of a step, one vector a parameter, in the store's order.
type gradientSum struct {
	sums []*tensor.Dense
	any  bool // something has been added
}

func (s *gradientSum) reset() { s.any = false }

// add adds the store's gradients, times a weight.
func (s *gradientSum) add(p *graph.Params, weight float64) {
	for i := range p.Len() {
		q := p.At(i)
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
		if p.Dtype() == tensor.Float64 {
			axpy(s.sums[i].Float64s(), weight, q.Grad().Float64s())
		} else {
			axpy(s.sums[i].Float32s(), float32(weight), q.Grad().Float32s())
		}
	}
	s.any = true
}

// take sets the store's gradients to the sums, if there are any.
func (s *gradientSum) take(l *Loop) {
	if !s.any {
		return
	}
	for i, sum := range s.sums {
		if q := l.Params.At(i); !q.Frozen() {
			copyElements(q.Grad(), 0, sum, 0, q.Len())
		}
	}
}

// axpy is dst += a·x.
func axpy[T float32 | float64](dst []T, a T, x []T) {
	for i, v := range x {
		dst[i] += a * v
	}
}
