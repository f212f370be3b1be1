package graph

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/gorgonia"
)

// Node is a value in a graph, to be computed when a program runs. The zero Node is invalid: operations on it give
// another invalid node, and the error that made the first one comes out when the graph is compiled.
type Node struct {
	n *entry
	c *core
}

// entry is what a graph knows of a node: a leaf, an operation, or one of Gorgonia's own operations, which has neither.
type entry struct {
	op       op.Op
	leaf     *compile.Leaf
	in       []Node
	shape    []int
	id       int            // its place in the order of creation: operands have smaller ones
	path     string         // scope, for messages and printing
	origin   compile.Origin // who made it
	uid      uint32         // numbers the operations; one that is computed again has the number, and the random masks, of the first
	segment  int32          // see Checkpoint; 0 outside
	ids      bool           // it holds ints
	backward bool           // Grad made it

	expr *gorgonia.Node // nil until somebody asks for the graph's expression, except for Gorgonia's own
}

// add puts an entry into the graph. Entries lie together in memory: a long sequence has millions of them.
func (c *core) add(e entry) *entry {
	if len(c.room) == 0 {
		c.room = make([]entry, min(max(len(c.entries), 32), 1024))
	}
	at := &c.room[0]
	c.room = c.room[1:]
	e.id = len(c.entries)
	*at = e
	c.entries = append(c.entries, at)
	return at
}

// Valid tells whether the node stands for a value.
func (n Node) Valid() bool { return n.n != nil }

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
func (n Node) IsIDs() bool { return n.Valid() && n.n.ids }

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
	return n.n.shape
}

func (n Node) size() int { return op.Size(n.shape()) }

// id numbers nodes in the order of creation, so children always have smaller ids.
func (n Node) id() int64 { return int64(n.n.id) }

// label names what the node does, with its scope.
func (n Node) label() string {
	switch e := n.n; {
	case e.leaf != nil:
		return e.leaf.Name
	case e.op == nil:
		return e.expr.Name()
	case e.path == "":
		return e.op.String()
	default:
		return e.op.String() + " in " + e.path
	}
}

// children returns the nodes that n is computed from.
func (n Node) children() []Node { return n.n.in }

// leaf adds a node without an operation.
func (c *core) leaf(l *compile.Leaf) Node {
	return Node{c.add(entry{leaf: l, shape: l.Shape, ids: l.IDs}), c}
}
