package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// executable is compiled code: a list of instructions over memory that was planned once. A run allocates nothing.
type executable struct {
	dtype   tensor.Dtype
	steps   []instruction
	inputs  []input
	copies  []task // of values out of the arena, at the end of a run
	outputs []*tensor.Dense
	checks  []check
	arena   operand
	size    int // of what the program uses of the arena, in elements
	packs   []interface{}
	seed    uint64
	at      int  // the instruction that is running
	fixed   int  // so many instructions at the beginning depend on weights alone
	ready   bool // those have run, and need not run again
	timer   timer
}

// instruction is one task of a program.
type instruction struct {
	run    task
	values []*value // what it computes
	copies *value   // what it copies, if that is all it does
	places []place  // of the values
	out    operand  // the memory of the last of them
}

// place is where a value's elements begin.
type place struct {
	own    bool // in memory of its own: a gradient, say
	offset int
}

// inside is the place of a value that exists only while its instruction runs.
var inside = place{offset: -1}

// input is memory that a run's argument is copied to.
type input struct {
	name  string
	value *tensor.Dense
}

// check is a result that must be finite.
type check struct {
	name string
	mem  operand
}

// run executes the program on its declared inputs, in order. The tensors that it returns hold until the next run. If one of
// them, or a gradient, is not finite, the error is a notFinite.
func (p *executable) run(in []*tensor.Dense) (out []*tensor.Dense, err error) {
	if err := p.load(in); err != nil {
		return nil, err
	}
	from := 0
	if p.ready {
		from = p.fixed
	}
	if err := p.execute(from); err != nil {
		return nil, err
	}
	p.ready = true
	for _, move := range p.copies {
		if err := move(); err != nil {
			return nil, err
		}
	}
	for i := range p.checks {
		if !p.checks[i].mem.finite() {
			return nil, &notFinite{p.checks[i].name}
		}
	}
	return p.outputs, nil
}

// refresh has the next run compute anew what depends on weights alone.
func (p *executable) refresh() { p.ready = false }

// load copies the arguments into the program's inputs.
func (p *executable) load(in []*tensor.Dense) error {
	if len(in) != len(p.inputs) {
		return errors.Errorf("graph: the program has %d inputs, found %d", len(p.inputs), len(in))
	}
	for i, v := range in {
		want := &p.inputs[i]
		if err := dense.Check(v); err != nil {
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

// execute runs the instructions from one on. A panic in a kernel, which would be a bug of the library or of a foreign operation,
// comes out as an error that names the instruction.
func (p *executable) execute(from int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.steps[p.at].failed(errors.Errorf("panic: %v", r))
		}
	}()
	if p.timer != nil {
		return p.executeTimed(from)
	}
	for p.at = from; p.at < len(p.steps); p.at++ {
		if err := p.steps[p.at].run(); err != nil {
			return p.steps[p.at].failed(err)
		}
	}
	return nil
}

// notFinite is the error of a run that gave NaN or Inf.
type notFinite struct{ name string }

func (e *notFinite) Error() string { return "graph: " + e.name + " is not finite" }

// badInput names an input of the last run that is not finite; nil if all are.
func (p *executable) badInput() error {
	for _, in := range p.inputs {
		if i, v, bad := operandOf(in.value).firstBad(); bad {
			return errors.Errorf("graph: input %s has %v at element %d", in.name, v, i)
		}
	}
	return nil
}

// blame runs the code step by step on the inputs and the seed of another program of the same graph, and names what first is
// not finite: a parameter or an operation; nil if nothing is.
func (p *executable) blame(other *executable, name string) error {
	for _, v := range p.leaves() {
		if l := v.leaf; l.kind == weightLeaf {
			if i, x, bad := operandOf(l.value).firstBad(); bad {
				return errors.Errorf("graph: parameter %s has %v at element %d", l.name, x, i)
			}
		}
	}
	for i, in := range other.inputs {
		copyDense(p.inputs[i].value, in.value)
	}
	p.seed = other.seed
	for i := range p.steps {
		s := &p.steps[i]
		if err := s.run(); err != nil {
			return s.failed(err)
		}
		if at, x, bad := s.out.firstBad(); bad {
			return errors.Errorf("graph: %s gave %v at element %d, so %s is not finite%s", s.label(), x, at, name, s.line())
		}
	}
	return nil
}

// leaves are the leaves that the instructions read.
func (p *executable) leaves() []*value {
	var out []*value
	seen := map[*value]bool{}
	for _, s := range p.steps {
		for _, v := range s.values {
			for i := range v.operands() {
				if in := v.operand(i); in.leaf != nil && !seen[in] {
					seen[in] = true
					out = append(out, in)
				}
			}
		}
	}
	return out
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

// bytes is the size of the program's own memory: intermediate values, packed weights, inputs and outputs, without
// parameters. Programs of one Func share the memory for intermediate values.
func (p *executable) bytes() int {
	n := 0
	if p.size > 0 {
		n = p.size * int(p.dtype.Size())
	}
	for _, k := range p.packs {
		switch k := k.(type) {
		case *kernel.Packed[float32]:
			n += k.Bytes()
		case *kernel.Packed[float64]:
			n += k.Bytes()
		}
	}
	for _, in := range p.inputs {
		n += int(in.value.MemSize())
	}
	for _, out := range p.outputs {
		n += int(out.MemSize())
	}
	return n
}
