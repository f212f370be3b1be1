package onnx

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// value is what a name of the model stands for while a graph is built. Exactly one of node, known and ids is set; none
// is for an input that was left out.
type value struct {
	node  graph.Node // floats, computed when the program runs
	known *constant  // numbers known now
	ids   *idView    // whole numbers that are given when the program runs
	of    graph.Node // the matrix that node is the transpose of
	own   bool       // made of the file's numbers alone
	truth bool       // node is 1 where something is true and 0 elsewhere: BOOL, in ONNX

	whole onnxpb.TensorProto_DataType // node holds whole numbers of this type, UINT8, INT8 or INT32; 0 for floats
	sums  *integerSums                // what node holds, if it is sums of products
}

// idView is an input of ids, looked at through operations on its shape. Ids are only ever used to look rows of a
// table up, and looking up first and changing the shape then gives the same, so the operations wait for the rows.
type idView struct {
	base  graph.Node
	shape []int
	ops   []reshaping
}

// reshaping changes the leading axes of x, leaving the last ones, tail, as they are.
type reshaping func(x graph.Node, tail []int) graph.Node

func (v value) absent() bool { return !v.node.Valid() && v.known == nil && v.ids == nil }

func (v value) shape() []int {
	switch {
	case v.known != nil:
		return v.known.shape
	case v.ids != nil:
		return v.ids.shape
	}
	return v.node.Shape()
}

// reshaped applies an operation on the shape, whose result has the given one.
func (v value) reshaped(shape []int, f reshaping) value {
	if v.ids != nil {
		ops := append(append([]reshaping{}, v.ids.ops...), f)
		return value{ids: &idView{base: v.ids.base, shape: shape, ops: ops}}
	}
	return value{node: f(v.node, nil), truth: v.truth}
}

// call is one node at work: the graph it adds to, and its inputs.
type call struct {
	*node
	g      *graph.Graph // in a scope of the node's name, for messages
	top    *graph.Graph // where the weights' names start
	m      *Model
	in     []value
	own    bool // all inputs are made of the file's numbers alone
	budget *budget
	opset  int
}

// rows looks the ids up in a table.
func (c *call) rows(v *idView, table graph.Node) graph.Node {
	x := c.g.GatherFromEnd(table, v.base)
	if c.g.Err() != nil {
		return graph.Node{}
	}
	return c.looked(v, x, table.Shape()[1:])
}

// looked gives x, which has a tail of numbers for each of the ids, the shape that the ids have after all operations.
func (c *call) looked(v *idView, x graph.Node, tail []int) graph.Node {
	for _, op := range v.ops {
		if c.g.Err() != nil || !c.spend(bytesOf(x.Shape())) {
			return graph.Node{}
		}
		x = op(x, tail)
	}
	return x
}

// failf records that the node cannot be built, and gives nothing.
func (c *call) failf(format string, args ...any) []value {
	c.top.Failf(c.node.String(), format, args...)
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
	case v.ids != nil || v.known.floats == nil:
		c.failf("input %d (%q) holds whole numbers; want floats", i, c.node.input(i))
	default:
		return c.constant(v.known)
	}
	return graph.Node{}
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
