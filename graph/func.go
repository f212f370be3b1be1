package graph

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Build describes a computation. It gets one node per input, of the shapes and types of the values that the function
// is called with, and returns the outputs.
type Build func(g *Graph, in []Node) []Node

// Func is a function over tensors, described by a Build function and compiled on first use for every new set of input
// shapes. Every length and batch size is the same function; training and evaluation are, too.
//
// Run and Grad return tensors that the function owns and that hold until its next call with the same input shapes. A
// Func serves one goroutine at a time; make several over one Params to run them at once. NewFunc makes one.
type Func struct {
	params *Params
	build  Build
	memory *compile.Memory // functions that are derived from this one share it
	seed   uint64
	calls  uint64

	mu       sync.Mutex
	programs map[uint64][]*compiled
	kept     int    // programs in the map
	clock    uint64 // counts look-ups
	limit    int    // of programs to keep
	steps    int    // of the programs in the map
	most     int    // steps to keep; 0 for any number
	profile  *Profile
	weights  WeightFormat

	precision Precision
}

// defaultPrograms is how many programs a Func keeps unless SetCacheSize says otherwise.
const defaultPrograms = 64

// SetCacheSize sets how many compiled programs the function keeps, 64 unless set: when a new set of input shapes comes, the
// program that was not used for the longest time goes. A data set with more lengths than that compiles all the time;
// round lengths up to a few sizes (buckets) and pass the true ones as lengths.
func (f *Func) SetCacheSize(programs int) { f.limit = max(programs, 1) }

// SetCacheSteps bounds the instructions of all programs that the function keeps, see Program.Steps, beside their number: the
// program that was not used for the longest time goes. 0, as it is unless set, is no bound. An instruction of a recurrence takes
// about 5 KB, and a program has some for each step of its sequences, so this bounds what a service of texts of all lengths takes.
// The last program is kept whatever its length.
func (f *Func) SetCacheSteps(steps int) { f.most = max(steps, 0) }

// SetProfile has all runs of the function measured into prof; nil stops it.
func (f *Func) SetProfile(prof *Profile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.profile = prof
	for _, list := range f.programs {
		for _, c := range list {
			c.program.SetProfile(prof)
		}
	}
}

// compiled is a program with what it was compiled for.
type compiled struct {
	program *Program
	grad    bool
	reaches map[*Param]bool // parameters whose gradients the program writes
	frozen  []*Param        // parameters that have none because they were frozen
	updates []update        // of buffers
	used    uint64          // when it was last looked up
}

// NewFunc returns the function that build describes, over a store of parameters. Without one of them, each call of the
// function is an error.
func NewFunc(p *Params, build Build) *Func {
	return &Func{params: p, build: build, memory: &compile.Memory{}, programs: map[uint64][]*compiled{}, limit: defaultPrograms}
}

// Run computes the outputs, with layers such as dropout evaluating.
func (f *Func) Run(in ...*tensor.Dense) ([]*tensor.Dense, error) {
	c, err := f.program(false, in)
	if err != nil {
		return nil, err
	}
	return c.program.Run(in...)
}

// Grad computes the outputs, the first of which must be a scalar loss, and its gradient with respect to every
// parameter, which it leaves in the store; parameters that the loss does not depend on get zero. Layers such as
// dropout are training; the random masks are new at every call, see Seed.
func (f *Func) Grad(in ...*tensor.Dense) ([]*tensor.Dense, error) {
	c, err := f.program(true, in)
	if err != nil {
		return nil, err
	}
	c.program.Seed(op.Mix(f.seed + op.Mix(f.calls)))
	f.calls++
	for i := 0; i < f.params.Len(); i++ {
		p := f.params.At(i)
		if !c.reaches[p] && !p.frozen {
			p.zeroGrad()
		}
	}
	out, err := c.program.Run(in...)
	if err == nil && len(c.updates) > 0 {
		f.update(c.updates)
	}
	return out, err
}

// update gives buffers their new values.
func (f *Func) update(buffers []update) {
	numbers := f.params.numbers
	numbers.Lock()
	defer numbers.Unlock()
	for _, u := range buffers {
		dense.Copy(u.param.numbers(), u.value)
	}
	numbers.packs.Changed()
}

// Seed restarts the sequence of random masks: the calls of Grad after it draw the same masks whenever the seed is the
// same.
func (f *Func) Seed(seed uint64) { f.seed, f.calls = seed, 0 }

// Program returns the compiled program of Run for inputs like in, compiling it if need be: to print it, or to run it
// without the look-up.
func (f *Func) Program(in ...*tensor.Dense) (*Program, error) { return f.compiled(false, in) }

// GradProgram is Program for Grad: it computes the gradients, too. All that is left to its caller is what Grad does around
// it: parameters that the loss does not depend on keep their gradients, buffers their values, and random masks their seed.
func (f *Func) GradProgram(in ...*tensor.Dense) (*Program, error) { return f.compiled(true, in) }

func (f *Func) compiled(grad bool, in []*tensor.Dense) (*Program, error) {
	if err := f.made(); err != nil {
		return nil, err
	}
	if _, err := f.shapes(in); err != nil { // the look-up sees shapes alone
		return nil, err
	}
	c, err := f.program(grad, in)
	if err != nil {
		return nil, err
	}
	return c.program, nil
}

// program finds or makes the program for the inputs' shapes.
func (f *Func) program(grad bool, in []*tensor.Dense) (*compiled, error) {
	if err := f.made(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock++
	key := shapeKey(grad, in)
	for _, c := range f.programs[key] {
		if c.fits(grad, in) {
			c.used = f.clock
			return c, nil
		}
	}
	room := f.memory.Size()
	c, err := f.compile(grad, in)
	if err != nil {
		return nil, err
	}
	if f.most > 0 && f.memory.Size() > room { // programs from before would keep the memory that they were planned in
		f.forget(func(*compiled) bool { return true })
	}
	c.used = f.clock
	c.program.SetProfile(f.profile)
	for f.kept >= f.limit || f.most > 0 && f.kept > 0 && f.steps+c.program.Steps() > f.most {
		f.drop()
	}
	f.programs[key] = append(f.programs[key], c)
	f.kept, f.steps = f.kept+1, f.steps+c.program.Steps()
	return c, nil
}

// made tells whether the function has all that it takes to call it.
func (f *Func) made() error {
	switch {
	case f == nil || f.programs == nil:
		return errors.New("graph: there is no function: make one with NewFunc")
	case f.build == nil:
		return errors.New("graph: the function has no description: the Build that NewFunc got is nil")
	}
	return errors.Wrap(f.params.made(), "graph: the function's store")
}

// drop forgets the program that was not used for the longest time.
func (f *Func) drop() {
	var oldest *compiled
	for _, list := range f.programs {
		for _, c := range list {
			if oldest == nil || c.used < oldest.used {
				oldest = c
			}
		}
	}
	f.forget(func(c *compiled) bool { return c == oldest })
}

// forget drops programs, of a function that is locked.
func (f *Func) forget(which func(*compiled) bool) {
	for key, list := range f.programs {
		left := slices.DeleteFunc(list, func(c *compiled) bool {
			if !which(c) {
				return false
			}
			f.kept, f.steps = f.kept-1, f.steps-c.program.Steps()
			return true
		})
		if f.programs[key] = left; len(left) == 0 {
			delete(f.programs, key)
		}
	}
}

// shapeKey hashes what a program depends on (FNV-1a).
func shapeKey(grad bool, in []*tensor.Dense) uint64 {
	h := uint64(14695981039346656037)
	word := func(v int) { h = (h ^ uint64(v)) * 1099511628211 }
	if grad {
		word(1)
	}
	for _, v := range in {
		if v == nil {
			continue
		}
		word(-len(v.Shape()) - 1)
		for _, d := range v.Shape() {
			word(d)
		}
	}
	return h
}

func (c *compiled) fits(grad bool, in []*tensor.Dense) bool {
	if c.grad != grad || len(in) != len(c.program.executable.Inputs) {
		return false
	}
	if slices.ContainsFunc(c.frozen, func(p *Param) bool { return !p.frozen }) {
		return false
	}
	for i, v := range in {
		want := c.program.executable.Inputs[i].Value
		if v == nil || v.Dtype() != want.Dtype() || !slices.Equal(v.Shape(), want.Shape()) {
			return false
		}
	}
	return true
}

// compile describes the function for the inputs' shapes and plans a program for it.
func (f *Func) compile(grad bool, in []*tensor.Dense) (*compiled, error) {
	shapes, err := f.shapes(in)
	if err != nil {
		return nil, err
	}
	u, err := f.unit(grad, shapes)
	if err != nil {
		return nil, err
	}
	out := &compiled{grad: grad, reaches: map[*Param]bool{}}
	var whole []*Param
	for _, s := range u.stores {
		if s.assign {
			out.updates = append(out.updates, update{s.param, s.dst})
			continue
		}
		out.reaches[s.param] = true
		if !s.byRows {
			whole = append(whole, s.param)
		}
	}
	if grad {
		for _, p := range u.owners {
			if p.frozen {
				out.frozen = append(out.frozen, p)
			}
		}
	}
	if out.program, err = u.compile(f.memory, func() (*unit, error) { return f.unit(grad, shapes) }); err != nil {
		return nil, err
	}
	out.program.whole = whole
	return out, nil
}

// inputShape is what a graph needs to know of an argument.
type inputShape struct {
	ids   bool
	shape []int
}

// shapes checks arguments and returns their shapes.
func (f *Func) shapes(in []*tensor.Dense) ([]inputShape, error) {
	shapes := make([]inputShape, len(in))
	for i, v := range in {
		if err := dense.Check(v); err != nil {
			return nil, errors.Wrapf(err, "graph: input %d", i)
		}
		if d := v.Dtype(); d != f.params.dtype && d != tensor.Int {
			return nil, errors.Errorf("graph: input %d: want %v or int, found %v", i, f.params.dtype, d)
		}
		shapes[i] = inputShape{v.Dtype() == tensor.Int, op.Clone(v.Shape())}
	}
	return shapes, nil
}

// unit builds the graph for arguments of the given shapes, with the gradients if asked for.
func (f *Func) unit(grad bool, in []inputShape) (*unit, error) {
	g := newGraph(f.params, grad)
	nodes := make([]Node, len(in))
	for i, s := range in {
		nodes[i] = g.input(fmt.Sprint("input", i), s.ids, s.shape)
	}
	outs, err := f.describe(g, nodes)
	if err != nil {
		return nil, err
	}
	u := &unit{core: g.core, precision: f.precision}
	if !grad {
		u.weights = f.weights
	}
	if u.outputs, err = g.results(outs); err != nil {
		return nil, err
	}
	if grad {
		u.stores, err = f.gradients(g, outs)
	}
	return u, err
}

// gradients adds the gradients of the first output with respect to every parameter in the graph, each to be stored
// with its parameter.
func (f *Func) gradients(g *Graph, outs []Node) ([]result, error) {
	if len(outs) == 0 {
		return nil, errors.New("graph: Grad needs a loss, but the function has no outputs")
	}
	var weights []Node
	var stores []result
	for i := 0; i < f.params.Len(); i++ { // in the store's order, so that programs do not depend on a map's
		if w, ok := g.weights[f.params.At(i).name]; ok && !f.params.At(i).frozen {
			weights = append(weights, w)
		}
	}
	grads := g.Grad(outs[0], weights...)
	for i, w := range weights {
		p := g.owners[w.n]
		s := result{node: grads[i], dst: p.Grad(), param: p}
		if g.sparse[w.n] && g.err == nil {
			s.node, s.byRows = g.byRows(p, grads[i])
		}
		stores = append(stores, s)
	}
	for _, a := range g.assigns {
		stores = append(stores, result{node: a.value, dst: dense.New(g.dtype, a.value.shape()), param: a.param, assign: true})
	}
	return stores, g.err
}

// describe calls the build function. A panic in it, which code that works on the shape of an invalid node or on an
// input that was not given may cause, becomes an error; the first recorded error explains it best.
func (f *Func) describe(g *Graph, in []Node) (out []Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			why := fmt.Sprint(r)
			outside := fmt.Sprintf("] with length %d", len(in))
			if strings.HasSuffix(why, outside) || why == "reflect: slice index out of range" { // the latter in notebooks
				why += "; does it read inputs that it was not given?"
			}
			g.failf("Func", "the build function, called with %d inputs, panicked: %s", len(in), why)
			err = g.err
		}
	}()
	g.above = g.caller()
	g.deep = 0 // of a caller below this one
	out = f.build(g, in)
	return out, g.err
}
