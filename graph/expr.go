package graph

import (
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// expression is a graph as Gorgonia sees it. It is made when somebody asks for it, node by node in the order of creation:
// Gorgonia's nodes take more memory, and more time to make, than all that this package knows of them.
type expression struct {
	graph   *gorgonia.ExprGraph
	scratch *gorgonia.ExprGraph // where prototypes live, see prototype
	protos  map[prototypeOf]*gorgonia.Node
	known   map[*gorgonia.Node]*entry
	made    int // how many of the entries have their node
	leaves  int // how many of those are leaves
	edges   int // how many of the graph's nodes have had their edges registered
}

// derived notes the gradient of the loss with respect to a node, for Gorgonia.
func (c *core) derived(of, grad Node) {
	c.derivatives = append(c.derivatives, derivative{of.n, grad.n})
}

// derivative says that a node is the gradient of the loss with respect to another.
type derivative struct{ of, grad *entry }

// expression is the graph's, with a node for each entry.
func (c *core) expression() *expression {
	if c.expr == nil {
		c.expr = &expression{
			graph: gorgonia.NewGraph(), scratch: gorgonia.NewGraph(),
			protos: map[prototypeOf]*gorgonia.Node{}, known: map[*gorgonia.Node]*entry{},
		}
	}
	x := c.expr
	for ; x.made < len(c.entries); x.made++ {
		switch e := c.entries[x.made]; {
		case e.expr != nil: // Gorgonia's own
		case e.op != nil:
			x.note(e, c.newNode(e))
		default:
			x.note(e, c.newLeaf(e))
		}
	}
	for _, d := range c.derivatives {
		gorgonia.SetDerivOf(d.grad.expr, d.of.expr)
	}
	c.derivatives = nil
	return x
}

func (x *expression) note(e *entry, n *gorgonia.Node) { e.expr, x.known[n] = n, e }

// newLeaf makes a node without an operation. Its name is unique, because Gorgonia merges leaves by name.
func (c *core) newLeaf(e *entry) *gorgonia.Node {
	dtype := c.dtypeOf(e)
	name := gorgonia.WithName("%" + strconv.Itoa(c.expr.leaves) + " " + e.leaf.Name)
	c.expr.leaves++
	if len(e.shape) == 0 {
		return gorgonia.NewScalar(c.expr.graph, dtype, name)
	}
	return gorgonia.NewTensor(c.expr.graph, dtype, len(e.shape), gorgonia.WithShape(e.shape...), name)
}

// newNode makes a node for an operation and adds it to Gorgonia's graph in constant time.
//
// Gorgonia's own way (ApplyOp, NewUniqueNode) searches all nodes for every edge it adds, so a graph of n nodes takes
// n² steps: seconds for an LSTM over a few hundred time steps. Instead, a node is cloned from a prototype of its type
// that no graph contains, and added without edges; the children are known to the node, and registerEdges supplies
// the edges when somebody asks for the Gorgonia graph.
//
// Gorgonia merges nodes whose 32-bit hashes collide when their operations' hash codes are equal too. Ours number
// themselves, so that no two are.
func (c *core) newNode(e *entry) *gorgonia.Node {
	n := c.prototype(prototypeOf{c.dtypeOf(e), len(e.shape)}).Clone().(*gorgonia.Node)
	gorgonia.WithOp(&operation{e, c})(n)
	if len(e.shape) > 0 {
		gorgonia.WithShape(e.shape...)(n)
	}
	if len(e.in) > 0 {
		kids := make(gorgonia.Nodes, len(e.in))
		for i, k := range e.in {
			kids[i] = k.n.expr
		}
		gorgonia.WithChildren(kids)(n)
	}
	gorgonia.In(c.expr.graph)(n)
	if c.expr.graph.AddNode(n) != n {
		panic("graph: Gorgonia merged two nodes with different operations") // ids rule it out
	}
	return n
}

// dtypeOf is the type of an entry's elements.
func (c *core) dtypeOf(e *entry) tensor.Dtype {
	if e.ids {
		return tensor.Int
	}
	return c.dtype
}

// prototypeOf says what a prototype is of.
type prototypeOf struct {
	dtype tensor.Dtype
	dims  int
}

// prototype returns a node of an element type and a number of dimensions that was never hashed, which only the moment
// of construction can give: the option below runs inside Gorgonia's constructor.
func (c *core) prototype(of prototypeOf) *gorgonia.Node {
	p := c.expr.protos[of]
	if p == nil {
		scratch := c.expr.scratch
		gorgonia.NewUniqueNode(gorgonia.In(scratch), gorgonia.WithType(typeOf(of.dtype, of.dims)), gorgonia.WithName("prototype"),
			func(n *gorgonia.Node) { p = n.Clone().(*gorgonia.Node) })
		gorgonia.In(scratch)(p)
		gorgonia.WithName("")(p)
		c.expr.protos[of] = p
	}
	return p
}

// registerEdges tells Gorgonia about the edges of the nodes added since the last call.
func (x *expression) registerEdges() {
	all := x.graph.AllNodes()
	for ; x.edges < len(all); x.edges++ {
		n := all[x.edges]
		if o, ok := n.Op().(*operation); ok {
			for _, k := range o.in {
				x.graph.SetEdge(x.graph.Edge(n.ID(), k.n.expr.ID()))
			}
		}
	}
}

// Gorgonia gives out the Gorgonia node, nil if n is invalid. Graph.Wrap takes one in.
func (n Node) Gorgonia() *gorgonia.Node {
	if !n.Valid() {
		return nil
	}
	n.c.expression()
	return n.n.expr
}

// Wrap takes a node that was made with Gorgonia's own functions, from nodes of this graph, so that it can be used
// with ours. It runs through its Op's Do and is differentiated by its SymDiff. Leaves need a bound value and become
// constants.
func (g *Graph) Wrap(n *gorgonia.Node) Node {
	switch {
	case n == nil:
		return g.failf("Wrap", "the Gorgonia node is nil")
	case n.Graph() != g.expression().graph:
		return g.failf("Wrap", "node %s belongs to another graph", n.Name())
	}
	if d := n.Dtype(); d != g.dtype && d != tensor.Int {
		return g.failf("Wrap", "node %s has type %v; want %v or int", n.Name(), d, g.dtype)
	}
	if !g.validShape("Wrap", n.Shape()) {
		return Node{}
	}
	e, err := g.adopt(n)
	if err != nil {
		return g.failf("Wrap", "%v", err)
	}
	return Node{e, g.core}
}

// adopt makes entries of Gorgonia's own nodes, operands first; leaves become constants.
func (c *core) adopt(n *gorgonia.Node) (*entry, error) {
	if e := c.expr.known[n]; e != nil {
		return e, nil
	}
	var in []Node
	for _, k := range childrenOf(c.expr.graph, n) {
		e, err := c.adopt(k)
		if err != nil {
			return nil, err
		}
		in = append(in, Node{e, c})
	}
	var leaf *compile.Leaf
	if len(in) == 0 {
		d, err := valueOf(n)
		if err != nil {
			return nil, errors.Wrapf(err, "leaf %s", n.Name())
		}
		leaf = &compile.Leaf{Kind: compile.FromConstant, Name: n.Name(), Shape: n.Shape(), IDs: d.Dtype() == tensor.Int, Value: d}
	}
	e := c.add(entry{leaf: leaf, in: in, shape: n.Shape(), ids: n.Dtype() == tensor.Int})
	c.expr.note(e, n)
	return e, nil
}

// childrenOf lists the nodes that one of Gorgonia's is computed from.
func childrenOf(g *gorgonia.ExprGraph, n *gorgonia.Node) (out []*gorgonia.Node) {
	if n.Op() == nil {
		return nil
	}
	for it := g.From(n.ID()); it != nil && it.Next(); {
		out = append(out, it.Node().(*gorgonia.Node))
	}
	return out
}

// valueOf is the value of one of Gorgonia's leaves.
func valueOf(n *gorgonia.Node) (*tensor.Dense, error) {
	v := n.Value()
	if v == nil {
		return nil, errors.New("it has no value")
	}
	d, ok := v.(*tensor.Dense)
	if !ok { // a Gorgonia scalar
		d = tensor.New(tensor.FromScalar(v.Data()))
	}
	return d, dense.Check(d)
}

// Expr gives out the Gorgonia graph, complete with edges, to be inspected or run by Gorgonia's own machines. The
// values of parameters and constants are bound to their nodes.
func (g *Graph) Expr() *gorgonia.ExprGraph {
	x := g.expression()
	x.registerEdges()
	for _, e := range g.entries {
		if e.leaf != nil && e.leaf.Value != nil && e.expr.Op() == nil {
			if err := gorgonia.UnsafeLet(e.expr, e.leaf.Value); err != nil {
				g.failf("Expr", "leaf %s: %v", e.leaf.Name, err)
			}
		}
	}
	return x.graph
}
