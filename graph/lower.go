package graph

import (
	"github.com/pkg/errors"
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
	outputs []result // what Run returns
	stores  []result // what is written straight to memory that others own: the gradients of parameters
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
	return u.compile(&memory{}, func() (*unit, error) { return u, nil })
}

// results makes a tensor for each output to be copied to.
func (c *core) results(outputs []Node) ([]result, error) {
	out := make([]result, len(outputs))
	for i, n := range outputs {
		if !n.Valid() || n.c != c || n.IsIDs() {
			return nil, errors.Errorf("graph: output %d is %v; want a float node of this graph", i, n)
		}
		out[i] = result{node: n, dst: newDense(c.dtype, n.shape())}
	}
	return out, nil
}

// compile plans a program with the passes that the environment chooses.
func (u *unit) compile(mem *memory, again rebuild) (*Program, error) {
	on, err := chosenPasses()
	if err != nil {
		return nil, err
	}
	x, err := u.executable(on, mem)
	if err != nil {
		return nil, err
	}
	return newProgram(x, u, again), nil
}

func (u *unit) executable(on passSet, mem *memory) (*executable, error) {
	if u.err != nil {
		return nil, u.err
	}
	inputs := make([]*leaf, len(u.inputs))
	for i, n := range u.inputs {
		inputs[i] = u.leaves[n.n]
	}
	return u.lower().build(on, inputs, len(u.outputs), mem)
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
func (u *unit) lower() *code {
	of := map[*gorgonia.Node]*value{}
	k := &code{dtype: u.dtype}
	for i, n := range u.nodes() {
		v := &value{shape: n.shape(), name: n.id(), key: int64(i)}
		if l, ok := u.leaves[n.n]; ok {
			v.leaf = l
		} else {
			if o, ok := n.n.Op().(*op); ok {
				v.op, v.path, v.origin, v.uid, v.backward = o.operator, o.path, o.origin, o.uid, o.backward
			} else {
				v.op, v.opaque = foreign{n.n}, true
			}
			kids := n.children()
			v.in = make([]*value, len(kids))
			for i, kid := range kids {
				v.in[i] = of[kid.n]
			}
		}
		of[n.n] = v
		k.order = append(k.order, v)
	}
	for _, r := range u.all() {
		k.exits = append(k.exits, &exit{value: of[r.node.n], name: r.node.label(), dst: r.dst, own: r.param != nil && !r.assign})
	}
	k.link()
	return k
}
