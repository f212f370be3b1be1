package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Stream runs a network one step at a call and carries its state from each call to the next: for generating text token
// by token, or for data that come in as time passes. A step allocates nothing.
//
// What depends on the weights alone is computed once: weights are packed, and a table of embeddings is multiplied by the
// weight that its rows meet. After Params.Set, SetAll or Load, or a step of package optim, the next step computes that anew;
// after changes through Param.Value, Refresh has to be called, or steps mix old and new weights. Results have the bits
// of a whole sequence's. A Stream serves one goroutine at a time; each has its own memory, so any number of them may
// run side by side over one Params. Func.Stream makes one.
type Stream struct {
	program *Program
	inputs  int // of the caller's
	states  []*tensor.Dense
	args    []*tensor.Dense
	forked  bool // it shares its program
}

// Stream compiles the function for steps with inputs like in and the given first state, which it copies. The function
// must take the inputs followed by the state, and return its outputs followed by the next state, as a train.Loop's does.
func (f *Func) Stream(state []*tensor.Dense, in ...*tensor.Dense) (*Stream, error) {
	if err := f.made(); err != nil {
		return nil, err
	}
	args := append(slices.Clone(in), state...)
	shapes, err := f.shapes(args)
	if err != nil {
		return nil, err
	}
	u, err := f.unit(false, shapes)
	if err != nil {
		return nil, err
	}
	if len(u.outputs) < len(state) {
		return nil, errors.Errorf("graph: Stream: the function returns %d values; want the %d states after the outputs",
			len(u.outputs), len(state))
	}
	on, err := compile.Chosen()
	if err != nil {
		return nil, err
	}
	on = on.With(compile.Freeze)
	x, err := u.executable(on, &compile.Memory{})
	if err != nil {
		return nil, err
	}
	s := &Stream{program: newProgram(x, f.params.numbers, func() (*unit, error) { return f.unit(false, shapes) }), inputs: len(in)}
	for i, v := range state {
		next := x.Outputs[len(x.Outputs)-len(state)+i]
		if v.Dtype() != next.Dtype() || !slices.Equal(v.Shape(), next.Shape()) {
			return nil, errors.Errorf("graph: Stream: state %d is %v %v; the function's next is %v %v",
				i, v.Dtype(), []int(v.Shape()), next.Dtype(), []int(next.Shape()))
		}
		s.states = append(s.states, x.Inputs[len(in)+i].Value)
	}
	s.args = append(make([]*tensor.Dense, len(in)), s.states...)
	return s, s.Reset(state...)
}

// Fork returns a stream that goes on from the same state, for a beam, or for one of many conversations. It has a state of its own
// and shares everything else, so it takes little more memory than its state. The two, and forks of theirs, serve one goroutine
// together, and what a step of one returns holds until the next step of any.
func (s *Stream) Fork() (*Stream, error) {
	if err := s.made(); err != nil {
		return nil, err
	}
	if !s.forked { // until now, the state lies where the program reads it
		s.forked = true
		s.own(s.states)
	}
	out := &Stream{program: s.program, inputs: s.inputs, forked: true}
	out.own(s.states)
	return out, nil
}

// own gives the stream a copy of a state.
func (s *Stream) own(states []*tensor.Dense) {
	s.states = nil
	for _, v := range states {
		own := dense.New(v.Dtype(), v.Shape())
		dense.Copy(own, v)
		s.states = append(s.states, own)
	}
	s.args = append(make([]*tensor.Dense, s.inputs), s.states...)
}

// Step runs one step. The returned outputs, without the state, belong to the stream and hold until its next step.
func (s *Stream) Step(in ...*tensor.Dense) ([]*tensor.Dense, error) {
	if err := s.made(); err != nil {
		return nil, err
	}
	if len(in) != s.inputs {
		return nil, errors.Errorf("graph: the stream has %d inputs, found %d", s.inputs, len(in))
	}
	copy(s.args, in)
	out, err := s.program.Run(s.args...)
	if err != nil {
		return nil, err
	}
	n := len(out) - len(s.states)
	for i, v := range s.states {
		dense.Copy(v, out[n+i])
	}
	return out[:n:n], nil
}

// Reset sets the state that the next step starts from; the tensors are copied.
func (s *Stream) Reset(state ...*tensor.Dense) error {
	if err := s.made(); err != nil {
		return err
	}
	if len(state) != len(s.states) {
		return errors.Errorf("graph: the stream has %d states, found %d", len(s.states), len(state))
	}
	for i, v := range state {
		own := s.states[i]
		if err := dense.Check(v); err != nil {
			return errors.Wrapf(err, "graph: state %d", i)
		}
		if v.Dtype() != own.Dtype() || !slices.Equal(v.Shape(), own.Shape()) {
			return errors.Errorf("graph: state %d: want %v %v, found %v %v", i, own.Dtype(), []int(own.Shape()), v.Dtype(), []int(v.Shape()))
		}
	}
	for i, v := range state {
		dense.Copy(s.states[i], v)
	}
	return nil
}

// State returns the state after the last step. It belongs to the stream: clone it to keep it, and ask for it again after a Fork,
// which may move it.
func (s *Stream) State() []*tensor.Dense { return s.states }

// Refresh has the next step read the weights anew, after they have changed.
func (s *Stream) Refresh() {
	if s.made() == nil {
		s.program.executable.Refresh()
	}
}

func (s *Stream) made() error {
	if s == nil || s.program == nil {
		return errors.New("graph: there is no stream: Func.Stream makes one")
	}
	return nil
}

// Program is the step's program, to be printed or profiled.
func (s *Stream) Program() *Program { return s.program }
