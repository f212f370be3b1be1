package compile

import (
	"gorgonia.org/tensor"
)

// LeafKind tells where a leaf's numbers come from.
type LeafKind uint8

const (
	Input    LeafKind = iota // given at every run
	Weight                   // owned by Params
	Constant                 // fixed when the graph is built
)

// Leaf is a node without an operation.
type Leaf struct {
	Kind  LeafKind
	Name  string
	Shape []int
	Ids   bool
	Value *tensor.Dense // constLeaf: the constant; weightLeaf: the parameter's value

	Uniform bool    // a constant that is one number everywhere, which its name tells
	Number  float64 // of a uniform constant, as it was before it was rounded to the graph's element type
}
