package models

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/explain"
	"gorgonia.org/tensor"
)

// Reading is what the units of a model's layers do while it reads a text.
type Reading struct {
	Pieces []string        // what each token stands for, [T]
	Layers []explain.Layer // states after each token
	Gates  []explain.Layer // of cells that have any, such as an LSTM's input, forget and output gates
}

// split puts states and gates apart.
func (r *Reading) split(all []explain.Layer) {
	r.Layers, r.Gates = nil, nil
	for _, l := range all {
		if l.Gate {
			r.Gates = append(r.Gates, l)
		} else {
			r.Layers = append(r.Layers, l)
		}
	}
}

// Property is a property of the text at the last character of each token, [T]; zeros if the property says nothing.
func (r *Reading) Property(p explain.Property) []float64 {
	var text []rune
	ends := make([]int, len(r.Pieces))
	for i, piece := range r.Pieces {
		text = append(text, []rune(piece)...)
		ends[i] = len(text) - 1
	}
	out := make([]float64, len(ends))
	if p.Of == nil {
		return out
	}
	all := p.Of(text)
	for i, at := range ends {
		if at >= 0 && at < len(all) {
			out[i] = all[at]
		}
	}
	return out
}

// watchedSteps is how long the pieces are that a language model reads a long text in.
const watchedSteps = 256

// Read reads a text from the first state on, and returns what every unit does.
func (m *LanguageModel) Read(text string) (*Reading, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	ids, err := m.vocab.Encode(text)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errors.New("models: the text has no tokens to read")
	}
	out := &Reading{}
	if out.Pieces, err = piecesOf(text, m.vocab, ids); err != nil {
		return nil, err
	}
	last := len(m.net) - 1 // the head has no say in what units do
	w, err := explain.Watch(m.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return m.net[:last].build(g, flow{x: in[0], state: in[1:]}).state
	})
	if err != nil {
		return nil, err
	}
	var all []explain.Layer
	state, err := m.State(1)
	for err == nil && len(ids) > 0 {
		n := min(len(ids), watchedSteps)
		var after []*tensor.Dense
		var layers []explain.Layer
		after, layers, err = w.Run(append([]*tensor.Dense{graph.Ints(ids[:n], n, 1)}, state...)...)
		if err != nil {
			return nil, err
		}
		state, ids = clones(after), ids[n:]
		all, err = explain.Joined(all, layers)
	}
	out.split(all)
	return out, err
}

// Read reads a text and returns what every unit does.
func (m *Classifier) Read(text string) (*Reading, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	ids, err := m.encode([]string{text})
	if err != nil {
		return nil, err
	}
	out := &Reading{}
	if out.Pieces, err = piecesOf(text, m.tokens, ids[0]); err != nil {
		return nil, err
	}
	w, err := explain.Watch(m.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{m.net.build(g, flow{x: in[0]}).x}
	})
	if err != nil {
		return nil, err
	}
	_, all, err := w.Run(graph.Ints(ids[0], len(ids[0]), 1))
	out.split(all)
	return out, err
}
