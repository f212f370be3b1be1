package onnx

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
	"gorgonia.org/tensor"
)

// Write writes the model, with the weights of a store that Params or Build filled, to an ONNX file. Graph, names and
// metadata stay as they were read; a store whose weights have not changed gives the same numbers, bit by bit. The file
// appears whole or not at all, replacing one that is there, and holds all weights itself, which ONNX limits to 2 GiB.
func (m *Model) Write(path string, p *graph.Params) error {
	if m.empty() {
		return errors.Errorf("onnx: write %s: %s", path, empty)
	}
	if p == nil {
		return errors.Errorf("onnx: write %s: the store of weights is nil", path)
	}
	file, err := m.withWeights(p)
	if err != nil {
		return errors.Wrapf(err, "onnx: write %s", path)
	}
	data, err := encoded(file)
	if err == nil {
		err = atomicfile.WriteBytes(path, data)
	}
	return errors.Wrapf(err, "onnx: write %s", path)
}

// encoded are the bytes of a file, the same ones for the same model.
func encoded(file *onnxpb.ModelProto) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(file)
}

// withWeights returns a copy of the file with the store's numbers in the initialisers.
func (m *Model) withWeights(p *graph.Params) (*onnxpb.ModelProto, error) {
	changed := map[string]*constant{}
	for _, w := range m.weights {
		q := p.Get(w.name)
		switch {
		case q == nil:
			return nil, errors.Errorf("the store has no parameter %s", w.name)
		case !slices.Equal(q.Shape(), w.shape):
			return nil, errors.Errorf("parameter %s: want shape %v, found %v", w.name, w.shape, q.Shape())
		case p.Dtype() != m.dtype():
			return nil, errors.Errorf("the store holds %v, the model %v", p.Dtype(), m.kind)
		}
		to := changed[w.file]
		if to == nil {
			to = &constant{kind: w.source.kind, shape: w.source.shape, floats: slices.Clone(w.source.floats)}
			changed[w.file] = to
		}
		for i, v := range floats64(weights.Of(q)) {
			to.floats[w.at(i)] = v
		}
	}
	file := proto.Clone(m.proto).(*onnxpb.ModelProto)
	m.fill(file.Graph, m.proto.Graph, changed)
	return file, nil
}

// fill puts weights and constants into a copy of a graph, and of those that its nodes run. A tensor's data may have been in
// another file.
func (m *Model) fill(to, from *onnxpb.GraphProto, changed map[string]*constant) {
	tensor := func(t *onnxpb.TensorProto) *onnxpb.TensorProto {
		name := m.places[t]
		c := changed[name]
		if c == nil {
			c = m.constants[name]
		}
		if c == nil {
			return proto.Clone(t).(*onnxpb.TensorProto)
		}
		out := c.tensorProto(t.Name)
		out.DocString, out.MetadataProps = t.DocString, t.MetadataProps
		return out
	}
	for i, t := range from.Initializer {
		to.Initializer[i] = tensor(t)
	}
	for i, n := range from.Node {
		for k, a := range n.Attribute {
			switch {
			case a.G != nil:
				m.fill(to.Node[i].Attribute[k].G, a.G, changed)
			case m.places[a.T] != "":
				to.Node[i].Attribute[k].T = tensor(a.T)
			}
		}
	}
}

// dtype is the model's float type in the terms of a store.
func (m *Model) dtype() tensor.Dtype {
	if m.kind == onnxpb.TensorProto_DOUBLE {
		return tensor.Float64
	}
	return tensor.Float32
}

// floats64 widens a parameter's numbers.
func floats64(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return t.Float64s()
	}
	out := make([]float64, len(t.Float32s()))
	for i, v := range t.Float32s() {
		out[i] = float64(v)
	}
	return out
}
