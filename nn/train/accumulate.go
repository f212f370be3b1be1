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
	return l.run.Seed + uint64(l.run.Step*l.micro()+i)*0x9e3779b97f4a7c15
}

// gradients leaves in the store the gradients of a step's loss, beginning with its first batch, and returns the loss and
// the number of tokens. Gradients are added up in the order of the parts.
func (l *Loop) gradients(batch []*tensor.Dense) (loss float64, tokens int, err error) {
	if l.micro() == 1 && l.Parallel.Shards <= 1 {
		loss, err = l.wholeGradients(batch)
		if err != nil {
			return 0, 0, err
		}
		l.run.Batch++
		l.run.LossSum += loss
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
	l.work.sum.reset()
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
	l.work.sum.take(l.params())
	l.run.Batch += len(batches)
	l.run.LossSum += loss * float64(len(batches))
	return loss, tokens, nil
}

// wholeGradients computes the loss of a step that is one batch, and its gradients, and carries the state on.
func (l *Loop) wholeGradients(batch []*tensor.Dense) (float64, error) {
	l.work.args = append(append(l.work.args[:0], batch...), l.run.carried...)
	l.Loss.Seed(l.maskSeed(0))
	out, err := l.Loss.Grad(l.work.args...)
	if err != nil {
		return 0, err
	}
	loss, next, err := lossAndStates(out, l.run.carried)
	if err != nil {
		return 0, err
	}
	carry(l.run.carried, next)
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
	loss, next, err := lossAndStates(out, l.run.carried)
	if err != nil {
		return 0, err
	}
	carry(l.run.carried, next)
	factor := b.parts[0].factor
	l.work.sum.add(l.params(), factor)
	return factor * loss, nil
}

// gradientSum adds up the gradients of the batches of a step, one tensor a parameter, in the store's order. Those of
// frozen parameters are nil.
type gradientSum struct {
	sums []*tensor.Dense
	any  bool // something has been added
}

func (s *gradientSum) reset() { s.any = false }

// add adds the store's gradients, times a weight.
func (s *gradientSum) add(p *graph.Params, weight float64) {
	if more := p.Len() - len(s.sums); more > 0 { // parameters come into being with the first gradients
		s.sums = append(s.sums, make([]*tensor.Dense, more)...)
	}
	for i, q := range trained(p) {
		if s.sums[i] == nil {
			s.sums[i] = tensor.New(tensor.Of(q.Value().Dtype()), tensor.WithShape(q.Shape()...))
		}
		sum := vectorOf(s.sums[i])
		if !s.any {
			sum.clear()
		}
		sum.addScaled(weight, vectorOf(q.Grad()))
	}
	s.any = true
}

// take sets the store's gradients to the sums, if there are any.
func (s *gradientSum) take(p *graph.Params) {
	if !s.any {
		return
	}
	for i, q := range trained(p) {
		vectorOf(q.Grad()).set(vectorOf(s.sums[i]))
	}
}
