package train

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// gradients computes the gradients of steps: of a batch, of several (Loop.Accumulate), of batches in shards (Parallel).
type gradients struct {
	forms    *forms // of the loss function
	data     Source
	each     int // batches that make a step
	parallel Parallel
	carried  []*tensor.Dense // the state, which every batch changes

	args   []*tensor.Dense
	sum    gradientSum
	shards shards
}

// place is where in a run a step is.
type place struct {
	seed  uint64 // of the run
	step  int    // steps made
	batch int    // batches done in this pass
}

// maskSeed is the seed of the random masks of batch i of the step: they depend on the step and the place in it alone.
func (s *gradients) maskSeed(at place, i int) uint64 {
	return at.seed + uint64(at.step*s.each+i)*0x9e3779b97f4a7c15
}

// measured is what the data of a step came to.
type measured struct {
	loss            float64
	tokens, batches int
}

// of leaves in the store the gradients of a step's loss, beginning with its first batch. Gradients are added up in the
// order of the parts.
func (s *gradients) of(batch []*tensor.Dense, at place) (m measured, err error) {
	if s.each == 1 && s.parallel.Shards <= 1 {
		loss, err := s.whole(batch, s.maskSeed(at, 0))
		return measured{loss, s.data.Tokens(), 1}, err
	}
	batches, err := s.collect(batch, at)
	if err != nil {
		return measured{}, err
	}
	scales, err := s.forms.weigh(batches, s.parallel.Shards > 1 && s.parallel.Count != nil)
	if err != nil {
		return measured{}, err
	}
	s.sum.reset()
	for _, b := range batches {
		run := s.one
		if s.parallel.Shards > 1 {
			run = s.sharded
		}
		part, err := run(b, scales)
		if err != nil {
			return measured{}, err
		}
		m.loss += part
		m.tokens += b.tokens
	}
	m.batches = len(batches)
	return m, s.sum.take(s.params())
}

func (s *gradients) params() *graph.Params { return s.forms.loss.Params() }

// whole computes the loss of a step that is one batch, and its gradients, and carries the state on.
func (s *gradients) whole(batch []*tensor.Dense, seed uint64) (float64, error) {
	s.args = append(append(s.args[:0], batch...), s.carried...)
	return s.run(s.forms.loss, s.args, seed)
}

// run computes a loss and its gradients, and carries the state on.
func (s *gradients) run(f *graph.Func, args []*tensor.Dense, seed uint64) (float64, error) {
	f.Seed(seed)
	out, err := f.Grad(args...)
	if err != nil {
		return 0, err
	}
	loss, next, err := lossAndStates(out, s.carried)
	if err != nil {
		return 0, err
	}
	carry(s.carried, next)
	return loss, nil
}

// collect takes the batches of a step, beginning with the first, and cuts them.
func (s *gradients) collect(first []*tensor.Dense, at place) ([]*microBatch, error) {
	var out []*microBatch
	for i, batch := 0, first; ; i++ {
		if s.each > 1 {
			batch = cloneAll(batch) // holds until the next one is read
		}
		b := &microBatch{args: append(slices.Clip(batch), s.carried...), tokens: s.data.Tokens(), seed: s.maskSeed(at, i)}
		if err := s.parallel.cut(b, len(s.carried), s.data); err != nil {
			return nil, err
		}
		out = append(out, b)
		done := at.batch + len(out)
		if i+1 == s.each || done == s.data.Len() {
			return out, nil
		}
		var ok bool
		if batch, ok = s.data.Next(); !ok {
			return nil, errors.Wrapf(firstError(errOf(s.data), errors.New("the pass ended early")), "batch %d of %d", done+1, s.data.Len())
		}
	}
}

// one adds one batch of a step to the sum of the gradients and returns its part of the loss.
func (s *gradients) one(b *microBatch, scales *tensor.Dense) (float64, error) {
	f, args := s.forms.loss, b.args // whose states are the carried ones themselves
	if scales != nil {
		f, args = s.forms.parts, append(slices.Clip(args), scales)
	}
	loss, err := s.run(f, args, b.seed)
	if err != nil {
		return 0, err
	}
	factor := b.parts[0].factor
	s.sum.add(s.params(), factor)
	return factor * loss, nil
}

// sharded computes one batch of a step in shards and returns its part of the loss. The store has its gradients then, or,
// if the step has several batches, they are added to the sum.
func (s *gradients) sharded(b *microBatch, scales *tensor.Dense) (float64, error) {
	loss, err := s.shards.run(s.forms.loss, b, s.carried, s.parallel, scales)
	if err == nil && s.each > 1 {
		s.sum.add(s.params(), 1)
	}
	return loss, err
}

// gradientSum adds up the gradients of the batches of a step, one tensor a parameter, in the store's order. Those of
// frozen parameters are nil.
type gradientSum struct {
	sums []*tensor.Dense
	rows []rowUnion
	any  bool // something has been added
}

func (s *gradientSum) reset() { s.any = false }

// add adds the store's gradients, times a weight.
func (s *gradientSum) add(p *graph.Params, weight float64) {
	if more := p.Len() - len(s.sums); more > 0 { // parameters come into being with the first gradients
		s.sums = append(s.sums, make([]*tensor.Dense, more)...)
		s.rows = append(s.rows, make([]rowUnion, more)...)
	}
	for i, q := range trained(p) {
		if s.sums[i] == nil {
			s.sums[i] = tensor.New(tensor.Of(p.Dtype()), tensor.WithShape(q.Shape()...))
		}
		sum := vectorOf(s.sums[i])
		if !s.any {
			sum.clear()
			s.rows[i] = rowUnion{rows: s.rows[i].rows[:0]}
		}
		sum.addScaled(weight, vectorOf(q.Grad()))
		s.rows[i].add(q)
	}
	s.any = true
}

// take sets the store's gradients to the sums, if there are any.
func (s *gradientSum) take(p *graph.Params) error {
	if !s.any {
		return nil
	}
	for i, q := range trained(p) {
		vectorOf(q.Grad()).set(vectorOf(s.sums[i]))
		if err := s.rows[i].take(q); err != nil {
			return err
		}
	}
	return nil
}
