package xla

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"gorgonia.org/tensor"
)

// Session is a function on a device, with its weights and the optimiser's vectors. They stay there from step to step; Save copies
// them to the store. A function is compiled on first use for every new set of input shapes. A Session serves one goroutine at a
// time.
type Session struct {
	client   *Client
	f        *graph.Func
	params   *graph.Params
	training stablehlo.Training

	modules map[string]*compiled
	weights map[string]*Buffer // by name
	states  map[string]*Buffer
	saved   map[string]*tensor.Dense // what the optimiser had remembered
	steps   int
	seed    uint64
	calls   uint64
	norm    float64 // of the last step's gradients
}

type compiled struct {
	module *stablehlo.Module
	exe    *Executable
}

// NewSession takes weights from the store, at the first use of each, and the optimiser's vectors and step count from its State.
// Without an optimiser, everything but Step works.
func NewSession(c *Client, f *graph.Func, p *graph.Params, t stablehlo.Training) (*Session, error) {
	if err := c.made(); err != nil {
		return nil, err
	}
	if f == nil || p == nil {
		return nil, errors.New("xla: want a function and its store")
	}
	s := &Session{client: c, f: f, params: p, training: t, modules: map[string]*compiled{},
		weights: map[string]*Buffer{}, states: map[string]*Buffer{}, saved: map[string]*tensor.Dense{}}
	if t.Optimizer == nil {
		return s, nil
	}
	for _, v := range t.Optimizer.State() {
		if v.Name == "step" {
			s.steps = v.Value.Ints()[0]
			continue
		}
		s.saved[v.Name] = v.Value
	}
	return s, nil
}

// Seed restarts the sequence of random masks, as Func.Seed does: the same seed gives the masks that Func.Grad would have.
func (s *Session) Seed(seed uint64) { s.seed, s.calls = seed, 0 }

// Run computes the outputs, with layers such as dropout evaluating.
func (s *Session) Run(in ...*tensor.Dense) ([]*tensor.Dense, error) {
	c, err := s.compile("run", in, func() (*stablehlo.Module, error) { return stablehlo.Forward(s.f, s.params, in...) })
	if err != nil {
		return nil, err
	}
	results, err := s.execute(c, 0, nil, in)
	if err != nil {
		return nil, err
	}
	defer closeAll(results)
	return s.outputs(c.module, results)
}

// Grad computes the outputs and leaves the gradients in the store, as Func.Grad does. Buffers change on the device.
func (s *Session) Grad(in ...*tensor.Dense) ([]*tensor.Dense, error) {
	c, err := s.compile("grad", in, func() (*stablehlo.Module, error) { return stablehlo.Gradients(s.f, s.params, in...) })
	if err != nil {
		return nil, err
	}
	results, err := s.execute(c, s.calls, nil, in)
	if err != nil {
		return nil, err
	}
	s.calls++
	defer closeAll(results)
	for i := range s.params.Len() { // of those that the function does not ask for
		if q := s.params.At(i); !q.Frozen() {
			q.Grad().Zero()
		}
	}
	for i, v := range c.module.Results {
		switch v.Role {
		case stablehlo.Weight:
			s.keep(s.weights, v.Name, results, i)
		case stablehlo.Gradient:
			x, err := results[i].Download()
			if err != nil {
				return nil, err
			}
			if err := fill(s.params.Get(v.Name).Grad(), x); err != nil {
				return nil, err
			}
		}
	}
	return s.outputs(c.module, results)
}

// Step trains: it computes the outputs, and replaces the weights and the optimiser's vectors by the next ones. An output that is not
// finite is an error, which comes when the step is done; weights are not looked at until Save.
func (s *Session) Step(rate float64, in ...*tensor.Dense) ([]*tensor.Dense, error) {
	if s.training.Optimizer == nil {
		return nil, errors.New("xla: the session has no optimiser to take a step with")
	}
	c, err := s.stepOf(in)
	if err != nil {
		return nil, err
	}
	settings, err := c.module.Settings(s.steps+1, rate)
	if err != nil {
		return nil, err
	}
	results, err := s.execute(c, s.calls, settings, in)
	if err != nil {
		return nil, err
	}
	defer closeAll(results)
	s.calls++
	s.steps++
	for i, v := range c.module.Results {
		switch v.Role {
		case stablehlo.Weight:
			s.keep(s.weights, v.Name, results, i)
		case stablehlo.State:
			s.keep(s.states, v.Name, results, i)
		case stablehlo.Norm:
			x, err := results[i].Download()
			if err != nil {
				return nil, err
			}
			s.norm = graph.Scalar(x)
		}
	}
	return s.outputs(c.module, results)
}

// GradientNorm is the norm of all gradients of the last Step together, before they were limited.
func (s *Session) GradientNorm() float64 { return s.norm }

// stepOf is what makes a step with inputs of these shapes.
func (s *Session) stepOf(in []*tensor.Dense) (*compiled, error) {
	return s.compile("step", in, func() (*stablehlo.Module, error) { return stablehlo.Step(s.f, s.params, s.training, in...) })
}

// compile finds or makes what runs for inputs of these shapes.
func (s *Session) compile(what string, in []*tensor.Dense, write func() (*stablehlo.Module, error)) (*compiled, error) {
	var key strings.Builder
	key.WriteString(what)
	for _, v := range in {
		if v == nil {
			return nil, errors.New("xla: an input is nil")
		}
		fmt.Fprint(&key, v.Dtype(), v.Shape())
	}
	if c, ok := s.modules[key.String()]; ok {
		return c, nil
	}
	m, err := write()
	if err != nil {
		return nil, err
	}
	exe, err := s.client.Compile(m.Text, ShapesOf(m, s.params.Dtype()))
	if err != nil {
		return nil, err
	}
	c := &compiled{m, exe}
	s.modules[key.String()] = c
	return c, nil
}

// ShapesOf are the results of a module over a store of this type, as Compile wants them.
func ShapesOf(m *stablehlo.Module, dtype tensor.Dtype) []Shape {
	shapes := make([]Shape, len(m.Results))
	for i, v := range m.Results {
		shapes[i] = Shape{v.Shape, dtype}
		if v.IDs {
			shapes[i].Dtype = tensor.Int
		}
	}
	return shapes
}

// execute runs a module with what is on the device and what is given.
func (s *Session) execute(c *compiled, call uint64, settings, in []*tensor.Dense) ([]*Buffer, error) {
	given, err := c.module.Feed(s.seed, call, in...)
	if err != nil {
		return nil, err
	}
	given = append(append([]*tensor.Dense{}, settings...), given...)
	args := make([]*Buffer, len(c.module.Arguments))
	var fed []*Buffer
	defer func() { closeAll(fed) }()
	for i, v := range c.module.Arguments {
		switch v.Role {
		case stablehlo.Weight:
			args[i], err = s.weight(v)
		case stablehlo.State:
			args[i], err = s.state(c.module, v)
		default:
			args[i], err = s.client.Upload(given[0])
			given, fed = given[1:], append(fed, args[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return c.exe.Run(args...)
}

func (s *Session) weight(v stablehlo.Value) (*Buffer, error) {
	if b, ok := s.weights[v.Name]; ok {
		return b, nil
	}
	b, err := s.client.Upload(s.params.Get(v.Name).Value())
	if err == nil {
		s.weights[v.Name] = b
	}
	return b, err
}

func (s *Session) state(m *stablehlo.Module, v stablehlo.Value) (*Buffer, error) {
	if b, ok := s.states[v.Name]; ok {
		return b, nil
	}
	t := tensor.New(tensor.Of(s.params.Dtype()), tensor.WithShape(v.Shape...))
	if old := s.saved[v.Name]; old != nil {
		if err := fill(t, old); err != nil {
			return nil, errors.Wrapf(err, "xla: the optimiser's %s", v.Name)
		}
	} else if start := m.Start(); start != 0 {
		for i, x := range floats32(t) {
			floats32(t)[i] = x + float32(start)
		}
		for i, x := range floats64(t) {
			floats64(t)[i] = x + start
		}
	}
	b, err := s.client.Upload(t)
	if err == nil {
		s.states[v.Name] = b
	}
	return b, err
}

// keep puts a result in the place of what was there, and takes it out of the results.
func (s *Session) keep(in map[string]*Buffer, name string, results []*Buffer, i int) {
	if old := in[name]; old != nil {
		_ = old.Close() // memory of the device that nobody reads any more
	}
	in[name], results[i] = results[i], nil
}

// outputs copies what the function returns.
func (s *Session) outputs(m *stablehlo.Module, results []*Buffer) ([]*tensor.Dense, error) {
	var out []*tensor.Dense
	for i, v := range m.Results {
		if v.Role != stablehlo.Output {
			continue
		}
		x, err := results[i].Download()
		if err != nil {
			return nil, err
		}
		if !finite(x) {
			return nil, errors.Errorf("xla: output %d is not finite", len(out))
		}
		out = append(out, x)
	}
	return out, nil
}

// Save copies the weights to the store and, after a step, the optimiser's vectors to the optimiser: what a checkpoint is made of. It
// is an error, naming it, if a weight is not finite; the store is as it was then.
func (s *Session) Save() error {
	weights := map[string]*tensor.Dense{}
	for name, b := range s.weights {
		x, err := b.Download()
		if err != nil {
			return err
		}
		if !finite(x) {
			return errors.Errorf("xla: parameter %s is not finite", name)
		}
		weights[name] = x
	}
	if err := s.saveStates(); err != nil {
		return err
	}
	for name, x := range weights {
		if err := fill(s.params.Get(name).Value(), x); err != nil {
			return errors.Wrapf(err, "xla: parameter %s", name)
		}
	}
	return nil
}

func (s *Session) saveStates() error {
	if s.training.Optimizer == nil || s.steps == 0 {
		return nil
	}
	state := []graph.Named{{Name: "step", Value: graph.Ints([]int{s.steps})}}
	for name, b := range s.states {
		x, err := b.Download()
		if err != nil {
			return err
		}
		flat := tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(x.Shape().TotalSize()))
		if err := fill(flat, x); err != nil {
			return err
		}
		state = append(state, graph.Named{Name: name, Value: flat})
	}
	return restore(s.training.Optimizer, s.params, state)
}

func restore(o optim.Optimizer, p *graph.Params, state []graph.Named) error {
	return errors.Wrap(o.Restore(p, state), "xla: the optimiser")
}

// Close frees what the session has on the device.
func (s *Session) Close() {
	for _, m := range []map[string]*Buffer{s.weights, s.states} {
		for name, b := range m {
			_ = b.Close()
			delete(m, name)
		}
	}
	s.forget()
}

// forget frees what the session has compiled.
func (s *Session) forget() {
	for key, c := range s.modules {
		_ = c.exe.Close()
		delete(s.modules, key)
	}
}

func closeAll(buffers []*Buffer) {
	for _, b := range buffers {
		_ = b.Close()
	}
}

func floats32(t *tensor.Dense) []float32 {
	if t.Dtype() != tensor.Float32 {
		return nil
	}
	return t.Float32s()
}

func floats64(t *tensor.Dense) []float64 {
	if t.Dtype() != tensor.Float64 {
		return nil
	}
	return t.Float64s()
}

// fill copies the numbers of a tensor into one of as many.
func fill(dst, src *tensor.Dense) error {
	if dst == nil || dst.Dtype() != src.Dtype() || dst.Shape().TotalSize() != src.Shape().TotalSize() {
		return errors.Errorf("want %v of %v, found %v of %v", dst.Shape(), dst.Dtype(), src.Shape(), src.Dtype())
	}
	copy(floats32(dst), floats32(src))
	copy(floats64(dst), floats64(src))
	return nil
}

// finite tells whether no float is NaN or infinite.
func finite(t *tensor.Dense) bool {
	for _, x := range floats32(t) {
		if x-x != 0 {
			return false
		}
	}
	for _, x := range floats64(t) {
		if x-x != 0 {
			return false
		}
	}
	return true
}
