package models

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	gradients "github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/recurrent"
)

// GradientFlow measures how the gradient of the loss for a label travels back through a text; for the likeliest label if
// it is empty. Nothing is dropped out on the way.
func (m *Classifier) GradientFlow(text, label string) (*gradients.Report, error) {
	if label == "" {
		found, err := m.Predict([]string{text})
		if err != nil {
			return nil, err
		}
		label = found[0].Label
	}
	if err := m.draw(); err != nil {
		return nil, err
	}
	class, ok := slices.BinarySearch(m.labels, label)
	if !ok {
		return nil, errors.Errorf("models: %q is no label of the model; it knows %s", label, listed(m.labels))
	}
	ids, err := m.encode([]string{text})
	if err != nil {
		return nil, err
	}
	net := m.net.undropped()
	return gradients.Measure(m.params.Replica(), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CrossEntropy{}.Apply(g, net.build(g, flow{x: in[0]}).x, in[1])}
	}, graph.Ints(ids[0], len(ids[0]), 1), graph.Ints([]int{class}))
}

// GradientFlow measures how the gradient of the loss for a text's last token travels back through the tokens before it,
// which are read from the first state on. Nothing is dropped out on the way.
func (m *LanguageModel) GradientFlow(text string) (*gradients.Report, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	ids, err := m.vocab.Encode(text)
	if err != nil {
		return nil, err
	}
	n := len(ids) - 1
	if n < 1 {
		return nil, errors.Errorf("models: a text of %d tokens has none to predict by those before; want two at least", len(ids))
	}
	net := m.net.undropped()
	last := len(net) - 1
	return gradients.Measure(m.params.Replica(), func(g *graph.Graph, in []graph.Node) []graph.Node {
		f := net[:last].build(g, flow{x: in[0], state: m.layer.Begin(g, 1)})
		f.x, f.targets = g.Slice(f.x, 0, n-1, n), in[1]
		return []graph.Node{net[last].build(g, f).loss}
	}, graph.Ints(ids[:n], n, 1), graph.Ints(ids[n:], 1, 1))
}

// undropped is the network without what drops activations in training.
func (n network) undropped() network {
	var out network
	for _, l := range n {
		switch l := l.(type) {
		case dropout:
		case recurrence:
			l.dropout, l.drops, l.zoneout = 0, recurrent.SequenceDropout{}, 0
			out = append(out, l)
		default:
			out = append(out, l)
		}
	}
	return out
}
