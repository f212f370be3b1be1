package models

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
)

// onnx declares the spellings as inputs: characters [character, spelling], character_lengths [spelling] and places [time,
// batch].
func (s spelling) onnx(f *onnxFlow) error {
	if s.conv {
		return errors.Errorf("ONNX: filters of characters (%s) are not written; %s takes all weights", SpellingConv, formatTorch)
	}
	if s.reader.kind.onnx == nil {
		return s.reader.kind.refused("ONNX")
	}
	x := f.Embedding(f.IDs("characters", "character", "spelling"), charactersScope)
	lengths := f.LengthsOf("character_lengths", "spelling")
	found := s.reader.kind.onnx(f.Builder, x, spellingScope, onnx.Layers{Lengths: lengths}).Last
	f.x = f.Beside(f.x, f.Rows(found, f.Tokens("places")))
	return nil
}

func (s spelling) keras() (keras.Model, error) {
	return nil, errors.Errorf("Keras has no layer that reads the characters of words; %s takes all weights", formatTorch)
}

// onnx gives the scores of the tags the name emissions, and gives out the weights of the CRF, by which a decoder chooses.
func (t tagHead) onnx(f *onnxFlow) error {
	if err := t.head.onnx(f); err != nil {
		return err
	}
	f.output = "emissions"
	if t.softmax {
		return nil
	}
	for _, name := range []string{"transitions", "start_transitions", "end_transitions"} {
		f.Output(name, f.Weight(crfScope+"."+name))
	}
	return nil
}

func (t tagHead) keras() (keras.Model, error) {
	if !t.softmax {
		return nil, errors.Errorf("Keras has no layer like a CRF; %s takes all weights", formatTorch)
	}
	return t.head.keras()
}
