package graph

import (
	"encoding/binary"
	"hash"
	"strings"

	"github.com/chewxy/hm"
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// operation is an operator as Gorgonia sees it. It implements gorgonia.SDOp.
type operation struct {
	*entry
	c *core
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
		path = g.gradientOf(path)
	}
	origin := g.origin
	if origin == 0 && !g.backward {
		origin = g.caller()
	}
	g.ops++
	return Node{g.add(entry{
		op: o, in: in, shape: shape, ids: ids, path: path, origin: origin, uid: g.ops, backward: g.backward, segment: g.segment,
	}), g.core}
}

// dtype is the element type of the result.
func (o *operation) dtype() tensor.Dtype { return o.c.dtypeOf(o.entry) }

// gradientOf is the path of the derivatives of what has a path.
func (c *core) gradientOf(path string) string {
	name, known := c.gradients[path]
	if !known {
		name = strings.TrimSuffix("gradient of "+path, " of ")
		c.gradients[path] = name
	}
	return name
}

// typeOf is Gorgonia's type for a tensor of dims dimensions.
func typeOf(dtype tensor.Dtype, dims int) hm.Type {
	if dims == 0 {
		return dtype
	}
	return gorgonia.TensorType{Dims: dims, Of: dtype}
}

// The methods below make operation a gorgonia.SDOp.

func (o *operation) String() string { return o.op.String() }

func (o *operation) Arity() int { return len(o.in) }

func (o *operation) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, n := range o.in {
		types = append(types, n.n.expr.Type())
	}
	return hm.NewFnType(append(types, typeOf(o.dtype(), len(o.shape)))...)
}

func (o *operation) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape(o.shape).Clone(), nil
}

func (o *operation) ReturnsPtr() bool { return true }

func (o *operation) CallsExtern() bool { return false }

func (o *operation) OverwritesInput() int { return -1 }

func (o *operation) Hashcode() uint32 { return uint32(o.id) }

func (o *operation) WriteHash(h hash.Hash) {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], o.Hashcode())
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
	if err := o.op.Bind(b)(); err != nil {
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
		out[i] = ruleOf(o.op).differentiable(i)
	}
	return out
}

// SymDiff is the derivative as gorgonia.Grad wants it.
func (o *operation) SymDiff(in gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	o.c.expression()
	g := &Graph{core: o.c, asked: map[string]bool{}, origin: o.origin}
	e, err := o.c.adopt(grad)
	if err != nil {
		return nil, err
	}
	grads := ruleOf(o.op).vjp(derivation{g: g, op: o.op, in: o.in, out: Node{o.entry, o.c}, grad: Node{e, o.c}})
	if g.err != nil {
		return nil, g.err
	}
	out := make(gorgonia.Nodes, len(grads))
	for i, n := range grads {
		out[i] = n.Gorgonia()
	}
	o.c.expression().registerEdges()
	return out, nil
}
