// Package listing is how the library itself reads what a graph computes, operation by operation. Who writes a graph in another
// form, such as a file of another framework, needs that; users need not see it.
package listing

import (
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/op"
)

// Node is a leaf or an operation of a graph.
type Node struct {
	Op    op.Op         // nil for a leaf
	Leaf  *compile.Leaf // nil for an operation
	In    []int         // places of its operands in the list, which come before it
	Shape []int
	IDs   bool
	Path  string // of the scope that made it
	UID   uint32 // tells the random operations of a graph apart, see op.Binding
}

// Of lists what some []graph.Node of one graph are computed from, and the places of these. Package graph sets it; it takes
// graph's types without that this package could name them.
var Of func(nodes any) (list []Node, at []int)
