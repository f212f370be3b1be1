package onnx

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// dataType is the type of a tensor's elements in a file.
type dataType = onnxpb.TensorProto_DataType

// value is what a name of the model stands for while a graph is built. Exactly one of node, known, ids and list is set; none
// is for an input that was left out.
type value struct {
	node   graph.Node // floats, computed when the program runs
	known  *constant  // numbers known now
	ids    graph.Node // whole numbers that are known when the program runs
	idKind dataType   // of the ids
	list   *[]value   // a sequence of tensors, whose length is known now
	of     graph.Node // the matrix that node is the transpose of
	own    bool       // made of the file's numbers alone
	truth  bool       // node is 1 where something is true and 0 elsewhere: BOOL, in ONNX

	whole onnxpb.TensorProto_DataType // node holds whole numbers of this type, UINT8, INT8 or INT32; 0 for floats
	sums  *integerSums                // what node holds, if it is sums of products
}

func (v value) absent() bool {
	return !v.node.Valid() && v.known == nil && !v.ids.Valid() && v.list == nil
}

// isWhole tells whether a value is whole numbers, known or not.
func (v value) isWhole() bool { return v.ids.Valid() || v.known != nil && v.known.floats == nil }

// integral tells whether a value is whole numbers, also if a graph has them as floats.
func (v value) integral() bool { return v.isWhole() || v.whole != 0 && v.sums == nil }

func (v value) shape() []int {
	switch {
	case v.known != nil:
		return v.known.shape
	case v.ids.Valid():
		return v.ids.Shape()
	}
	return v.node.Shape()
}

// call is one node at work: the graph it adds to, and its inputs.
type call struct {
	*node
	g      *graph.Graph // in a scope of the node's name, for messages
	top    *graph.Graph // where the weights' names start
	m      *Model
	b      *building
	in     []value
	own    bool // all inputs are made of the file's numbers alone
	budget *budget
	opset  int
}

// elements is the type of a value's elements.
func (c *call) elements(v value) dataType {
	switch {
	case v.known != nil:
		return v.known.kind
	case v.ids.Valid():
		return v.idKind
	case v.truth:
		return onnxpb.TensorProto_BOOL
	case v.whole != 0:
		return v.whole
	}
	return c.m.kind
}

// failf records that the node cannot be built, and gives nothing.
func (c *call) failf(format string, args ...any) []value {
	what := c.node.String()
	if c.b != nil && c.b.within != "" {
		what += " in " + c.b.within
	}
	c.top.Failf(what, format, args...)
	return nil
}

// arg is the i-th input, absent when it was left out.
func (c *call) arg(i int) value {
	if i < len(c.in) {
		return c.in[i]
	}
	return value{}
}

// float gives the i-th input as a node of floats.
func (c *call) float(i int) graph.Node {
	v := c.arg(i)
	switch {
	case c.g.Err() != nil:
		return v.node
	case v.truth:
		c.failf("input %d (%q) is true or false; want floats", i, c.node.input(i))
	case v.whole != 0 && !moves[c.op]:
		c.failf("input %d (%q) holds %v; want floats", i, c.node.input(i), v.whole)
	case v.known != nil && isByte(v.known.kind) && moves[c.op]:
		return c.wholeNumbersOf(v.known)
	case v.node.Valid():
		return v.node
	case v.absent():
		c.failf("input %d is missing", i)
	case v.list != nil:
		c.failf("input %d (%q) is a sequence of tensors; want one", i, c.node.input(i))
	case v.isWhole():
		c.failf("input %d (%q) holds whole numbers; want floats", i, c.node.input(i))
	case v.known.len() == 0:
		c.failf("input %d (%q) has no elements (shape %v)", i, c.node.input(i), v.known.shape)
	default:
		return c.constant(v.known)
	}
	return graph.Node{}
}

// computedFloats gives floats, or what is true or false, as a node of the graph.
func (c *call) computedFloats(v value) graph.Node {
	switch {
	case c.g.Err() != nil || v.node.Valid():
		return v.node
	case v.known == nil || v.known.floats == nil || v.known.len() == 0:
		c.failf("whole numbers, or no tensor with elements; want floats")
		return graph.Node{}
	}
	return c.constant(v.known)
}

// constant puts known floats into the graph.
func (c *call) constant(k *constant) graph.Node {
	if !c.spend(bytesOf(k.shape)) {
		return graph.Node{}
	}
	if len(k.shape) == 0 {
		return c.g.Full(k.floats[0])
	}
	return c.g.Const(graph.Floats64(k.floats, k.shape...))
}

// ints gives the i-th input as whole numbers known now: axes, shapes, bounds.
func (c *call) ints(i int) ([]int, bool) {
	v := c.arg(i)
	if c.g.Err() != nil {
		return nil, false
	}
	if v.known == nil || v.known.floats != nil {
		c.failf("input %d (%q) is computed from the data; want whole numbers that are known before", i, c.node.input(i))
		return nil, false
	}
	return v.known.ints, true
}

// axis resolves an axis that may count from the end.
func (c *call) axis(axis, rank int) (int, bool) {
	resolved := axis
	if axis < 0 {
		resolved += rank
	}
	if resolved < 0 || resolved >= rank {
		c.failf("axis %d of a tensor with %d dimensions", axis, rank)
		return 0, false
	}
	return resolved, true
}
