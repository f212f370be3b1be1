package graph

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// result is a node whose value leaves the program.
type result struct {
	node   Node
	dst    *tensor.Dense
	param  *Param // whose gradient it is, if any
	assign bool   // it is the parameter's next value, not its gradient
	byRows bool   // it is kept by rows
}

// unit is what is compiled at one time: a graph and what leaves it.
type unit struct {
	*core
	outputs []result     // what Run returns
	stores  []result     // what is written straight to memory that others own: the gradients of parameters
	weights WeightFormat // how products read weights

	precision Precision // of products
}

// rebuild makes the unit that a program was compiled from once more: the program does not keep it.
type rebuild func() (*unit, error)

// Compile plans a program that computes the given nodes. It takes memory in proportion to the number of nodes below
// them, and time a little more than that: from a few thousand steps of a cell on, twice the length takes up to 2.3
// times as long. The graph's first error, if any, comes out here.
func (g *Graph) Compile(outputs ...Node) (*Program, error) {
	if g == nil || g.core == nil {
		return nil, errors.New("graph: Compile: there is no graph: New makes one")
	}
	if g.err != nil {
		return nil, g.err
	}
	if g.rolled {
		return nil, errors.New("graph: Compile: a graph of NewRolled is for reading, not for running")
	}
	results, err := g.results(outputs)
	if err != nil {
		return nil, err
	}
	u := &unit{core: g.core, outputs: results}
	return u.compile(&compile.Memory{}, func() (*unit, error) { return u, nil })
}

// results makes a tensor for each output to be copied to.
func (c *core) results(outputs []Node) ([]result, error) {
	out := make([]result, len(outputs))
	for i, n := range outputs {
		if !n.Valid() || n.c != c || n.IsIDs() && n.n.op == nil {
			return nil, errors.Errorf("graph: output %d is %v; want a float node of this graph, or ids that it computes", i, n)
		}
		dtype := c.dtype
		if n.IsIDs() {
			dtype = tensor.Int
		}
		out[i] = result{node: n, dst: dense.New(dtype, n.shape())}
	}
	return out, nil
}

// compile plans a program with the passes that the environment chooses.
func (u *unit) compile(mem *compile.Memory, again rebuild) (*Program, error) {
	on, err := compile.Chosen()
	if err != nil {
		return nil, err
	}
	numbers := u.params.numbers
	x, err := u.executable(on, mem) // nobody reads u any more: a graph that is a Func's can go while the compiler works
	if err != nil {
		return nil, err
	}
	return newProgram(x, numbers, again), nil
}

func (u *unit) executable(on compile.PassSet, mem *compile.Memory) (*compile.Program, error) {
	if u.err != nil {
		return nil, u.err
	}
	inputs := make([]*compile.Leaf, len(u.inputs))
	for i, n := range u.inputs {
		inputs[i] = n.n.leaf
	}
	return u.lower().Build(on, inputs, len(u.outputs), mem)
}

// all lists what leaves the unit, outputs first.
func (u *unit) all() []result { return append(append([]result{}, u.outputs...), u.stores...) }

// nodes lists what the unit computes, children before parents.
func (u *unit) nodes() []Node {
	var roots []Node
	for _, r := range u.all() {
		roots = append(roots, r.node)
	}
	return reachable(roots...)
}

// lower makes the code of the unit, one value for each node.
func (u *unit) lower() *compile.Code {
	nodes, operands := u.nodes(), 0
	for _, n := range nodes {
		operands += len(n.children())
	}
	values, in := make([]compile.Value, len(nodes)), make([]*compile.Value, operands) // side by side: there may be millions
	of := make([]*compile.Value, len(u.entries))
	k := &compile.Code{
		Dtype: u.dtype, Packs: &u.params.numbers.packs, Weights: kernel.Format(u.weights), Order: make([]*compile.Value, len(nodes)),
	}
	if u.dtype == tensor.Float32 {
		k.Precision = kernel.Precision(u.precision)
	}
	for i, n := range nodes {
		e, v := n.n, &values[i]
		v.Shape, v.Name, v.Key = e.shape, n.id(), int64(i)
		switch {
		case e.leaf != nil:
			v.Leaf = e.leaf
		case e.op == nil:
			v.Op, v.Opaque = foreign{e.expr}, true
		default:
			v.Op, v.IDs, v.Path, v.Origin, v.UID = inPrecision(e.op, k.Precision), e.ids, e.path, e.origin, e.uid
			v.Backward, v.Segment = e.backward, e.segment
		}
		v.In, in = in[:len(e.in):len(e.in)], in[len(e.in):]
		for j, kid := range e.in {
			v.In[j] = of[kid.n.id]
		}
		of[e.id], k.Order[i] = v, v
	}
	for _, r := range u.all() {
		x := &compile.Exit{Value: of[r.node.n.id], Name: r.node.label(), Dst: r.dst, Own: r.param != nil && !r.assign}
		if r.byRows {
			x.Touched = r.param.touched
		}
		k.Exits = append(k.Exits, x)
	}
	k.Link()
	return k
}

// inPrecision is an operation as it is computed in a precision.
func inPrecision(o op.Op, p kernel.Precision) op.Op {
	if product, ok := o.(op.Product); ok && p != kernel.FullPrecision {
		return product.In(p)
	}
	return o
}
