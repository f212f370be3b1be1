package recurrent

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Transducer is the part of an RNN transducer behind its encoder (Graves, 2012): a prediction network, which reads the labels so far
// as a language model does, and a joint layer, which predicts the next label, or the blank, from a frame of the encoder and the
// labels before (Graves et al., 2013).
//
//	encoder's outputs h_t ──────┐
//	                            ├► tanh(W_h·h_t + b + W_p·p_u) ─► head ─► logits at frame t, behind u labels
//	labels ─► embedding ─► p_u ─┘
//
// The encoder is any Layer or network. losses.Transducer trains it, decode.Transducer finds the labels. The prediction network reads
// the blank before the first label.
//
// Parameters: embedding.weight [V, E]; prediction.*, the cell's; joint.encoder.weight and bias, joint.prediction.weight; head.*.
type Transducer struct {
	Embedding nn.Embedding // of the labels and the blank: its Tokens are V
	Cell      Cell         // of the prediction network
	Units     int          // J, the width of the joint layer
	Blank     int          // the id of the blank
	Dropout   float64      // rate for the embedded labels and the joint layer, while training
	// Frames is how many frames' logits Scores has in memory at a time; 0 for 8.
	Frames int
}

// Apply maps the encoder's outputs [T, B, F] and targets, ids [B, U], -1 or any id at padding, to logits [T, B, U+1, V] for
// losses.Transducer. Logits at padding have no meaning.
func (m Transducer) Apply(g *graph.Graph, encoded, targets graph.Node) graph.Node {
	frames, labels := m.sides(g, encoded, targets)
	return m.join(g, frames, labels)
}

// Scores returns the log-probabilities of Apply's logits that the loss needs, [T, B, 2·U+1], for losses.Transducer's FromScores. The
// logits of some frames are made at a time, see Frames, and made again for the backward pass, so their memory does not grow with T.
func (m Transducer) Scores(g *graph.Graph, encoded, targets graph.Node) graph.Node {
	frames, labels := m.sides(g, encoded, targets)
	if g.Err() != nil {
		return graph.Node{}
	}
	every := m.Frames
	if every == 0 {
		every = 8
	}
	if every < 0 {
		return g.Failf("Transducer", "Frames %d; want 0 or more", m.Frames)
	}
	var scores []graph.Node
	for t := 0; t < frames.Dim(0); t += every {
		piece := g.Checkpoint().Shared()
		logits := m.join(piece, piece.Slice(frames, 0, t, min(t+every, frames.Dim(0))), labels)
		scores = append(scores, piece.TransducerScores(logits, targets, m.Blank))
		if g.Err() != nil {
			return graph.Node{}
		}
	}
	return g.Concat(0, scores...)
}

// Predict runs the prediction network for one more label, ids [B], from a state, nil before the first one, for which the label is
// the blank. It returns what the joint layer reads of it, [B, J], and the next state.
func (m Transducer) Predict(g *graph.Graph, label graph.Node, s State) (graph.Node, State) {
	g = g.Shared()
	if !m.configured(g) {
		return graph.Node{}, s
	}
	x, _ := embedded(g, "Transducer", "embedding", m.Embedding, label, 1)
	if g.Err() != nil {
		return graph.Node{}, s
	}
	if s == nil {
		s = m.Cell.Begin(g.Scope("prediction"), label.Dim(0))
	}
	y, next := Step(g.Scope("prediction"), m.Cell, nn.Dropout{Rate: m.Dropout}.Apply(g, x), s)
	return m.side(g, "prediction", y), next
}

// Predicting is Predict as a build function for graph.NewFunc: it maps ids [B] and the entries of the state, none at the start, to
// what the joint layer reads, [B, J], and the entries of the next state.
func (m Transducer) Predicting(g *graph.Graph, in []graph.Node) []graph.Node {
	if len(in) == 0 {
		return []graph.Node{g.Failf("Transducer", "Predicting has no inputs; want a label and the entries of the state")}
	}
	var s State
	if len(in) > 1 {
		s = slices.Clone(in[1:])
	}
	y, next := m.Predict(g, in[0], s)
	return append([]graph.Node{y}, next...)
}

// Joining is the joint layer as a build function for graph.NewFunc: it maps a frame of the encoder's outputs [B, F] and what Predicting
// returned, [B, J], to logits [B, V].
func (m Transducer) Joining(g *graph.Graph, in []graph.Node) []graph.Node {
	if len(in) != 2 {
		return []graph.Node{g.Failf("Transducer", "Joining has %d inputs; want a frame and a prediction", len(in))}
	}
	if !m.configured(g) || !ranked(g, "Transducer", in[0], "a frame [B, F]", 2) ||
		!ranked(g, "Transducer", in[1], "a prediction [B, J]", 2) {
		return nil
	}
	return []graph.Node{m.head(g, g.Add(m.side(g, "encoder", in[0]), in[1]))}
}

// sides are the two halves of the joint layer, which add up at every pair of a frame and a number of labels: [T, B, J] of the
// frames, [U+1, B, J] of the labels.
func (m Transducer) sides(g *graph.Graph, encoded, targets graph.Node) (frames, labels graph.Node) {
	switch {
	case !m.configured(g):
		return graph.Node{}, graph.Node{}
	case !encoded.Valid() || encoded.IsIDs() || encoded.Rank() != 3:
		return g.Failf("Transducer", "want the encoder's outputs [T, B, F], found %v", encoded), graph.Node{}
	case !targets.Valid() || !targets.IsIDs() || targets.Rank() != 2 || targets.Dim(0) != encoded.Dim(1):
		return g.Failf("Transducer", "want targets, ids [%d, U], found %v", encoded.Dim(1), targets), graph.Node{}
	}
	table := m.Embedding.Weight(g.Scope("embedding"))
	first := g.BroadcastTo(g.Slice(table, 0, m.Blank, m.Blank+1), 1, targets.Dim(0), m.Embedding.Size)
	x := g.Concat(0, first, g.Transpose(g.GatherPadded(table, targets, -1), 1, 0, 2)) // [U+1, B, E]
	y, _ := Unroll(g.Scope("prediction"), m.Cell, nn.Dropout{Rate: m.Dropout}.Apply(g, x), Options{})
	return m.side(g, "encoder", encoded), m.side(g, "prediction", y)
}

// side is what the joint layer makes of one of its inputs before both are added. One bias is enough.
func (m Transducer) side(g *graph.Graph, name string, x graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	return nn.Dense{Units: m.Units, NoBias: name == "prediction"}.Apply(g.Scope("joint").Scope(name), x)
}

// join maps [T, B, J] and [U+1, B, J] to logits [T, B, U+1, V].
func (m Transducer) join(g *graph.Graph, frames, labels graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	steps, batch := frames.Dim(0), frames.Dim(1)
	return m.head(g, g.Add(g.Reshape(frames, steps, batch, 1, m.Units), g.Transpose(labels, 1, 0, 2)))
}

func (m Transducer) head(g *graph.Graph, sum graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	x := nn.Dropout{Rate: m.Dropout}.Apply(g, g.Tanh(sum))
	return nn.Head{Classes: m.Embedding.Tokens}.Apply(g.Scope("head"), x)
}

// configured reports settings that make no sense.
func (m Transducer) configured(g *graph.Graph) bool {
	switch {
	case !hasCell(g, "Transducer", m.Cell):
	case m.Embedding.Tokens < 2:
		g.Failf("Transducer", "an Embedding of %d tokens; want at least 2, a label and the blank", m.Embedding.Tokens)
	case m.Blank < 0 || m.Blank >= m.Embedding.Tokens:
		g.Failf("Transducer", "blank %d; want 0 to %d", m.Blank, m.Embedding.Tokens-1)
	case m.Units < 1:
		g.Failf("Transducer", "%d Units of the joint layer; want at least 1", m.Units)
	}
	return g.Err() == nil
}
