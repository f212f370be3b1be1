package pretrained

import (
	"encoding/json"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// A state is a safetensors file: the tensors of Model.Carries, by their names, and the logits of what follows.
const (
	stateFormat = "unroll state 1"
	logitsName  = "logits"
)

// Save writes what was read to a file, from which Model.OpenStream goes on: in another process, on another day.
func (s *Stream) Save(path string) error {
	if err := s.made(); err != nil {
		return err
	}
	if s.logits == nil {
		return errors.New("pretrained: Save: nothing was read yet")
	}
	tensors := []graph.Named{{Name: logitsName, Value: graph.Floats(s.logits)}}
	for i, c := range s.m.Carries() {
		tensors = append(tensors, graph.Named{Name: c.Name, Value: s.step.State()[i]})
	}
	last, err := json.Marshal(s.last)
	if err != nil {
		return errors.Wrap(err, "pretrained: Save")
	}
	return graph.WriteSafetensors(path, tensors, map[string]string{
		"format": stateFormat, "family": s.m.family.kind, "tokens": strconv.Itoa(s.tokens), "last": string(last),
	})
}

// OpenStream goes on from a state that Stream.Save wrote. It must be of a model with the same sizes; whether the weights are the
// same, it cannot tell.
func (m *Model) OpenStream(path string) (*Stream, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	s, err := m.openStream(path)
	return s, errors.Wrapf(err, "pretrained: the state in %s", path)
}

func (m *Model) openStream(path string) (*Stream, error) {
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	tokens, err := strconv.Atoi(metadata["tokens"])
	switch {
	case metadata["format"] != stateFormat:
		return nil, errors.Errorf("it has the format %q; want %q", metadata["format"], stateFormat)
	case metadata["family"] != m.family.kind:
		return nil, errors.Errorf("it is of the family %q; the model is of %q", metadata["family"], m.family.kind)
	case err != nil || tokens < 1:
		return nil, errors.Errorf("it says that %q tokens were read", metadata["tokens"])
	}
	byName := map[string]*tensor.Dense{}
	for _, t := range tensors {
		byName[t.Name] = t.Value
	}
	logits := byName[logitsName]
	if logits == nil || logits.Dtype() != tensor.Float32 || logits.Shape().TotalSize() != m.net.vocab {
		return nil, errors.Errorf("it has no logits of %d tokens", m.net.vocab)
	}
	back := firstRoom
	var state []*tensor.Dense
	for _, c := range m.Carries() {
		v := byName[c.Name]
		if v == nil || v.Dtype() != tensor.Float32 || !c.fits(v.Shape()) {
			return nil, errors.Errorf("it has no %s %v", c.Name, c.Shape)
		}
		if c.Grows {
			back = v.Shape()[0]
		}
		state = append(state, v)
	}
	s, err := m.stream(state, back)
	if err != nil {
		return nil, err
	}
	s.tokens, s.logits = tokens, append([]float32(nil), logits.Float32s()...)
	if json.Unmarshal([]byte(metadata["last"]), &s.last) != nil || len(s.last) > lastTokens {
		return nil, errors.Errorf("it says that %.40q were read last; want up to %d tokens", metadata["last"], lastTokens)
	}
	return s, nil
}

// fits tells whether a tensor of some shape can be this part of one sequence's state.
func (c Carried) fits(shape []int) bool {
	if len(shape) != len(c.Shape) {
		return false
	}
	for i, n := range shape {
		if n != c.Shape[i] && (i > 0 || !c.Grows) {
			return false
		}
	}
	return true
}
