package models

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
)

// onnxFile describes a model as a file for ONNX: a function of inputs with names.
type onnxFile struct {
	build   graph.Build
	inputs  []port
	outputs []string // their names
	weights []string // local names of the CRF's weights, which come out as they are
}

// port is an input of a file for ONNX.
type port struct {
	name    string
	axes    []string // what its dimensions are called; "" for one of a fixed size
	sizes   []int    // of numbers, the fixed sizes among them; nil for ids
	lengths bool
}

// ids are those of a batch of sequences.
func ids(name string) port { return port{name: name, axes: []string{"time", "batch"}} }

// lengthsOf are those of sequences along an axis.
func lengthsOf(name, axis string) port {
	return port{name: name, axes: []string{axis}, lengths: true}
}

// rows are numbers [time, batch, width].
func rows(name string, width int) port {
	return port{name: name, axes: []string{"time", "batch", ""}, sizes: []int{0, 0, width}}
}

// declare adds the input to a file.
func (p port) declare(b *onnx.Builder) onnx.Value {
	switch {
	case p.lengths:
		return b.LengthsOf(p.name, p.axes[0])
	case p.sizes == nil:
		return b.IDs(p.name, p.axes...)
	}
	dims := make([]onnx.Dim, len(p.axes))
	for i, name := range p.axes {
		dims[i] = onnx.Dim{Size: p.sizes[i]}
		if name != "" {
			dims[i] = onnx.Dim{Size: -1, Name: name}
		}
	}
	return b.Numbers(p.name, dims...)
}

// statePort is entry i of a state, [batch, ...], which comes in as state_i_before and goes out as state_i.
func statePort(i int, shape []int) (before port, after string) {
	after = fmt.Sprint("state_", i)
	axes := make([]string, len(shape))
	axes[0] = "batch"
	return port{name: after + "_before", axes: axes, sizes: shape}, after
}

// carried is the file with the state of a layer behind its inputs and its output.
func (f onnxFile) carried(l recurrent.Layer) onnxFile {
	g := graph.New(graph.NewParams(0))
	for i, n := range l.Begin(g, 1) {
		before, after := statePort(i, n.Shape())
		f.inputs, f.outputs = append(f.inputs, before), append(f.outputs, after)
	}
	return f
}

func (f onnxFile) write(p *graph.Params, path string) error {
	b := onnx.NewBuilder(p)
	var in []onnx.Value
	for _, port := range f.inputs {
		in = append(in, port.declare(b))
	}
	for i, v := range b.Apply(f.build, in...) {
		b.Output(f.outputs[i], v)
	}
	for _, name := range f.weights {
		b.Output(name, b.Weight(crfScope+"."+name))
	}
	return b.Write(path)
}
