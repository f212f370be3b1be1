package models

// onnxFile has emissions, the scores of the tags, and the weights of the CRF, by which a decoder chooses.
func (m *Tagger) onnxFile() onnxFile {
	f := onnxFile{build: m.emissions, outputs: []string{"emissions"}, inputs: []port{ids("ids"), lengthsOf("lengths", "batch")}}
	if m.spells() {
		f.inputs = append(f.inputs, port{name: "characters", axes: []string{"character", "spelling"}},
			lengthsOf("character_lengths", "spelling"), ids("places"))
	}
	if !m.config.Tag.Softmax {
		f.weights = []string{"transitions", "start_transitions", "end_transitions"}
	}
	return f
}
