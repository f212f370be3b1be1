package graph

import (
	"encoding/binary"
	"hash"
	"strings"

	"github.com/chewxy/hm"
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// operation is an operator in a graph: what Gorgonia sees. It implements gorgonia.SDOp.
type operation struct {
	op.Op
	c      *core
	in     []Node
	shape  []int
	ids    bool           // the result is ids
	path   string         // scope, for messages and printing
	origin compile.Origin // who made it
	uid    uint32

	backward bool // Grad made it
}

var _ gorgonia.SDOp = (*operation)(nil)

// apply adds a node to the graph. Invalid inputs give an invalid node; so does a graph that holds an error. Every
// operation's shape is checked here.
func (g *Graph) apply(o op.Op, shape []int, in ...Node) Node { return g.addNode(o, false, shape, in) }

// applyIDs is apply for operations whose results are ids.
func (g *Graph) applyIDs(o op.Op, shape []int, in ...Node) Node { return g.addNode(o, true, shape, in) }

func (g *Graph) addNode(o op.Op, ids bool, shape []int, in []Node) Node {
	if g.err != nil {
		return Node{}
	}
	if _, err := dense.Size(shape); err != nil {
		return g.failf(o.String(), "%v", err)
	}
	path := g.where
	if g.backward {
		path = strings.TrimSuffix("gradient of "+path, " of ")
	}
	origin := g.origin
	if origin == 0 && !g.backward {
		origin = g.caller()
	}
	return g.newNode(&operation{Op: o, c: g.core, in: in, shape: shape, ids: ids, path: path, origin: origin, backward: g.backward})
}

// newNode makes a Gorgonia node for o and adds it to the graph in constant time.
//
// Gorgonia's own way (ApplyOp, NewUniqueNode) searches all nodes for every edge it adds, so a graph of n nodes takes
// n² steps: seconds for an LSTM over a few hundred time steps. Instead, a node is cloned from a prototype of its type
// that no graph contains, and added without edges; the children are known to the node, and registerEdges supplies
// the edges when somebody asks for the Gorgonia graph.
//
// Gorgonia merges nodes whose 32-bit hashes collide when their operations' hash codes are equal too. Ours number
// themselves, so that no two are.
func (c *core) newNode(o *operation) Node {
	c.ops++
	o.uid = c.ops
	n := c.prototype(o.dtype(), len(o.shape)).Clone().(*gorgonia.Node)
	gorgonia.WithOp(o)(n)
	if len(o.shape) > 0 {
		gorgonia.WithShape(o.shape...)(n)
	}
	if len(o.in) > 0 {
		kids := make(gorgonia.Nodes, len(o.in))
		for i, k := range o.in {
			kids[i] = k.n
		}
		gorgonia.WithChildren(kids)(n)
	}
	gorgonia.In(c.expr)(n)
	if c.expr.AddNode(n) != n {
		panic("graph: Gorgonia merged two nodes with different operations") // uid rules it out
	}
	return Node{n, c}
}

// dtype is the element type of the result.
func (o *operation) dtype() tensor.Dtype {
	if o.ids {
		return tensor.Int
	}
	return o.c.dtype
}

// prototype returns a node with the given element type and number of dimensions that was never hashed, which only the
// moment of construction can give: the option below runs inside Gorgonia's constructor.
func (c *core) prototype(dtype tensor.Dtype, dims int) *gorgonia.Node {
	at := prototypeOf{dtype == tensor.Int, dims}
	p := c.protos[at]
	if p == nil {
		gorgonia.NewUniqueNode(gorgonia.In(c.scratch), gorgonia.WithType(typeOf(dtype, dims)), gorgonia.WithName("prototype"),
			func(n *gorgonia.Node) { p = n.Clone().(*gorgonia.Node) })
		gorgonia.In(c.scratch)(p)
		gorgonia.WithName("")(p)
		c.protos[at] = p
	}
	return p
}

// prototypeOf says what a prototype is of.
type prototypeOf struct {
	ids  bool
	dims int
}

// registerEdges tells Gorgonia about the edges of the nodes added since the last call.
func (c *core) registerEdges() {
	all := c.expr.AllNodes()
	for ; c.edges < len(all); c.edges++ {
		n := all[c.edges]
		if o, ok := n.Op().(*operation); ok {
			for _, k := range o.in {
				c.expr.SetEdge(c.expr.Edge(n.ID(), k.n.ID()))
			}
		}
	}
}

// typeOf is Gorgonia's type for a tensor of dims dimensions.
func typeOf(dtype tensor.Dtype, dims int) hm.Type {
	if dims == 0 {
		return dtype
	}
	return gorgonia.TensorType{Dims: dims, Of: dtype}
}

// The methods below make op a gorgonia.SDOp.

func (o *operation) Arity() int { return len(o.in) }

func (o *operation) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, n := range o.in {
		types = append(types, n.n.Type())
	}
	return hm.NewFnType(append(types, typeOf(o.dtype(), len(o.shape)))...)
}

func (o *operation) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape(o.shape).Clone(), nil
}

func (o *operation) ReturnsPtr() bool { return true }

func (o *operation) CallsExtern() bool { return false }

func (o *operation) OverwritesInput() int { return -1 }

func (o *operation) Hashcode() uint32 { return o.uid }

func (o *operation) WriteHash(h hash.Hash) {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], o.uid)
	h.Write(b[:])
}

// Do computes the operation into a new tensor: how Gorgonia's own machines run it.
func (o *operation) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	if len(in) != len(o.in) {
		return nil, errors.Errorf("%s: want %d inputs, found %d", o, len(o.in), len(in))
	}
	out := dense.New(o.dtype(), o.shape)
	b := &op.Binding{F64: o.c.dtype == tensor.Float64, Out: op.Of(out), Seed: new(uint64), Node: o.uid}
	for i, v := range in {
		d, ok := v.(*tensor.Dense)
		if !ok { // a Gorgonia scalar
			d = tensor.New(tensor.FromScalar(v.Data()))
		}
		x := op.Of(d)
		x.Shape = o.in[i].shape()
		b.In = append(b.In, x)
	}
	if err := o.Bind(b)(); err != nil {
		return nil, errors.Wrap(err, o.String())
	}
	if len(o.shape) == 0 { // Gorgonia's machines expect its own scalars
		switch {
		case o.ids:
			return gorgonia.NewI(out.Ints()[0]), nil
		case b.F64:
			return gorgonia.NewF64(out.Float64s()[0]), nil
		}
		return gorgonia.NewF32(out.Float32s()[0]), nil
	}
	return out, nil
}

func (o *operation) DiffWRT(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = ruleOf(o.Op).differentiable(i)
	}
	return out
}

// SymDiff is the derivative as gorgonia.Grad wants it.
func (o *operation) SymDiff(in gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	g := &Graph{core: o.c, asked: map[string]bool{}, origin: o.origin}
	wrapped := make([]Node, len(in))
	for i, n := range in {
		wrapped[i] = Node{n, o.c}
	}
	grads := ruleOf(o.Op).vjp(derivation{g: g, op: o.Op, in: wrapped, out: Node{output, o.c}, grad: Node{grad, o.c}})
	if g.err != nil {
		return nil, g.err
	}
	out := make(gorgonia.Nodes, len(grads))
	for i, n := range grads {
		out[i] = n.n
	}
	o.c.registerEdges()
	return out, nil
}
