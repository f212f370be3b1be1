package graph

import (
	"fmt"
	"slices"
	"sync"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Build describes a computation. It gets one node per input, of the shapes and types of the values that the function
// is called with, and returns the outputs.
type Build func(g *Graph, in []Node) []Node

// Func is a function over tensors, described by a Build function and compiled on first use for every new set of input
// shapes. Every length and batch size is the same function; training and evaluation are, too.
//
// Run and Grad return tensors that the function owns and that hold until its next call with the same input shapes. A
// Func serves one goroutine at a time; make several over one Params to run them at once.
type Func struct {
	params   *Params
	build    Build
	mu       sync.Mutex
	programs map[uint64][]*compiled
	seed     uint64
	calls    uint64
}

// compiled is a program with what it was compiled for.
type compiled struct {
	program *Program
	grad    bool
	reaches map[*Param]bool // parameters whose gradients the program writes
}

// NewFunc returns the function that build describes, over a store of parameters.
func NewFunc(p *Params, build Build) *Func {
	return &Func{params: p, build: build, programs: map[uint64][]*compiled{}}
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
	c.program.Seed(mix(f.seed + mix(f.calls)))
	f.calls++
	for i := 0; i < f.params.Len(); i++ {
		if p := f.params.At(i); !c.reaches[p] {
			p.grad.Zero()
		}
	}
	return c.program.Run(in...)
}

// Seed restarts the sequence of random masks: the calls of Grad after it draw the same masks whenever the seed is the
// same.
func (f *Func) Seed(seed uint64) { f.seed, f.calls = seed, 0 }

// Program returns the compiled program for inputs like in, compiling it if need be: to print it, or to run it without
// the look-up.
func (f *Func) Program(grad bool, in ...*tensor.Dense) (*Program, error) {
	c, err := f.program(grad, in)
	if err != nil {
		return nil, err
	}
	return c.program, nil
}

// program finds or makes the program for the inputs' shapes.
func (f *Func) program(grad bool, in []*tensor.Dense) (*compiled, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := shapeKey(grad, in)
	for _, c := range f.programs[key] {
		if c.fits(grad, in) {
			return c, nil
		}
	}
	c, err := f.compile(grad, in)
	if err != nil {
		return nil, err
	}
	f.programs[key] = append(f.programs[key], c)
	return c, nil
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
	if c.grad != grad || len(in) != len(c.program.inputs) {
		return false
	}
	for i, v := range in {
		want := c.program.inputs[i].value
		if v == nil || v.Dtype() != want.Dtype() || !slices.Equal(v.Shape(), want.Shape()) {
			return false
		}
	}
	return true
}

func (f *Func) compile(grad bool, in []*tensor.Dense) (*compiled, error) {
	g := New(f.params, grad)
	nodes := make([]Node, len(in))
	for i, v := range in {
		if err := checkDense(v); err != nil {
			return nil, errors.Wrapf(err, "graph: input %d", i)
		}
		if d := v.Dtype(); d != g.dtype && d != tensor.Int {
			return nil, errors.Errorf("graph: input %d: want %v or int, found %v", i, g.dtype, d)
		}
		nodes[i] = g.input(fmt.Sprint("input", i), v.Dtype() == tensor.Int, v.Shape())
	}
	outs, err := f.describe(g, nodes)
	if err != nil {
		return nil, err
	}
	outputs, err := g.results(outs)
	if err != nil {
		return nil, err
	}
	c := &compiled{grad: grad, reaches: map[*Param]bool{}}
	var stores []result
	if grad {
		if stores, err = f.gradients(g, outs); err != nil {
			return nil, err
		}
	}
	for _, s := range stores {
		c.reaches[s.param] = true
	}
	c.program, err = g.compile(outputs, stores)
	return c, err
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
		if w, ok := g.weights[f.params.At(i).name]; ok {
			weights = append(weights, w)
		}
	}
	grads := g.Grad(outs[0], weights...)
	for i, w := range weights {
		p := g.leaves[w.n].param
		stores = append(stores, result{node: grads[i], dst: p.grad, param: p})
	}
	return stores, g.err
}

// describe calls the build function. A panic in it, which code that works on the shape of an invalid node or on an
// input that was not given may cause, becomes an error; the first recorded error explains it best.
func (f *Func) describe(g *Graph, in []Node) (out []Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			g.failf("Func", "the build function, called with %d inputs, panicked: %v", len(in), r)
			err = g.err
		}
	}()
	out = f.build(g, in)
	return out, g.err
}
