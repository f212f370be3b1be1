package models

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras"
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
	for i, write := range []func(e encoderDecoder, b *onnx.Builder) error{encoderDecoder.writeEncoder, encoderDecoder.writeDecoder} {
		b := onnx.NewBuilder(m.params)
		if err := write(m.network(), b); err != nil {
			return errors.WithMessage(err, files[i])
		}
		if err := b.Write(files[i]); err != nil {
			return err
		}
	}
	return nil
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

// attended tells whether ONNX can have the attention, which looks at all steps at once.
func (e encoderDecoder) attended() error {
	switch a := e.model.Attention; {
	case e.model.InputFeeding:
		return errors.Errorf("ONNX has no layer like a decoder with input feeding; %s takes all weights", formatTorch)
	case a == recurrent.LuongConcat || a == recurrent.Bahdanau:
		return errors.Errorf("ONNX has no layer like a decoder with concat or additive attention; %s takes all weights", formatTorch)
	}
	return nil
}

// writeEncoder maps ids [time, batch] and lengths [batch] to the memory [time, batch, M] and the decoder's first states,
// [layers, batch, H] each.
func (e encoderDecoder) writeEncoder(b *onnx.Builder) error {
	r := e.encoder
	if r.kind.onnx == nil {
		return r.kind.refused("ONNX")
	}
	if err := r.plain("ONNX"); err != nil {
		return err
	}
	if err := e.attended(); err != nil {
		return err
	}
	source, _ := e.tables()
	x := b.Embedding(b.Tokens("ids"), strings.TrimSuffix(source, ".weight"))
	out := r.kind.onnx(b, x, r.scope, onnx.Layers{Lengths: b.Lengths("lengths")})
	b.Output("memory", out.Y)
	for _, s := range e.states(out) {
		v := s.value
		if r.bothWays {
			v = b.SideBySide(v)
		}
		b.Output(s.name, v)
	}
	return nil
}

// writeDecoder maps the tokens before [time, batch], the states, the memory [source, batch, M] and its lengths [batch] to
// logits [time, batch, V], the next states, and where each step looked, [batch, time, source].
func (e encoderDecoder) writeDecoder(b *onnx.Builder) error {
	r := e.decoder
	_, target := e.tables()
	table := strings.TrimSuffix(target, ".weight")
	o := onnx.Layers{Initial: []onnx.Value{}}
	x := b.Embedding(b.Tokens("before"), table)
	for _, name := range e.stateNames() {
		o.Initial = append(o.Initial, b.States(name+"_before", r.layers, r.hidden))
	}
	if e.model.Attention != recurrent.NoAttention {
		o.Memory, o.MemoryLengths = b.Memory("memory", e.encoder.output()), b.Lengths("lengths")
	}
	out := r.kind.onnx(b, x, r.scope, o)
	logits := b.Dense
	if e.model.Tied {
		logits = func(x onnx.Value, scope string) onnx.Value { return b.Tied(x, scope, table) }
	}
	b.Output("logits", logits(out.Y, headScope))
	for _, s := range e.states(out) {
		b.Output(s.name, s.value)
	}
	if e.model.Attention != recurrent.NoAttention {
		b.Output("attention", out.Attention)
	}
	return nil
}

// namedState is an entry of the decoder's state in an ONNX model.
type namedState struct {
	name  string
	value onnx.Value
}

// stateNames are those of the entries of the cell's state.
func (e encoderDecoder) stateNames() []string {
	if e.decoder.kind.name() == "lstm" {
		return []string{"h", "c"}
	}
	return []string{"h"}
}

func (e encoderDecoder) states(r onnx.Recurrent) []namedState {
	out := []namedState{{"h", r.H}}
	if len(e.stateNames()) > 1 {
		out = append(out, namedState{"c", r.C})
	}
	return out
}

func (e encoderDecoder) keras() (keras.Model, error) {
	return nil, errors.Errorf("Keras has no layer like an encoder-decoder; %s takes all weights", formatTorch)
}
