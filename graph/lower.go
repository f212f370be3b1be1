package graph

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// result is a node whose value leaves the program.
type result struct {
	node   Node
	dst    *tensor.Dense
	param  *Param // whose gradient it is, if any
	assign bool   // it is the parameter's next value, not its gradient
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
// them, and time a little more than that: from a few thousand steps of a cell on, twice the length takes up to two and a
// half times as long. The graph's first error, if any, comes out here.
func (g *Graph) Compile(outputs ...Node) (*Program, error) {
	if g == nil || g.core == nil {
		return nil, errors.New("graph: Compile: there is no graph: New makes one")
	}
	if g.err != nil {
		return nil, g.err
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
		if !n.Valid() || n.c != c || n.IsIDs() {
			return nil, errors.Errorf("graph: output %d is %v; want a float node of this graph", i, n)
		}
		out[i] = result{node: n, dst: dense.New(c.dtype, n.shape())}
	}
	return out, nil
}

// compile plans a program with the passes that the environment chooses.
func (u *unit) compile(mem *compile.Memory, again rebuild) (*Program, error) {
	on, err := compile.Chosen()
	if err != nil {
		return nil, err
	}
	x, err := u.executable(on, mem)
	if err != nil {
		return nil, err
	}
	return newProgram(x, u, again), nil
}

func (u *unit) executable(on compile.PassSet, mem *compile.Memory) (*compile.Program, error) {
	if u.err != nil {
		return nil, u.err
	}
	inputs := make([]*compile.Leaf, len(u.inputs))
	for i, n := range u.inputs {
		inputs[i] = u.leaves[n.n]
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
	of := map[*gorgonia.Node]*compile.Value{}
	k := &compile.Code{Dtype: u.dtype, Packs: &u.params.numbers.packs, Weights: kernel.Format(u.weights)}
	if u.dtype == tensor.Float32 {
		k.Precision = kernel.Precision(u.precision)
	}
	for i, n := range u.nodes() {
		v := &compile.Value{Shape: n.shape(), Name: n.id(), Key: int64(i)}
		if l, ok := u.leaves[n.n]; ok {
			v.Leaf = l
		} else {
			if o, ok := n.n.Op().(*operation); ok {
				v.Op, v.Path, v.Origin, v.UID, v.Backward = inPrecision(o.Op, k.Precision), o.path, o.origin, o.uid, o.backward
			} else {
				v.Op, v.Opaque = foreign{n.n}, true
			}
			kids := n.children()
			v.In = make([]*compile.Value, len(kids))
			for i, kid := range kids {
				v.In[i] = of[kid.n]
			}
		}
		of[n.n] = v
		k.Order = append(k.Order, v)
	}
	for _, r := range u.all() {
		k.Exits = append(k.Exits, &compile.Exit{Value: of[r.node.n], Name: r.node.label(), Dst: r.dst, Own: r.param != nil && !r.assign})
	}
	k.Link()
	return k
}

// inPrecision is an operation as it is computed in a precision.
func inPrecision(o op.Op, p kernel.Precision) op.Op {
	switch o := o.(type) {
	case op.MatMul:
		o.Precision = p
		return o
	case op.BatchMatMul:
		o.Precision = p
		return o
	}
	return o
}
