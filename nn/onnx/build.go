package onnx

import (
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"gorgonia.org/tensor"
)

// Build adds the model to a graph: a graph.Build, so graph.NewFunc(params, model.Build) runs and trains it. in are the
// model's inputs in order; a sequence of length zero keeps its initial state and gives outputs of zero. Weights are taken
// from the graph's store, below its scope; those that it lacks are put there with the file's numbers.
//
// A file from elsewhere cannot take any amount of memory: what all nodes give together is limited to 64 MiB and 4096
// times the bytes of the file and the inputs, and what is made of the file alone to 64 MiB and 32 times its bytes.
func (m *Model) Build(g *graph.Graph, in []graph.Node) []graph.Node {
	if !m.ready(g) {
		return nil
	}
	b := &building{m: m, g: g, budget: newBudget(m.size, in), values: map[string]value{}, tried: map[*block]error{}}
	if b.inputs(in) && b.initialisers() && b.nodes(m.nodes) {
		return b.outputs()
	}
	return nil
}

// ready reports a model that was not read, and a graph that does not compute in its type.
func (m *Model) ready(g *graph.Graph) bool {
	switch {
	case g == nil:
		return false
	case m.empty():
		g.Failf("onnx.Build", empty)
	case m.kind == onnxpb.TensorProto_DOUBLE && g.Params().Dtype() == tensor.Float32:
		g.Failf("onnx.Build", "the model computes in DOUBLE, the store holds float32; want one that NewParams64 made")
	}
	return g.Err() == nil
}

// building is a model on its way into a graph.
type building struct {
	m      *Model
	g      *graph.Graph
	budget *budget
	values map[string]value // of the names in the file, as far as they are there
	within string           // the node whose graph is built, for messages
	tried  map[*block]error // whether branches can be built, in this turn of a loop
	outer  *building        // what a branch that is only tried stands in
}

// initialisers adds weights and constants, those of branches and loops, too.
func (b *building) initialisers() bool {
	m := b.m
	for name, c := range m.constants {
		b.values[name] = value{known: c, own: true}
	}
	for _, name := range m.order {
		if w := m.plain[name]; w != nil {
			b.values[name] = value{node: m.param(b.g, w), own: true}
		}
		if w := m.transposed[name]; w != nil {
			p := m.param(b.g, w)
			b.values[name] = value{node: b.g.Transpose(p), of: p, own: true}
		}
	}
	return b.g.Err() == nil
}

// nodes adds one operator after the other.
func (b *building) nodes(list []*node) bool {
	for _, n := range list {
		if !b.node(n) {
			return false
		}
	}
	return true
}

// node adds one operator, and counts what it gives.
func (b *building) node(n *node) bool {
	c := &call{node: n, g: n.scope(b.g), top: b.g, m: b.m, b: b, budget: b.budget, opset: b.m.opset, own: true}
	for i, name := range n.in {
		v, ok := b.lookup(name)
		if !ok && name != "" && b.m.split[name] == nil {
			c.failf("input %d (%q) was not computed", i, name)
		}
		c.in = append(c.in, v)
		c.own = c.own && (v.own || v.absent())
	}
	if b.g.Err() != nil {
		return false
	}
	out := n.def.build(c)
	for i, name := range n.out {
		if b.g.Err() != nil {
			return false
		}
		if name != "" && i < len(out) {
			v := out[i]
			v.own = c.own && (v.own || n.blocks == nil)
			if moves[n.op] && i == 0 && v.node.Valid() {
				v.whole = c.arg(0).kind()
			}
			if c.counts(v) {
				b.values[name] = v
			}
		}
	}
	return b.g.Err() == nil
}

// lookup is what a name stands for.
func (b *building) lookup(name string) (value, bool) {
	v, ok := b.values[name]
	if !ok && b.outer != nil && name != "" {
		if v, ok = b.outer.lookup(name); ok {
			v = b.adopted(v)
			b.values[name] = v
		}
	}
	return v, ok
}

// outputs gives the model's outputs.
func (b *building) outputs() []graph.Node {
	out := make([]graph.Node, len(b.m.outputs))
	for i, p := range b.m.outputs {
		v := b.values[p.Name]
		c := &call{node: &node{name: p.Name, op: "output"}, g: b.g, top: b.g, m: b.m, b: b, budget: b.budget, own: v.own, in: []value{v}}
		switch {
		case v.absent() || v.list != nil:
			b.g.Failf("onnx.Build", "the output %q was not computed, or is a sequence", p.Name)
		case p.Bools:
			out[i] = c.truth(0)
		case p.bytes != 0 && v.isWhole():
			out[i] = c.wholeNode(v)
		case v.isWhole():
			out[i] = c.given(v)
		default:
			out[i] = c.computedFloats(v)
		}
	}
	return out
}

// given is whole numbers as a node that a program computes: what is given or known is copied.
func (c *call) given(v value) graph.Node {
	in := c.ids(v)
	if c.g.Err() != nil {
		return graph.Node{}
	}
	return c.g.ComputeIDs("output", v.shape(), func(dst []int, in [][]int) error { copy(dst, in[0]); return nil }, in)
}

// scope is a view of the graph in which operations are labelled with the node's name.
func (n *node) scope(g *graph.Graph) *graph.Graph {
	name := clean(n.name)
	if name == "" {
		name = n.op
	}
	for s := range strings.SplitSeq(name, ".") {
		g = g.Scope(s)
	}
	return g
}

// inputs checks the given inputs against the model's, and gives them their names. Dimensions of one name must be
// equal.
func (b *building) inputs(in []graph.Node) bool {
	m, g := b.m, b.g
	if len(in) != len(m.inputs) {
		g.Failf("onnx.Build", "%d inputs; want %d: %v", len(in), len(m.inputs), m.inputs)
		return false
	}
	sizes := map[string]int{}
	for i, p := range m.inputs {
		n := in[i]
		shape := n.Shape()
		if g.Err() == nil && !(n.Valid() && p.takes(n, sizes)) {
			kind := "floats"
			if n.IsIDs() {
				kind = "ids"
			}
			g.Failf("onnx.Build", "input %d: want %v, found %s %v (sizes before: %v)", i, p, kind, shape, sizes)
		}
		switch {
		case p.Ints:
			b.values[p.Name] = value{ids: n, idKind: p.kind}
		case p.Bools && g.Err() == nil:
			b.values[p.Name] = value{node: g.Affine(g.Equal(n, g.Full(0)), -1, 1), truth: true}
		case p.bytes != 0:
			b.values[p.Name] = value{node: wholeInput(g, n, p.bytes), whole: p.bytes}
		default:
			b.values[p.Name] = value{node: n}
		}
	}
	return g.Err() == nil
}

// takes tells whether a node has the port's type and shape, and notes the sizes that dimensions have by their names.
func (p Port) takes(n graph.Node, sizes map[string]int) bool {
	shape := n.Shape()
	if n.IsIDs() != p.Ints || p.Dims != nil && len(shape) != len(p.Dims) {
		return false
	}
	for k, d := range p.Dims {
		size, known := sizes[d.Name]
		named := d.Name != "" && d.Name != "?" // paddle2onnx calls every size that is open a question mark
		switch {
		case d.Size >= 0 && d.Size != shape[k], d.Size < 0 && named && known && size != shape[k]:
			return false
		case d.Size < 0 && named:
			sizes[d.Name] = shape[k]
		}
	}
	return true
}
