package recurrent

import (
	"cmp"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// The topologies are the models around a recurrence: OneToOne, OneToMany, ManyToOne, ManyToMany, and Seq2Seq for two
// sequences of different lengths. Each is a description with the same three groups of parameters:
//
//	embedding.*   the table of the tokens, when the input is ids
//	rnn.*         the recurrence
//	head.*        the layer that makes the logits
//
// An input is ids, which Embedding looks up, or features, for which Embedding is left empty.

// OneToOne makes a prediction at every token, from this token and those before it: a language model, or a forecaster. Step
// makes one prediction, Apply all those of a sequence, with the same weights and the same bits.
//
//	y_0   y_1   y_2       logits [V] a step
//	 ↑     ↑     ↑
//	[h] → [h] → [h]       the cell
//	 ↑     ↑     ↑
//	x_0   x_1   x_2       token ids, or features
type OneToOne struct {
	Embedding nn.Embedding // of token ids; empty when the inputs are features
	Cell      Cell
	Classes   int     // V, the width of the predictions; 0 for Embedding.Tokens
	Tied      bool    // the head's weight is the embedding's table, whose rows must be as wide as the cell's output
	Dropout   float64 // rate for the inputs of the cell and of the head, while training
}

// Begin returns the cell's initial state, for Step.
func (m OneToOne) Begin(g *graph.Graph, batch int) State {
	if !hasCell(g, "OneToOne", m.Cell) {
		return nil
	}
	return m.Cell.Begin(g, batch)
}

// Apply maps ids [T, B] or features [T, B, F] to predictions [T, B, V] and the final state, which truncated backpropagation
// carries on as o.Initial. Predictions at padding have no meaning.
func (m OneToOne) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	if !hasCell(g, "OneToOne", m.Cell) {
		return graph.Node{}, nil
	}
	e := m.ends()
	x, table := e.read(g, x, 2)
	y, final := Unroll(g.Scope("rnn"), m.Cell, x, o)
	return e.predict(g, y, table), final
}

// Step maps one token of each sequence, ids [B] or features [B, F], and the state to predictions [B, V] and the next
// state. It may be called any number of times in one graph.
func (m OneToOne) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !hasCell(g, "OneToOne", m.Cell) {
		return graph.Node{}, s
	}
	g = g.Shared()
	e := m.ends()
	x, table := e.read(g, x, 1)
	y, next := Step(g.Scope("rnn"), m.Cell, x, s)
	return e.predict(g, y, table), next
}

func (m OneToOne) ends() ends {
	return ends{"OneToOne", m.Embedding, cmp.Or(m.Classes, m.Embedding.Tokens), m.Tied, m.Dropout}
}

// ManyToMany makes one prediction for each step of a sequence, for tagging words or labelling frames. With a Bidirectional
// layer, every prediction depends on the whole sequence.
//
//	y_0   y_1   y_2       logits [V] a step
//	 ↑     ↑     ↑
//	[h] ⇄ [h] ⇄ [h]       the layer, in one direction or both
//	 ↑     ↑     ↑
//	x_0   x_1   x_2       token ids, or features
type ManyToMany struct {
	Embedding nn.Embedding // of token ids; empty when the inputs are features
	Layer     Layer
	Classes   int     // V, the width of the predictions
	Dropout   float64 // rate for the inputs of the layer and of the head, while training
}

// Apply maps ids [T, B] or features [T, B, F] to predictions [T, B, V] and the layer's final state. Predictions at padding
// have no meaning.
func (m ManyToMany) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	if !hasLayer(g, "ManyToMany", m.Layer) {
		return graph.Node{}, nil
	}
	e := ends{"ManyToMany", m.Embedding, m.Classes, false, m.Dropout}
	x, table := e.read(g, x, 2)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	y, final := m.Layer.Apply(g.Scope("rnn"), x, o)
	return e.predict(g, y, table), final
}

// ends is what comes before and after a recurrence.
type ends struct {
	name      string // of the model, for messages
	embedding nn.Embedding
	classes   int
	tied      bool
	dropout   float64
}

// read turns the model's input into features. Ids have the given rank and gain an axis; features have one axis more than
// the rank. It also returns the table, if there is one.
func (e ends) read(g *graph.Graph, x graph.Node, rank int) (features, table graph.Node) {
	features, table = embedded(g, e.name, "embedding", e.embedding, x, rank)
	return nn.Dropout{Rate: e.dropout}.Apply(g, features), table
}

// predict maps the outputs of the recurrence [..., H] to logits [..., V].
func (e ends) predict(g *graph.Graph, y, table graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if e.classes < 1 {
		return g.Failf(e.name, "%d classes; want at least 1", e.classes)
	}
	head := nn.Head{Classes: e.classes}
	if e.tied {
		if !table.Valid() {
			return g.Failf(e.name, "Tied is set, but there is no embedding to tie the head to")
		}
		head.Tied = table
	}
	return head.Apply(g.Scope("head"), nn.Dropout{Rate: e.dropout}.Apply(g, y))
}

// embedded looks ids up in the table of a scope; features stay as they are.
func embedded(g *graph.Graph, name, scope string, e nn.Embedding, x graph.Node, rank int) (features, table graph.Node) {
	switch {
	case g.Err() != nil:
		return graph.Node{}, graph.Node{}
	case !x.Valid():
		return g.Failf(name, "there is no input"), graph.Node{}
	case x.IsIDs() && e.Tokens == 0:
		return g.Failf(name, "the input is ids; want an Embedding that says how many tokens there are"), graph.Node{}
	case !x.IsIDs() && e.Tokens != 0:
		return g.Failf(name, "the input %v is features; want ids for the Embedding of %d tokens", x.Shape(), e.Tokens), graph.Node{}
	case x.IsIDs() && x.Rank() != rank:
		return g.Failf(name, "want ids %s, found %v", axes(rank), x.Shape()), graph.Node{}
	case !x.IsIDs() && x.Rank() != rank+1:
		return g.Failf(name, "want features %s, found %v", axes(rank, "F"), x.Shape()), graph.Node{}
	case !x.IsIDs():
		return x, graph.Node{}
	}
	table = e.Weight(g.Scope(scope))
	return e.Lookup(g, table, x), table
}

// axes writes the leading axes of a shape, for messages: [B] or [T, B], and what follows.
func axes(rank int, more ...string) string {
	s := "[B"
	if rank == 2 {
		s = "[T, B"
	}
	for _, m := range more {
		s += ", " + m
	}
	return s + "]"
}
