package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Program is a compiled graph: a list of steps over memory that was planned once. A run allocates nothing.
//
// One Program serves one goroutine at a time. Several programs may run at once over shared parameters, as long as
// nothing changes those meanwhile.
type Program struct {
	dtype   tensor.Dtype
	steps   []step
	inputs  []input
	copies  []copying
	outputs []*tensor.Dense
	checks  []check
	arena   operand
	order   []Node // for printing
	seed    uint64
	at      int // the step that is running
}

// input is memory that a run's argument is copied to.
type input struct {
	name  string
	value *tensor.Dense
}

// copying moves a node's value out of the program's memory when a run ends.
type copying struct {
	node Node
	src  operand
	dst  *tensor.Dense
}

// check is a result that must be finite.
type check struct {
	name string
	mem  operand
}

// Seed sets the seed that the next run's random masks are drawn from. The same seed gives the same masks.
func (p *Program) Seed(seed uint64) { p.seed = seed }

// Run executes the program. in are the declared inputs, in order. The returned tensors belong to the program and
// hold the outputs until its next run. It is an error if an output, or a gradient, is not finite; the message names
// the node where the first NaN or Inf came up.
func (p *Program) Run(in ...*tensor.Dense) (out []*tensor.Dense, err error) {
	if err := p.load(in); err != nil {
		return nil, err
	}
	if err := p.execute(); err != nil {
		return nil, err
	}
	for i := range p.copies {
		copyOperand(operandOf(p.copies[i].dst), p.copies[i].src)
	}
	for i := range p.checks {
		if !p.checks[i].mem.finite() {
			return nil, p.diagnose(p.checks[i].name)
		}
	}
	return p.outputs, nil
}

// load copies the arguments into the program's inputs.
func (p *Program) load(in []*tensor.Dense) error {
	if len(in) != len(p.inputs) {
		return errors.Errorf("graph: the program has %d inputs, found %d", len(p.inputs), len(in))
	}
	for i, v := range in {
		want := &p.inputs[i]
		if err := checkDense(v); err != nil {
			return errors.Wrapf(err, "graph: input %d (%s)", i, want.name)
		}
		if v.Dtype() != want.value.Dtype() || !slices.Equal(v.Shape(), want.value.Shape()) {
			return errors.Errorf("graph: input %d (%s): want %v %v, found %v %v",
				i, want.name, want.value.Dtype(), []int(want.value.Shape()), v.Dtype(), []int(v.Shape()))
		}
		copyDense(want.value, v)
	}
	return nil
}

// execute runs every step. A panic in a kernel, which would be a bug of the library or of a foreign operation, comes
// out as an error that names the step.
func (p *Program) execute() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Errorf("graph: %v: panic: %v", p.steps[p.at].node, r)
		}
	}()
	for p.at = range p.steps {
		if err := p.steps[p.at].run(); err != nil {
			return errors.Wrapf(err, "graph: %v", p.steps[p.at].node)
		}
	}
	return nil
}

// diagnose finds out where a non-finite result comes from: bad inputs and parameters first, then, by running again
// (which gives the same numbers), the first step whose result is not finite.
func (p *Program) diagnose(name string) error {
	for _, in := range p.inputs {
		if i, v, bad := operandOf(in.value).firstBad(); bad {
			return errors.Errorf("graph: input %s has %v at element %d", in.name, v, i)
		}
	}
	for _, n := range p.order {
		if l, ok := n.c.leaves[n.n]; ok && l.kind == weightLeaf {
			if i, v, bad := operandOf(l.value).firstBad(); bad {
				return errors.Errorf("graph: parameter %s has %v at element %d", l.name, v, i)
			}
		}
	}
	for i := range p.steps {
		s := &p.steps[i]
		if err := s.run(); err != nil {
			return errors.Wrapf(err, "graph: %v", s.node)
		}
		if at, v, bad := p.operand(s.dst, s.shape).firstBad(); bad {
			return errors.Errorf("graph: %v gave %v at element %d, so %s is not finite", s.node, v, at, name)
		}
	}
	return errors.Errorf("graph: %s is not finite", name)
}

func (o operand) finite() bool {
	return kernel.AllFinite(o.f32) && kernel.AllFinite(o.f64)
}

func (o operand) firstBad() (int, float64, bool) {
	for i := range o.f32 {
		if !kernel.AllFinite(o.f32[i : i+1]) {
			return i, float64(o.f32[i]), true
		}
	}
	for i := range o.f64 {
		if !kernel.AllFinite(o.f64[i : i+1]) {
			return i, o.f64[i], true
		}
	}
	return 0, 0, false
}

func copyOperand(dst, src operand) {
	copy(dst.f32, src.f32)
	copy(dst.f64, src.f64)
}

// bindForeign runs an operation that is not ours through its Do.
func bindForeign(n Node, b *binding) task {
	in := make([]gorgonia.Value, len(b.in))
	for i, x := range b.in {
		switch {
		case x.ids != nil:
			in[i] = wrap(x.ids, len(x.ids), x.shape)
		case len(x.shape) == 0 && x.f64 != nil:
			in[i] = (*gorgonia.F64)(&x.f64[0])
		case len(x.shape) == 0:
			in[i] = (*gorgonia.F32)(&x.f32[0])
		case x.f64 != nil:
			in[i] = wrap(x.f64, len(x.f64), x.shape)
		default:
			in[i] = wrap(x.f32, len(x.f32), x.shape)
		}
	}
	return func() error {
		v, err := n.n.Op().Do(in...)
		if err != nil {
			return err
		}
		if !slices.Equal(v.Shape(), b.out.shape) {
			return errors.Errorf("want shape %v, the operation gave %v", b.out.shape, []int(v.Shape()))
		}
		switch data := v.Data().(type) {
		case []float32:
			copy(b.out.f32, data)
		case []float64:
			copy(b.out.f64, data)
		case float32:
			b.out.f32[0] = data
		case float64:
			b.out.f64[0] = data
		default:
			return errors.Errorf("the operation gave %T", v)
		}
		return nil
	}
}

// Bytes is the size of the program's own memory: intermediate values, inputs and outputs, without parameters.
func (p *Program) Bytes() int {
	n := 4*len(p.arena.f32) + 8*len(p.arena.f64)
	for _, in := range p.inputs {
		n += int(in.value.MemSize())
	}
	for _, out := range p.outputs {
		n += int(out.MemSize())
	}
	return n
}

// Steps is the number of instructions.
func (p *Program) Steps() int { return len(p.steps) }
