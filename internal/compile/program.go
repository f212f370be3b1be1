package compile

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Program is compiled code: a list of instructions over memory that was planned once. A run allocates nothing.
type Program struct {
	Inputs  []Input         // what a run's arguments are copied to, in order
	Outputs []*tensor.Dense // what a run returns
	lent    []*tensor.Dense // the outputs, as a run returns them
	Seed    uint64          // of the next run, for random operations
	Timer   Timer           // nil unless runs are measured

	dtype  tensor.Dtype
	steps  []instruction
	copies []op.Task // of values out of the arena, at the end of a run
	checks []check
	size   int                        // of what the program uses of the arena, in elements
	packs  []interface{ Bytes() int } // packed matrices, but for those that the store keeps
	at     int                        // the instruction that is running
	fixed  int                        // so many instructions at the beginning depend on weights alone
	ready  bool                       // those have run, and need not run again
}

// instruction is one task of a program.
type instruction struct {
	run       op.Task
	values    []*Value   // what it computes
	copies    *Value     // what it copies, if that is all it does
	addresses []address  // of the values
	out       op.Operand // the memory of the last of them
	idle      *bool      // of the packing of a weight: the last run found it done; else nil
	moves     int        // bytes, once somebody has asked
}

// address is where a value's elements begin.
type address struct {
	own    bool // in memory of its own: a gradient, say
	offset int
}

// transient is the address of a value that exists only while its instruction runs.
var transient = address{offset: -1}

// Input is memory that a run's argument is copied to.
type Input struct {
	Name  string
	Value *tensor.Dense
}

// check is a result that must be finite.
type check struct {
	name    string
	mem     op.Operand
	touched *op.Touched // the rows that the run wrote; nil for all
}

func (c *check) finite() bool {
	if c.touched != nil {
		return c.touched.Finite(c.mem)
	}
	return c.mem.Finite()
}

// Run executes the program on its declared inputs, in order. The tensors that it returns hold until the next run. If one of
// them, or a gradient, is not finite, the error is a NotFinite.
func (p *Program) Run(in []*tensor.Dense) (out []*tensor.Dense, err error) {
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
		if !p.checks[i].finite() {
			return nil, &NotFinite{p.checks[i].name}
		}
	}
	p.lent = append(p.lent[:0], p.Outputs...) // the caller may put something else in its place
	return p.lent, nil
}

// Steps is the number of instructions.
func (p *Program) Steps() int { return len(p.steps) }

// Refresh has the next run compute anew what depends on weights alone.
func (p *Program) Refresh() { p.ready = false }

// load copies the arguments into the program's inputs.
func (p *Program) load(in []*tensor.Dense) error {
	if len(in) != len(p.Inputs) {
		return errors.Errorf("graph: the program has %d inputs, found %d", len(p.Inputs), len(in))
	}
	for i, v := range in {
		want := &p.Inputs[i]
		if v == want.Value { // a stream's state lies there already
			continue
		}
		if err := dense.Check(v); err != nil {
			return errors.Wrapf(err, "graph: input %d (%s)", i, want.Name)
		}
		if v.Dtype() != want.Value.Dtype() || !slices.Equal(v.Shape(), want.Value.Shape()) {
			return errors.Errorf("graph: input %d (%s): want %v %v, found %v %v",
				i, want.Name, want.Value.Dtype(), []int(want.Value.Shape()), v.Dtype(), []int(v.Shape()))
		}
		dense.Copy(want.Value, v)
	}
	return nil
}

// execute runs the instructions from one on. A panic in a kernel, which would be a bug of the library or of a foreign operation,
// comes out as an error that names the instruction.
func (p *Program) execute(from int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.steps[p.at].failed(errors.Errorf("panic: %v", r))
		}
	}()
	if p.Timer != nil {
		return p.executeTimed(from)
	}
	for p.at = from; p.at < len(p.steps); p.at++ {
		if err := p.steps[p.at].run(); err != nil {
			return p.steps[p.at].failed(err)
		}
	}
	return nil
}

// NotFinite is the error of a run that gave NaN or Inf.
type NotFinite struct{ Name string }

func (e *NotFinite) Error() string { return "graph: " + e.Name + " is not finite" }

// BadInput names an input of the last run that is not finite; nil if all are.
func (p *Program) BadInput() error {
	for _, in := range p.Inputs {
		if i, v, bad := op.Of(in.Value).FirstBad(); bad {
			return errors.Errorf("graph: input %s has %v at element %d", in.Name, v, i)
		}
	}
	return nil
}

// Blame runs the code step by step on the inputs and the seed of another program of the same graph, and names what first is
// not finite: a parameter or an operation; nil if nothing is.
func (p *Program) Blame(other *Program, name string) error {
	for _, v := range p.leaves() {
		if l := v.Leaf; l.Kind == FromWeight {
			l.keep()
			if i, x, bad := op.Of(l.Value).FirstBad(); bad {
				return errors.Errorf("graph: parameter %s has %v at element %d", l.Name, x, i)
			}
		}
	}
	for i, in := range other.Inputs {
		dense.Copy(p.Inputs[i].Value, in.Value)
	}
	p.Seed = other.Seed
	for i := range p.steps {
		s := &p.steps[i]
		if err := s.run(); err != nil {
			return s.failed(err)
		}
		if at, x, bad := s.out.FirstBad(); bad {
			return errors.Errorf("graph: %s gave %v at element %d, so %s is not finite%s", s.label(), x, at, name, s.line())
		}
	}
	return nil
}

// leaves are the leaves that the instructions read.
func (p *Program) leaves() []*Value {
	var out []*Value
	seen := map[*Value]bool{}
	for _, s := range p.steps {
		for _, v := range s.values {
			for i := range v.operands() {
				if in := v.operand(i); in.Leaf != nil && !seen[in] {
					seen[in] = true
					out = append(out, in)
				}
			}
		}
	}
	return out
}

// Bytes is the size of the program's own memory: intermediate values, inputs and outputs, without parameters and what the
// store keeps packed of them. Programs of one Func share the memory for intermediate values.
func (p *Program) Bytes() int {
	n := 0
	if p.size > 0 {
		n = p.size * int(p.dtype.Size())
	}
	for _, k := range p.packs {
		n += k.Bytes()
	}
	for _, in := range p.Inputs {
		n += int(in.Value.MemSize())
	}
	for _, out := range p.Outputs {
		n += int(out.MemSize())
	}
	return n
}
