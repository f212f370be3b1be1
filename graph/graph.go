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

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Graph is a place to build nodes: a Gorgonia graph, seen from a scope that gives parameters their names. Scope,
// WithSuffix and Shared return other views of the same graph. New makes one, or a Func does; the zero Graph is of
// no use, and its methods panic.
type Graph struct {
	*core
	path   []string
	suffix Suffix // nil for none
	where  string // path and suffix in messages: "encoder/lstm layer 1 reverse"
	shared bool   // parameters that exist may be asked for again
	asked  map[string]bool

	segment int32 // of the nodes that are made, see Checkpoint

	origin compile.Origin // whose derivative is being made: the caller of the operation

	transform func(name string, w Node) Node // see Transform; it gets full names
	record    func(name string, n Node)      // see Recording
}

// core is what all views of one graph have in common.
type core struct {
	entries  []*entry
	room     []entry     // for more entries
	expr     *expression // nil until somebody asks for it
	params   *Params
	dtype    tensor.Dtype
	training bool
	rolled   bool // see NewRolled
	backward bool // Grad is adding nodes
	err      error
	owners   map[*entry]*Param // of weight leaves
	weights  map[string]Node
	sparse   map[*entry]bool // weights whose gradients are kept by rows
	assigns  []assignment
	means    []mean // in the order of MeanOver
	scales   Node   // of the means, in a function of Parts
	inputs   []Node
	ops      uint32
	segments int32 // how many there are

	derivatives []derivative      // that expr does not know of yet
	places      map[uintptr]place // see caller
	deep        int               // so many frames up, at most, a caller was found
	above       compile.Origin    // the caller of the Func that describes the graph; 0: there is none, or it is not known yet
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
			owners: map[*entry]*Param{}, weights: map[string]Node{}, sparse: map[*entry]bool{}, places: map[uintptr]place{},
			gradients: map[string]string{},
		},
		asked: map[string]bool{},
	}
}

// view returns a copy of g to change.
func (g *Graph) view() *Graph {
	v := *g
	return &v
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

// Param returns the parameter of that local name in g's scope. The store gives its value; if the store has none, init
// draws it. Asking twice for one name is an error, unless the view is Shared.
func (g *Graph) Param(local string, init Init, shape ...int) Node {
	n := g.parameter(local, init, shape)
	if g.transform != nil && n.Valid() {
		return g.transform(g.name(local), n)
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
	n := g.leaf(&compile.Leaf{Kind: compile.FromWeight, Name: name, Shape: op.Clone(shape), Value: p.value, Lent: p.lent, Source: p.source()})
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

// Const puts fixed numbers into the graph, which are copied. Floats are rounded to the graph's element type, so
// g.Const(graph.Floats64(weights)) is for graphs of either; ints are ids.
func (g *Graph) Const(v *tensor.Dense) Node {
	if err := dense.Check(v); err != nil {
		return g.failf("Const", "%v", err)
	}
	if v.Dtype() == tensor.Int {
		ids := dense.New(tensor.Int, v.Shape())
		dense.Copy(ids, v)
		return g.leaf(&compile.Leaf{Kind: compile.FromConstant, Name: "const", Shape: op.Clone(v.Shape()), IDs: true, Value: ids})
	}
	numbers := dense.Float64s(v)
	return g.constant(&compile.Leaf{Name: "const", Shape: v.Shape()}, func(i int) float64 { return numbers[i] })
}

// Full returns a constant tensor with every element v, such as the zeros of an initial state; no shape means a scalar.
func (g *Graph) Full(v float64, shape ...int) Node {
	if !g.validShape("Full", shape) {
		return Node{}
	}
	name := "const " + strconv.FormatFloat(v, 'g', -1, 64)
	return g.constant(&compile.Leaf{Name: name, Shape: shape, Uniform: true, Number: v}, func(int) float64 { return v })
}

// constant adds a leaf whose element i is at(i).
func (g *Graph) constant(l *compile.Leaf, at func(i int) float64) Node {
	l.Kind, l.Shape, l.Value = compile.FromConstant, op.Clone(l.Shape), dense.New(g.dtype, l.Shape)
	dense.Fill(l.Value, at)
	return g.leaf(l)
}

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
