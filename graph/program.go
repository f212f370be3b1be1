package graph

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"gorgonia.org/tensor"
)

// Program is a compiled graph: a list of instructions over memory that was planned once. A run allocates nothing.
//
// One Program serves one goroutine at a time. Several programs may run at once over shared parameters; see Params for
// changing those meanwhile. Graph.Compile or a Func makes programs; the zero Program computes nothing.
type Program struct {
	executable *compile.Program
	rebuild    rebuild
	profile    *Profile
	whole      []*Param // whose gradients it writes, all rows of them

	numbers *numbers // the values of the store that it reads
	version uint64   // of the values, when it ran last
}

func newProgram(x *compile.Program, n *numbers, again rebuild) *Program {
	return &Program{executable: x, rebuild: again, numbers: n}
}

// code is what runs; nothing in a Program that was never compiled.
func (p *Program) code() *compile.Program {
	if p.executable == nil {
		return &compile.Program{}
	}
	return p.executable
}

// Seed sets the seed that the next run's random masks are drawn from. The same seed gives the same masks.
func (p *Program) Seed(seed uint64) { p.code().Seed = seed }

// Run executes the program. in are the declared inputs, in order. The returned tensors belong to the program and
// hold the outputs until its next run. It is an error if an output, or a gradient, is not finite; the message names
// the node where the first NaN or Inf came up.
func (p *Program) Run(in ...*tensor.Dense) ([]*tensor.Dense, error) {
	if p == nil || p.executable == nil {
		return nil, errors.New("graph: the program was never compiled: Graph.Compile and Func.Program make one")
	}
	p.numbers.RLock()
	defer p.numbers.RUnlock()
	if now := p.numbers.packs.Version(); p.version != now {
		p.version = now
		p.executable.Refresh()
	}
	if p.profile != nil {
		p.profile.Runs++
	}
	for _, q := range p.whole {
		if q.touched != nil {
			q.touched.Forget()
		}
	}
	out, err := p.executable.Run(in)
	if bad, ok := err.(*compile.NotFinite); ok {
		return nil, p.diagnose(bad)
	}
	return out, explained(err)
}

// diagnose finds out where a non-finite result comes from: bad inputs and parameters first, then, by running the
// graph again as it stands, without any optimisation, the first operation whose result is not finite.
func (p *Program) diagnose(bad *compile.NotFinite) error {
	if err := p.executable.BadInput(); err != nil {
		return err
	}
	unknown := errors.New(bad.Error())
	u, err := p.rebuild()
	if err != nil {
		return unknown
	}
	plain, err := u.executable(0, &compile.Memory{})
	if err != nil {
		return unknown
	}
	if err := plain.Blame(p.executable, bad.Name); err != nil {
		return explained(err)
	}
	return unknown
}

// Bytes is the size of the program's own memory: intermediate values, inputs and outputs, without parameters and what the
// store keeps packed of them, see Params.PackedBytes. Programs of one Func share the memory for intermediate values.
func (p *Program) Bytes() int { return p.code().Bytes() }

// Steps is the number of instructions.
func (p *Program) Steps() int { return p.code().Steps() }

// String lists the program: one line an instruction, with the memory it writes and the values it reads. A fused
// instruction has a line for each operation; those whose results are never written to memory have no address.
func (p *Program) String() string { return p.code().String() }

// SetProfile has every following run measured into prof, which takes about a tenth of a microsecond an instruction; nil
// stops it.
func (p *Program) SetProfile(prof *Profile) {
	p.profile, p.code().Timer = prof, nil
	if prof != nil {
		p.code().Timer = stopwatch{prof}
	}
}
