package graph

import (
	"fmt"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a value in a graph, to be computed when a program runs. The zero Node is invalid: operations on it give
// another invalid node, and the error that made the first one comes out when the graph is compiled.
type Node struct {
	n *gorgonia.Node
	c *core
}

// Valid tells whether the node stands for a value.
func (n Node) Valid() bool { return n.n != nil }

// Gorgonia gives out the Gorgonia node, nil if n is invalid. Graph.Wrap takes one in.
func (n Node) Gorgonia() *gorgonia.Node { return n.n }

// Shape returns a copy of the node's shape; nil if n is invalid.
func (n Node) Shape() []int {
	if !n.Valid() {
		return nil
	}
	return op.Clone(n.shape())
}

// Dim returns the size of one dimension; negative counts from the end, so Dim(-1) is the feature width. It is 0 if n
// is invalid or has no such dimension.
func (n Node) Dim(i int) int {
	s := n.shape()
	if i < 0 {
		i += len(s)
	}
	if i < 0 || i >= len(s) {
		return 0
	}
	return s[i]
}

// Rank is the number of dimensions, 0 for a scalar.
func (n Node) Rank() int { return len(n.shape()) }

// IsIDs tells whether the node holds ints: token ids or lengths.
func (n Node) IsIDs() bool {
	if !n.Valid() {
		return false
	}
	if l, ok := n.c.leaves[n.n]; ok {
		return l.IDs
	}
	return n.n.Dtype() == tensor.Int
}

func (n Node) String() string {
	if !n.Valid() {
		return "invalid node"
	}
	return fmt.Sprintf("%%%d %s %v", n.id(), n.label(), n.shape())
}

// shape is Shape without the copy.
func (n Node) shape() []int {
	if !n.Valid() {
		return nil
	}
	if o, ok := n.n.Op().(*operation); ok {
		return o.shape
	}
	if l, ok := n.c.leaves[n.n]; ok {
		return l.Shape
	}
	return n.n.Shape()
}

func (n Node) size() int { return op.Size(n.shape()) }

// id numbers nodes in the order of creation, so children always have smaller ids.
func (n Node) id() int64 { return n.n.ID() }

// label names what the node does, with its scope.
func (n Node) label() string {
	if o, ok := n.n.Op().(*operation); ok {
		if o.path == "" {
			return o.Op.String()
		}
		return o.Op.String() + " in " + o.path
	}
	if l, ok := n.c.leaves[n.n]; ok {
		return l.Name
	}
	return n.n.Name()
}

// children returns the nodes that n is computed from.
func (n Node) children() []Node {
	if o, ok := n.n.Op().(*operation); ok {
		return o.in
	}
	if n.n.Op() == nil {
		return nil
	}
	it := n.c.expr.From(n.n.ID())
	var out []Node
	for it != nil && it.Next() {
		out = append(out, Node{it.Node().(*gorgonia.Node), n.c})
	}
	return out
}

// newLeaf adds a node without an operation. Its Gorgonia name is unique, because Gorgonia merges leaves by name.
func (c *core) newLeaf(l *compile.Leaf) Node {
	dtype := c.dtype
	if l.IDs {
		dtype = tensor.Int
	}
	name := "%" + strconv.Itoa(len(c.leaves)) + " " + l.Name
	var n *gorgonia.Node
	if len(l.Shape) == 0 {
		n = gorgonia.NewScalar(c.expr, dtype, gorgonia.WithName(name))
	} else {
		n = gorgonia.NewTensor(c.expr, dtype, len(l.Shape), gorgonia.WithShape(l.Shape...), gorgonia.WithName(name))
	}
	c.leaves[n] = l
	return Node{n, c}
}

// Wrap takes a node that was made with Gorgonia's own functions, from nodes of this graph, so that it can be used
// with ours. It runs through its Op's Do and is differentiated by its SymDiff. Leaves need a bound value and become
// constants.
func (g *Graph) Wrap(n *gorgonia.Node) Node {
	switch {
	case n == nil:
		return g.failf("Wrap", "the Gorgonia node is nil")
	case n.Graph() != g.expr:
		return g.failf("Wrap", "node %s belongs to another graph", n.Name())
	}
	if d := n.Dtype(); d != g.dtype && d != tensor.Int {
		return g.failf("Wrap", "node %s has type %v; want %v or int", n.Name(), d, g.dtype)
	}
	if !g.validShape("Wrap", n.Shape()) {
		return Node{}
	}
	if err := g.adopt(n); err != nil {
		return g.failf("Wrap", "%v", err)
	}
	return Node{n, g.core}
}

// adopt registers the foreign leaves below n as constants.
func (c *core) adopt(n *gorgonia.Node) error {
	if _, ours := n.Op().(*operation); ours || c.leaves[n] != nil {
		return nil
	}
	kids := Node{n, c}.children()
	for _, k := range kids {
		if err := c.adopt(k.n); err != nil {
			return err
		}
	}
	if len(kids) > 0 {
		return nil
	}
	v := n.Value()
	if v == nil {
		return errors.Errorf("leaf %s has no value", n.Name())
	}
	d, ok := v.(*tensor.Dense)
	if !ok { // a Gorgonia scalar
		d = tensor.New(tensor.FromScalar(v.Data()))
	}
	if err := dense.Check(d); err != nil {
		return errors.Wrapf(err, "leaf %s", n.Name())
	}
	c.leaves[n] = &compile.Leaf{Kind: compile.FromConstant, Name: n.Name(), Shape: n.Shape(), IDs: d.Dtype() == tensor.Int, Value: d}
	return nil
}

// Expr gives out the Gorgonia graph, complete with edges, to be inspected or run by Gorgonia's own machines. The
// values of parameters and constants are bound to their nodes.
func (g *Graph) Expr() *gorgonia.ExprGraph {
	g.registerEdges()
	for n, l := range g.leaves {
		if l.Value != nil && n.Op() == nil {
			if err := gorgonia.UnsafeLet(n, l.Value); err != nil {
				g.failf("Expr", "leaf %s: %v", l.Name, err)
			}
		}
	}
	return g.expr
}
