package models

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/recurrent"
)

// ExportFiles are the files that Export writes for a path: of an ONNX model two, since its encoder runs once for a source,
// and its decoder once for every token of the target: vi.encoder.onnx and vi.decoder.onnx for vi.onnx.
func (m *Translator) ExportFiles(path string) []string {
	name, ok := strings.CutSuffix(path, formatONNX)
	if !ok {
		return []string{path}
	}
	return []string{name + ".encoder" + formatONNX, name + ".decoder" + formatONNX}
}

// Export writes the model for another framework, see Formats and ExportFiles.
func (m *Translator) Export(path string) error {
	if !strings.HasSuffix(path, formatONNX) {
		return m.core.Export(path)
	}
	if err := m.draw(); err != nil {
		return err
	}
	files := m.ExportFiles(path)
	encoder, decoder, err := m.onnxFiles()
	if err != nil {
		return errors.WithMessage(err, files[0])
	}
	if err := encoder.write(m.params, files[0]); err != nil {
		return err
	}
	return decoder.write(m.params, files[1])
}

// onnxFiles are an encoder, which maps a source to the decoder's first state and, with attention, to the memory and its keys; and a
// decoder, which maps a token of each sequence, the state and these to logits and the next state, and tells where it looked.
func (m *Translator) onnxFiles() (encoder, decoder onnxFile, err error) {
	net := m.network()
	encoder = onnxFile{build: net.model.Encoding, inputs: []port{ids("ids"), lengthsOf("lengths", "batch")}}
	decoder = onnxFile{build: net.model.Decoding, inputs: []port{{name: "before", axes: []string{"batch"}}}, outputs: []string{"logits"}}
	g := graph.NewRolled(m.params)
	out := net.model.Encoding(g, []graph.Node{g.InputIDs("ids", 1, 1), g.InputIDs("lengths", 1)})
	states := net.model.States()
	for i, n := range out[:min(states, len(out))] {
		in, name := statePort(i, n.Shape())
		encoder.outputs, decoder.outputs = append(encoder.outputs, name), append(decoder.outputs, name)
		decoder.inputs = append(decoder.inputs, in)
	}
	if net.model.Attention != recurrent.NoAttention && g.Err() == nil {
		for i, name := range []string{"memory", "keys"} {
			encoder.outputs = append(encoder.outputs, name)
			decoder.inputs = append(decoder.inputs, port{name: name, axes: []string{"source", "batch", ""}, sizes: out[states+i].Shape()})
		}
		decoder.inputs = append(decoder.inputs, lengthsOf("lengths", "batch"))
		decoder.outputs = append(decoder.outputs, "attention")
	}
	return encoder, decoder, g.Err()
}

// Import replaces the model's weights by those of files that Export, or the other framework, wrote. Every weight must be
// there, with its shape; after an error nothing has changed.
func (m *Translator) Import(path string) error {
	if !strings.HasSuffix(path, formatONNX) {
		return m.core.Import(path)
	}
	if err := m.draw(); err != nil {
		return err
	}
	given := graph.NewParams(1) // draws nothing: it takes all from the files
	for _, file := range m.ExportFiles(path) {
		model, err := onnx.Read(file)
		if err != nil {
			return err
		}
		p, err := model.Params(1)
		if err != nil {
			return err
		}
		for _, t := range p.Tensors("") {
			if given.Get(t.Name) != nil {
				continue // the table of both sides
			}
			if err := given.SetAll([]graph.Named{t}); err != nil {
				return errors.Wrap(err, file)
			}
		}
	}
	return replaceAll(m.params, given, path)
}
