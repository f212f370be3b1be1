// Package stablehlo writes functions of a graph as StableHLO, the text that XLA compiles for processors, GPUs and TPUs
// (https://openxla.org/stablehlo/spec): a function alone, with its gradients, or a whole step of training with the optimiser's
// update. Module unroll/xla compiles such a text and runs it; any other tool that reads StableHLO may, too.
//
// Loops over time are written step by step, so a text grows with the length of the sequences. Ids and lengths are whole numbers of
// 32 bits in it. Random masks are arguments: Module.Feed draws those that the library itself would draw.
package stablehlo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/listing"
	"gorgonia.org/tensor"
)

// Role says what a value of a module is.
type Role uint8

// The roles. A module's arguments come in the order of the first five, its results in that of Weight, State, Output, Gradient.
const (
	Weight   Role = iota // a parameter or a buffer of the store; as a result, its next value
	State                // a vector that the optimiser keeps, in the shape of its weight: "lstm.weight_ih_l0.m"
	Setting              // a number of the optimiser for one step, see Module.Settings
	Input                // what the function is called with
	Drawn                // what Module.Feed computes from inputs and a seed: a random mask, say
	Output               // what the function returns
	Gradient             // of the loss, which is the first output
)

var roles = [...]string{"weight", "state", "setting", "input", "drawn", "output", "gradient"}

func (r Role) String() string {
	if int(r) < len(roles) {
		return roles[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// Value is an argument or a result of a module.
type Value struct {
	Role  Role
	Name  string // of a weight as in the store; of others it tells them apart
	Shape []int
	IDs   bool // it holds whole numbers of 32 bits, other values the store's type of floats
}

// Module is a function as text, for inputs of some shapes.
type Module struct {
	Text      string  // a module whose only function is main
	Arguments []Value // of main, in order
	Results   []Value

	dtype    tensor.Dtype
	settings []setting
	start    float64
	host     *host
	weights  []*graph.Param // of the arguments that are weights
}

// Forward writes what f.Run computes for inputs of the shapes of in: layers such as dropout evaluate. An operation that cannot be
// written is an error that names all such operations of the function.
func Forward(f *graph.Func, p *graph.Params, in ...*tensor.Dense) (*Module, error) {
	return write(f, p, false, in, func(b *builder) error { return nil })
}

// Gradients writes what f.Grad computes: the outputs, the first of which is the loss, and the gradients of all parameters that f
// asks for and that are not frozen. Buffers have their next values among the results.
func Gradients(f *graph.Func, p *graph.Params, in ...*tensor.Dense) (*Module, error) {
	return write(f, p, true, in, (*builder).gradients)
}

// Training is how Step trains.
type Training struct {
	Optimizer optim.Optimizer // *optim.Adam without Sparse, *optim.SGD, *optim.RMSProp or *optim.AdaGrad; only its settings are read
	ClipNorm  float64         // see optim.ClipByNorm; 0 for no limit
}

// Step writes a whole step of training: f.Grad, optim.ClipByNorm and Optimizer.Step, from weights and the optimiser's vectors to the
// next ones. Parameters of the store that f does not ask for are no part of it, and stay as they are.
func Step(f *graph.Func, p *graph.Params, t Training, in ...*tensor.Dense) (*Module, error) {
	return write(f, p, true, in, func(b *builder) error { return b.step(t) })
}

// builder is a module on its way.
type builder struct {
	*writer
	m         *Module
	f         *listing.Function
	params    *graph.Params
	arguments []value
	results   []value
	weights   map[string]value // by the names of the parameters
}

func write(f *graph.Func, p *graph.Params, grad bool, in []*tensor.Dense, finish func(*builder) error) (*Module, error) {
	if f == nil || p == nil {
		return nil, errors.New("stablehlo: want a function and its store")
	}
	list, err := listing.OfFunc(f, grad, in)
	if err != nil {
		return nil, err
	}
	w := &writer{body: &strings.Builder{}, float: "f32", known: map[string]value{}, nodes: list.Nodes, values: make([]value, len(list.Nodes))}
	if p.Dtype() == tensor.Float64 {
		w.float = "f64"
	}
	b := &builder{writer: w, m: &Module{dtype: p.Dtype()}, f: list, params: p, weights: map[string]value{}}
	b.m.host = newHost(list, p.Dtype() == tensor.Float64)
	if err := check(list.Nodes, b.m.host.is); err != nil {
		return nil, err
	}
	if err := b.leaves(in); err != nil {
		return nil, err
	}
	ends := slices.Clone(list.Outputs)
	for _, s := range list.Stores {
		ends = append(ends, s.At)
	}
	w.findRuns(ends)
	var outputs []value
	for _, at := range list.Outputs {
		outputs = append(outputs, w.at(at))
	}
	if err := finish(b); err != nil {
		return nil, err
	}
	for i, v := range outputs {
		b.result(Value{Output, fmt.Sprint("output", i), v.shape, v.kind == "i32"}, v)
	}
	b.sort()
	b.m.Text = b.text()
	return b.m, nil
}

// argument adds an argument.
func (b *builder) argument(v Value) value {
	kind := b.float
	if v.IDs {
		kind = "i32"
	}
	name := fmt.Sprintf("%%%s%d", v.Role, len(b.arguments))
	x := value{name, v.Shape, kind}
	b.m.Arguments, b.arguments = append(b.m.Arguments, v), append(b.arguments, x)
	return x
}

func (b *builder) result(v Value, x value) {
	b.m.Results, b.results = append(b.m.Results, v), append(b.results, x)
}

// leaves makes arguments of weights, inputs and what the host computes.
func (b *builder) leaves(in []*tensor.Dense) error {
	for i, n := range b.nodes {
		if n.Leaf == nil || n.Leaf.Kind != compile.FromWeight {
			continue
		}
		p := b.params.Get(n.Leaf.Name)
		if p == nil {
			return errors.Errorf("stablehlo: the function reads parameter %s, which the store does not have; is it another function's?", n.Leaf.Name)
		}
		b.values[i] = b.argument(Value{Weight, n.Leaf.Name, n.Shape, false})
		b.m.weights = append(b.m.weights, p)
		b.weights[n.Leaf.Name] = b.values[i]
	}
	for i, at := range b.f.Inputs {
		v := Value{Input, fmt.Sprint("input", i), in[i].Shape(), in[i].Dtype() == tensor.Int}
		if x := b.argument(v); at >= 0 {
			b.values[at] = x
		}
	}
	for _, at := range b.m.host.read {
		n := b.nodes[at]
		b.values[at] = b.argument(Value{Drawn, fmt.Sprint("drawn", len(b.arguments)), n.Shape, n.IDs})
	}
	return nil
}

// constant is a leaf that is no argument.
func (w *writer) constant(n *listing.Node) value {
	l := n.Leaf
	switch {
	case l.IDs:
		return w.wholes(l.Value.Ints(), n.Shape)
	case l.Uniform:
		return w.full(l.Number, n.Shape...)
	case l.Value.Dtype() == tensor.Float64:
		return w.floats(l.Value.Float64s(), n.Shape)
	}
	x := make([]float64, l.Value.Shape().TotalSize())
	for i, v := range l.Value.Float32s() {
		x[i] = float64(v)
	}
	return w.floats(x, n.Shape)
}

func (b *builder) gradients() error {
	for _, s := range b.f.Stores {
		role := Gradient
		if s.Buffer {
			role = Weight
		}
		x := b.at(s.At)
		b.result(Value{role, s.Param, x.shape, false}, x)
	}
	return nil
}

// sort puts arguments and results into the order of their roles.
func (b *builder) sort() {
	order := func(values []Value) []int {
		at := make([]int, len(values))
		for i := range at {
			at[i] = i
		}
		slices.SortStableFunc(at, func(i, j int) int { return int(values[i].Role) - int(values[j].Role) })
		return at
	}
	take := func(values []Value, texts []value) ([]Value, []value) {
		var v []Value
		var t []value
		for _, i := range order(values) {
			v, t = append(v, values[i]), append(t, texts[i])
		}
		return v, t
	}
	b.m.Arguments, b.arguments = take(b.m.Arguments, b.arguments)
	b.m.Results, b.results = take(b.m.Results, b.results)
}

func (b *builder) text() string {
	arguments, names, types := make([]string, len(b.arguments)), make([]string, len(b.results)), make([]string, len(b.results))
	for i, v := range b.arguments {
		arguments[i] = v.name + ": " + v.typ()
	}
	for i, v := range b.results {
		names[i], types[i] = v.name, v.typ()
	}
	last := "return"
	if len(names) > 0 {
		last += " " + strings.Join(names, ", ") + " : " + strings.Join(types, ", ")
	}
	return fmt.Sprintf("module @unroll {\n  func.func public @main(%s) -> (%s) {\n%s    %s\n  }\n}\n",
		strings.Join(arguments, ", "), strings.Join(types, ", "), b.body.String(), last)
}
