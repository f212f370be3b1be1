package onnx

import (
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"gorgonia.org/tensor"
)

// Build adds the model to a graph: a graph.Build, so graph.NewFunc(params, model.Build) runs and trains it. in are the
// model's inputs in order; a sequence of length zero keeps its first state and gives outputs of zero. Weights are taken from the graph's store, below its scope; those that it lacks are put
// there with the file's numbers.
func (m *Model) Build(g *graph.Graph, in []graph.Node) []graph.Node {
	if m.kind == onnxpb.TensorProto_DOUBLE && g.Params().Dtype() == tensor.Float32 {
		g.Failf("onnx.Build", "the model computes in DOUBLE, the store holds float32; want one that NewParams64 made")
		return nil
	}
	values := map[string]value{}
	if !m.bindInputs(g, in, values) {
		return nil
	}
	for name, c := range m.constants {
		values[name] = value{known: c}
	}
	for _, name := range m.order {
		if w := m.plain[name]; w != nil {
			values[name] = value{node: m.param(g, w)}
		}
		if w := m.transposed[name]; w != nil {
			p := m.param(g, w)
			values[name] = value{node: g.Transpose(p), of: p}
		}
	}
	for _, n := range m.nodes {
		c := &call{node: n, g: n.scope(g), top: g, m: m, opset: m.opset}
		for i, name := range n.in {
			v, ok := values[name]
			if !ok && name != "" && m.split[name] == nil {
				c.failf("input %d (%q) was not computed", i, name)
			}
			c.in = append(c.in, v)
		}
		if g.Err() != nil {
			return nil
		}
		out := n.def.build(c)
		if g.Err() != nil {
			return nil
		}
		for i, name := range n.out {
			if name != "" && i < len(out) {
				values[name] = out[i]
			}
		}
	}
	out := make([]graph.Node, len(m.outputs))
	for i, p := range m.outputs {
		v := values[p.Name]
		switch {
		case v.node.Valid():
			out[i] = v.node
		case v.known != nil && v.known.floats != nil:
			out[i] = (&call{g: g, top: g}).constant(v.known)
		default:
			g.Failf("onnx.Build", "the output %q holds whole numbers; want floats", p.Name)
		}
	}
	return out
}

// scope is a view of the graph in which operations are labelled with the node's name.
func (n *node) scope(g *graph.Graph) *graph.Graph {
	name := clean(n.name)
	if name == "" {
		name = n.op
	}
	for _, s := range strings.Split(name, ".") {
		g = g.Scope(s)
	}
	return g
}

// bindInputs checks the given inputs against the model's, and gives them their names. Dimensions of one name must be
// equal.
func (m *Model) bindInputs(g *graph.Graph, in []graph.Node, values map[string]value) bool {
	if len(in) != len(m.inputs) {
		g.Failf("onnx.Build", "%d inputs; want %d: %v", len(in), len(m.inputs), m.inputs)
		return false
	}
	sizes := map[string]int{}
	for i, p := range m.inputs {
		n := in[i]
		shape := n.Shape()
		fits := n.IsIDs() == p.Ints && (p.Dims == nil || len(shape) == len(p.Dims))
		for k := 0; fits && k < len(p.Dims); k++ {
			d := p.Dims[k]
			size, known := sizes[d.Name]
			switch {
			case d.Size >= 0:
				fits = d.Size == shape[k]
			case d.Name != "" && known:
				fits = size == shape[k]
			case d.Name != "":
				sizes[d.Name] = shape[k]
			}
		}
		if g.Err() == nil && !fits {
			kind := "floats"
			if n.IsIDs() {
				kind = "ids"
			}
			g.Failf("onnx.Build", "input %d: want %v, found %s %v (sizes before: %v)", i, p, kind, shape, sizes)
		}
		if p.Ints {
			values[p.Name] = value{ids: &idView{base: n, shape: shape}}
		} else {
			values[p.Name] = value{node: n}
		}
	}
	return g.Err() == nil
}
