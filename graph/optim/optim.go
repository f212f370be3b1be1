// Package optim updates the weights of a graph.Params store from the gradients in it: optimisers by their textbook
// definitions, gradient clipping, and learning-rate schedules. A step makes one pass over the weights and allocates
// nothing once the first step has made the optimiser's state.
package optim

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// Optimizer changes weights by their gradients. An optimiser belongs to one store.
type Optimizer interface {
	// Step updates every parameter of the store, once, with the given learning rate. It is an error, naming the parameter,
	// if a weight is NaN or infinite afterwards, and before anything changes if the rate is not 0 or more and finite or a
	// setting makes no sense.
	Step(p *graph.Params, rate float64) error
	// State lists what the optimiser remembers between steps, to be saved beside the weights.
	State() []graph.Named
	// Restore takes back what State listed; the next step continues as if nothing had happened. An error changes nothing.
	Restore(p *graph.Params, state []graph.Named) error
}

// slots keeps an optimiser's vectors, one of each kind for every parameter, and its step count.
type slots struct {
	kinds  []string // such as "m" and "v"
	steps  int
	order  []*graph.Param
	values map[*graph.Param][]*tensor.Dense

	// What a sweep over the weights works on; see Update.
	params        *graph.Params
	count         int      // of parameters
	traits        []traits // of each
	elements      int
	pieces        []piece
	bound         bool // pieces have the optimiser's vectors
	scale         float64
	measure, step kernel.Part
}

// of returns a parameter's vectors, making zeros at its first step.
func (s *slots) of(p *graph.Params, q *graph.Param) []*tensor.Dense {
	if v, ok := s.values[q]; ok {
		return v
	}
	v := make([]*tensor.Dense, len(s.kinds))
	for i := range v {
		v[i] = tensor.New(tensor.Of(p.Dtype()), tensor.WithShape(q.Len()))
	}
	if s.values == nil {
		s.values = map[*graph.Param][]*tensor.Dense{}
	}
	s.values[q] = v
	s.order = append(s.order, q)
	return v
}

// State lists the step count as "step" and the vectors as, for example, "lstm.weight_ih_l0.m".
func (s *slots) State() []graph.Named {
	out := []graph.Named{{Name: "step", Value: graph.Ints([]int{s.steps})}}
	for _, q := range s.order {
		for i, v := range s.values[q] {
			out = append(out, graph.Named{Name: q.Name() + "." + s.kinds[i], Value: v})
		}
	}
	return out
}

// restore checks a saved state against the store and takes copies of its vectors.
func (s *slots) restore(p *graph.Params, kinds []string, state []graph.Named) error {
	if err := given(p); err != nil {
		return err
	}
	fresh := slots{kinds: kinds}
	saved := map[string]*tensor.Dense{}
	for _, t := range state {
		saved[t.Name] = t.Value
	}
	step := saved["step"]
	if dense.Check(step, tensor.Int) != nil || step.Shape().TotalSize() != 1 || step.Ints()[0] < 0 {
		return errors.New("optim: the state has no step count")
	}
	fresh.steps = step.Ints()[0]
	used := 1
	for i := 0; i < p.Len(); i++ {
		q := p.At(i)
		if len(kinds) == 0 || saved[q.Name()+"."+kinds[0]] == nil {
			continue // never updated, or nothing to remember
		}
		for j, v := range fresh.of(p, q) {
			name := q.Name() + "." + kinds[j]
			t := saved[name]
			if err := dense.Check(t, p.Dtype()); err != nil {
				return errors.Wrapf(err, "optim: state %s", name)
			}
			if n := t.Shape().TotalSize(); n != q.Len() {
				return errors.Errorf("optim: state %s: want %d elements of %v, found %d", name, q.Len(), p.Dtype(), n)
			}
			copy(float32s(v), float32s(t))
			copy(float64s(v), float64s(t))
			used++
		}
	}
	if used != len(state) {
		return errors.Errorf("optim: the state has %d entries, %d of them fit the weights", len(state), used)
	}
	*s = fresh
	return nil
}

// float32s and float64s return a tensor's elements if they have that type, nil otherwise.
func float32s(t *tensor.Dense) []float32 {
	if t == nil || t.Dtype() != tensor.Float32 {
		return nil
	}
	return t.Float32s()
}

func float64s(t *tensor.Dense) []float64 {
	if t == nil || t.Dtype() != tensor.Float64 {
		return nil
	}
	return t.Float64s()
}

// orDefault is v, or the default where v is the zero value.
func orDefault(v, normal float64) float64 {
	if v == 0 {
		return normal
	}
	return v
}
