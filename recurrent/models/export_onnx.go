package models

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
)

// onnxFile describes a model as a file for ONNX: a function of inputs with names.
type onnxFile struct {
	build   graph.Build
	inputs  []port
	output  string
	state   recurrent.Layer // whose state goes in behind the inputs and comes out behind the output; nil for none
	weights []string        // local names of the CRF's weights, which come out as they are
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

// write writes the file. Entry i of a state comes in as state_i_before and goes out as state_i.
func (f onnxFile) write(p *graph.Params, path string) error {
	states, err := shapesOf(f.state)
	if err != nil {
		return errors.WithMessage(err, path)
	}
	ports := slices.Clone(f.inputs)
	for i, shape := range states {
		s := port{name: fmt.Sprintf("state_%d_before", i), axes: make([]string, len(shape)), sizes: shape}
		s.axes[0] = "batch"
		ports = append(ports, s)
	}
	b := onnx.NewBuilder(p)
	var in []onnx.Value
	for _, port := range ports {
		in = append(in, port.declare(b))
	}
	for i, v := range b.Apply(f.build, in...) {
		name := f.output
		if i > 0 {
			name = fmt.Sprintf("state_%d", i-1)
		}
		b.Output(name, v)
	}
	for _, name := range f.weights {
		b.Output(name, b.Weight(crfScope+"."+name))
	}
	return b.Write(path)
}

// shapesOf are the shapes of the entries of a layer's state, for a batch of one.
func shapesOf(l recurrent.Layer) ([][]int, error) {
	if l == nil {
		return nil, nil
	}
	g := graph.New(graph.NewParams(0))
	var out [][]int
	for _, n := range l.Begin(g, 1) {
		out = append(out, n.Shape())
	}
	return out, g.Err()
}
