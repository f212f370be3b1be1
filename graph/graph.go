// Package graph declares computations as symbolic Gorgonia graphs, differentiates them, and runs them fast.
//
// There are three phases. Building: a function makes nodes in a Graph; nothing is computed yet, and the first error
// sticks in the graph, with its place, until the graph is compiled. Compiling: Graph.Compile plans all memory and
// binds every node to its kernel, giving a Program. Running: Program.Run fills in the inputs and executes, without
// allocating. Func joins the three: it calls a build function once per input shape and keeps the programs.
//
// Every number that outlives a run belongs to Params, the named store of weights and gradients.
package graph

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Graph is a place to build nodes: a Gorgonia graph, seen from a scope that gives parameters their names. Scope,
// Layer, Reverse and Shared return other views of the same graph. New makes one, or a Func does; the zero Graph is of
// no use, and its methods panic.
type Graph struct {
	*core
	path   []string
	scope  string // what where says
	layer  int    // -1 outside layers
	rev    bool   // inside the reverse direction
	shared bool   // parameters that exist may be asked for again
	asked  map[string]bool

	segment int32 // of the nodes that are made, see Checkpoint

	origin compile.Origin // whose derivative is being made: the caller of the operation

	transform func(local string, w Node) Node // see Transform
	record    func(name string, n Node)       // see Recording
}

// core is what all views of one graph have in common.
type core struct {
	entries  []*entry
	room     []entry     // for more entries
	expr     *expression // nil until somebody asks for it
	params   *Params
	dtype    tensor.Dtype
	training bool
	backward bool // Grad is adding nodes
	err      error
	owners   map[*entry]*Param // of weight leaves
	weights  map[string]Node
	assigns  []assignment
	means    []mean // in the order of MeanOver
	scales   Node   // of the means, in a function of Parts
	inputs   []Node
	ops      uint32
	segments int32 // how many there are

	derivatives []derivative      // that expr does not know of yet
	outside     map[uintptr]bool  // see caller
	deep        int               // so many frames up, at most, a caller was found
	gradients   map[string]string // see gradientOf
}

// New returns an empty graph over a store, in which layers such as dropout evaluate.
func New(p *Params) *Graph { return newGraph(p, false) }

// NewTraining is New for a graph that is to be trained: dropout drops.
func NewTraining(p *Params) *Graph { return newGraph(p, true) }

func newGraph(p *Params, training bool) *Graph {
	err := p.made()
	if err != nil {
		p = NewParams(0)
	}
	return &Graph{
		core: &core{
			params: p, dtype: p.dtype, training: training, err: err,
			owners: map[*entry]*Param{}, weights: map[string]Node{}, outside: map[uintptr]bool{}, gradients: map[string]string{},
		},
		layer: -1,
		asked: map[string]bool{},
	}
}

// view returns a copy of g to change.
func (g *Graph) view() *Graph {
	v := *g
	return &v
}

// Scope returns a view in which parameter names start with name and a dot, below g's own scope.
func (g *Graph) Scope(name string) *Graph {
	v := g.view()
	v.path = append(append([]string{}, g.path...), name)
	v.scope = v.place()
	if !isWord(name) {
		v.failf("Scope", "%q is not a scope name: want one word of UTF-8 without dots, slashes or spaces", name)
	}
	return v
}

// isWord tells whether a name can be a part of a parameter's full name.
func isWord(name string) bool {
	return name != "" && !strings.ContainsAny(name, "./ \t\n") && utf8.ValidString(name)
}

// Layer returns a view in which parameter names end in _l{k}, PyTorch's way of numbering stacked recurrent layers.
func (g *Graph) Layer(k int) *Graph {
	v := g.view()
	v.layer = k
	v.scope = v.place()
	return v
}

// InLayer returns g itself inside a layer, and g.Layer(0) outside: a single recurrent layer is layer 0.
func (g *Graph) InLayer() *Graph {
	if g.layer >= 0 {
		return g
	}
	return g.Layer(0)
}

// LayerIndex is the number of the layer that g is inside of, 0 outside any.
func (g *Graph) LayerIndex() int { return max(g.layer, 0) }

// Reverse returns a view in which parameter names end in _reverse: the backward direction of a bidirectional layer.
func (g *Graph) Reverse() *Graph {
	v := g.view()
	v.rev = true
	v.scope = v.place()
	return v
}

// Shared returns a view that may ask for parameters which exist already, each of them once: the next time step of an
// unrolled cell, or the second use of a layer whose weights are meant to be shared.
func (g *Graph) Shared() *Graph {
	v := g.view()
	v.shared = true
	v.asked = map[string]bool{}
	return v
}

// Training is true while gradients will be computed, and false when evaluating.
func (g *Graph) Training() bool { return g.training }

// Params is the store the graph takes its parameters from.
func (g *Graph) Params() *Params { return g.params }

// Err is the first error that building this graph met, or nil.
func (g *Graph) Err() error { return g.err }

// name returns the full parameter name for a local one: "scope.local_l0_reverse".
func (g *Graph) name(local string) string {
	var b strings.Builder
	for _, s := range g.path {
		b.WriteString(s)
		b.WriteByte('.')
	}
	b.WriteString(local)
	if g.layer >= 0 {
		b.WriteString("_l")
		b.WriteString(strconv.Itoa(g.layer))
	}
	if g.rev {
		b.WriteString("_reverse")
	}
	return b.String()
}

// where names the scope for messages: "encoder/lstm layer 1 reverse".
func (g *Graph) where() string { return g.scope }

// place makes that name.
func (g *Graph) place() string {
	s := strings.Join(g.path, "/")
	if g.layer >= 0 {
		s = strings.TrimSpace(s + " layer " + strconv.Itoa(g.layer))
	}
	if g.rev {
		s += " reverse"
	}
	return s
}

// Param returns the parameter of that local name in g's scope. The store gives its value; if the store has none, init
// draws it. Asking twice for one name is an error, unless the view is Shared.
func (g *Graph) Param(local string, init Init, shape ...int) Node {
	n := g.parameter(local, init, shape)
	if g.transform != nil && n.Valid() {
		return g.transform(local, n)
	}
	return n
}

func (g *Graph) parameter(local string, init Init, shape []int) Node {
	name := g.name(local)
	if !isWord(local) {
		return g.failf("Param", "%q is not a parameter name: want one word of UTF-8 without dots, slashes or spaces", local)
	}
	if !g.validShape("Param "+name, shape) {
		return Node{}
	}
	if g.asked[name] {
		return g.failf("Param", "parameter %s is asked for twice in one place; %s", name, twice)
	}
	g.asked[name] = true
	if n, ok := g.weights[name]; ok {
		switch {
		case !g.shared:
			return g.failf("Param", "parameter %s exists already; %s", name, twice)
		case !slices.Equal(n.shape(), shape):
			return g.failf("Param", "parameter %s has shape %v, this use wants %v", name, n.Shape(), shape)
		}
		return n
	}
	p, err := g.params.create(name, init, shape)
	if err != nil {
		return g.failf("Param", "%v", err)
	}
	n := g.leaf(&compile.Leaf{Kind: compile.FromWeight, Name: name, Shape: op.Clone(shape), Value: p.value})
	g.owners[n.n], g.weights[name] = p, n
	return n
}

// twice is what to do about a name that is asked for twice.
const twice = `give each layer a scope of its own, g.Scope("name"), or use Graph.Shared if they are to share their weights`

// Input declares a float tensor that is given at every run. Program.Run takes inputs in the order of declaration.
func (g *Graph) Input(name string, shape ...int) Node { return g.input(name, false, shape) }

// InputIDs declares a tensor of ints (token ids, lengths) that is given at every run.
func (g *Graph) InputIDs(name string, shape ...int) Node { return g.input(name, true, shape) }

func (g *Graph) input(name string, ids bool, shape []int) Node {
	if !g.validShape("Input "+name, shape) {
		return Node{}
	}
	n := g.leaf(&compile.Leaf{Kind: compile.FromInput, Name: name, Shape: op.Clone(shape), IDs: ids})
	g.inputs = append(g.inputs, n)
	return n
}

// Const puts a fixed tensor into the graph; its numbers are copied. Float values must have the store's element type.
func (g *Graph) Const(v *tensor.Dense) Node {
	if err := dense.Check(v); err != nil {
		return g.failf("Const", "%v", err)
	}
	if d := v.Dtype(); d != g.dtype && d != tensor.Int {
		return g.failf("Const", "want %v or int, found %v", g.dtype, d)
	}
	value := dense.New(v.Dtype(), v.Shape())
	dense.Copy(value, v)
	return g.leaf(&compile.Leaf{
		Kind: compile.FromConstant, Name: "const", Shape: v.Shape().Clone(), IDs: v.Dtype() == tensor.Int, Value: value,
	})
}

// Values puts fixed numbers into the graph, rounded to its element type. No shape means one dimension.
func (g *Graph) Values(v []float64, shape ...int) Node {
	if len(shape) == 0 {
		shape = []int{len(v)}
	}
	if n, err := dense.Size(shape); err != nil || n != len(v) {
		return g.failf("Values", "%d numbers do not fill shape %v", len(v), shape)
	}
	return g.constant(&compile.Leaf{Name: "const", Shape: shape}, func(i int) float64 { return v[i] })
}

// Full returns a constant tensor with every element v; no shape means a scalar.
func (g *Graph) Full(v float64, shape ...int) Node {
	name := "const " + strconv.FormatFloat(v, 'g', -1, 64)
	leaf := &compile.Leaf{Name: name, Shape: shape, Uniform: true, Number: v}
	return g.constant(leaf, func(int) float64 { return v })
}

// constant adds a leaf whose element i is at(i).
func (g *Graph) constant(l *compile.Leaf, at func(i int) float64) Node {
	if !g.validShape("constant", l.Shape) {
		return Node{}
	}
	l.Kind, l.Shape, l.Value = compile.FromConstant, op.Clone(l.Shape), dense.New(g.dtype, l.Shape)
	dense.Fill(l.Value, at)
	return g.leaf(l)
}

// Zeros is Full with 0: an initial state, say.
func (g *Graph) Zeros(shape ...int) Node { return g.Full(0, shape...) }

// validShape reports an error for dimensions below 1, because an empty tensor has no place in a compiled program, and
// for sizes that no memory holds. Shapes of operations pass through it in apply; whoever computes with a shape before
// that, or allocates memory for it, asks earlier.
func (g *Graph) validShape(what string, shape []int) bool {
	if _, err := dense.Size(shape); err != nil {
		g.failf(what, "%v", err)
		return false
	}
	return true
}
