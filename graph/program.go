package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Program is a compiled graph: a list of instructions over memory that was planned once. A run allocates nothing.
//
// One Program serves one goroutine at a time. Several programs may run at once over shared parameters; see Params for
// changing those meanwhile. Graph.Compile or a Func makes programs; the zero Program computes nothing.
type Program struct {
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
	profile *Profile

	numbers *numbers // the values of the store that it reads
	version uint64   // of the values, when it ran last

	// source gives the graph that the program was compiled from, which it does not keep itself.
	source func() (c *core, outputs, stores []result, err error)
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

// Seed sets the seed that the next run's random masks are drawn from. The same seed gives the same masks.
func (p *Program) Seed(seed uint64) { p.seed = seed }

// Run executes the program. in are the declared inputs, in order. The returned tensors belong to the program and
// hold the outputs until its next run. It is an error if an output, or a gradient, is not finite; the message names
// the node where the first NaN or Inf came up.
func (p *Program) Run(in ...*tensor.Dense) (out []*tensor.Dense, err error) {
	if p == nil || p.numbers == nil {
		return nil, errors.New("graph: the program was never compiled: Graph.Compile and Func.Program make one")
	}
	p.numbers.RLock()
	defer p.numbers.RUnlock()
	if p.version != p.numbers.version {
		p.version, p.ready = p.numbers.version, false
	}
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
func (p *Program) execute(from int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = p.steps[p.at].failed(errors.Errorf("panic: %v", r))
		}
	}()
	if p.profile != nil {
		return p.profile.execute(p, from)
	}
	for p.at = from; p.at < len(p.steps); p.at++ {
		if err := p.steps[p.at].run(); err != nil {
			return p.steps[p.at].failed(err)
		}
	}
	return nil
}

// diagnose finds out where a non-finite result comes from: bad inputs and parameters first, then, by running the
// graph again as it stands, without any optimisation, the first operation whose result is not finite.
func (p *Program) diagnose(name string) error {
	for _, in := range p.inputs {
		if i, v, bad := operandOf(in.value).firstBad(); bad {
			return errors.Errorf("graph: input %s has %v at element %d", in.name, v, i)
		}
	}
	unknown := errors.Errorf("graph: %s is not finite", name)
	if p.source == nil {
		return unknown
	}
	c, outputs, stores, err := p.source()
	if err != nil {
		return unknown
	}
	plain, err := c.compileWith(passSet{}, outputs, stores, &memory{})
	if err != nil {
		return unknown
	}
	for _, v := range plain.leaves() {
		if l := v.leaf; l.kind == weightLeaf {
			if i, x, bad := operandOf(l.value).firstBad(); bad {
				return errors.Errorf("graph: parameter %s has %v at element %d", l.name, x, i)
			}
		}
	}
	for i, in := range p.inputs {
		copyDense(plain.inputs[i].value, in.value)
	}
	plain.seed = p.seed
	for i := range plain.steps {
		s := &plain.steps[i]
		if err := s.run(); err != nil {
			return s.failed(err)
		}
		if at, x, bad := s.out.firstBad(); bad {
			return errors.Errorf("graph: %s gave %v at element %d, so %s is not finite%s", s.label(), x, at, name, s.line())
		}
	}
	return unknown
}

// leaves are the leaves that the instructions read.
func (p *Program) leaves() []*value {
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

// Bytes is the size of the program's own memory: intermediate values, packed weights, inputs and outputs, without
// parameters. Programs of one Func share the memory for intermediate values.
func (p *Program) Bytes() int {
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

// Steps is the number of instructions.
func (p *Program) Steps() int { return len(p.steps) }

// bindForeign runs an operation that is not ours through its Do.
func bindForeign(n *gorgonia.Node, b *binding) task {
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
		v, err := n.Op().Do(in...)
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
