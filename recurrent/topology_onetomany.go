package recurrent

import (
	"cmp"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Conditioning is the way in which a condition, a vector, enters a sequence that is generated from it.
type Conditioning int

// Ways for a condition v [B, F] to enter.
const (
	// ConditionState makes the initial state: every entry is tanh(W·v + b), with weights of its own (Xu et al., 2015).
	ConditionState Conditioning = iota
	// ConditionInput appends the vector to the input of every step, so that it is not forgotten in long sequences.
	ConditionInput
	// ConditionBoth does both.
	ConditionBoth
)

// OneToMany generates a sequence of tokens from one condition: a caption from the features of an image, a name from a
// language.
//
//	      y_0   y_1   y_2       logits [V] a step
//	       ↑     ↑     ↑
//	v ··> [h] → [h] → [h]       ConditionState: v makes the initial state
//	       ↑     ↑     ↑
//	      x_0   x_1   x_2       the token before, and v with ConditionInput
//
// In training it reads the true tokens (teacher forcing): Apply takes targets that begin with a start token, and predicts
// the token after each. To generate, use Begin and Step, token by token.
//
// Parameters, beside embedding, rnn and head: condition.weight, the table of the classes, when the condition is class ids;
// start_0.weight [H, F] and start_0.bias [H], zero at the start, and so on for the entries of the state. In an SLSTM the
// vector makes h alone, since its normaliser must not be negative.
type OneToMany struct {
	Condition    nn.Embedding // of class ids [B]; empty when the condition is features [B, F]
	Conditioning Conditioning // how the condition enters
	Embedding    nn.Embedding // of the tokens
	Cell         Cell
	Classes      int     // V; 0 for Embedding.Tokens
	Tied         bool    // the head's weight is the embedding's table
	Dropout      float64 // rate for the inputs of the cell and of the head, while training
}

// Apply maps the condition, class ids [B] or features [B, F], and the tokens before, ids [T, B], to logits [T, B, V] and the
// final state. o.Initial, if set, takes the place of the initial state that the condition makes.
func (m OneToMany) Apply(g *graph.Graph, condition, tokens graph.Node, o Options) (graph.Node, State) {
	v, ok := m.vector(g, condition)
	if !ok {
		return graph.Node{}, nil
	}
	e := m.ends()
	x, table := e.read(g, tokens, 2)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	if o.LearnInitial && m.Conditioning != ConditionInput {
		return g.Failf("OneToMany", "Options.LearnInitial is set, but the condition makes the initial state (Conditioning)"), nil
	}
	if o.Initial == nil && m.Conditioning != ConditionInput {
		o.Initial = started(g, m.Cell, v)
	}
	if m.Conditioning != ConditionState {
		x = g.Concat(2, x, g.BroadcastTo(v, x.Dim(0), v.Dim(0), v.Dim(1)))
	}
	y, final := Unroll(g.Scope("rnn"), m.Cell, x, o)
	return e.predict(g, y, table), final
}

// Begin returns the initial state, for Step. With ConditionInput or ConditionBoth, its last entry is the vector.
func (m OneToMany) Begin(g *graph.Graph, condition graph.Node) State {
	v, ok := m.vector(g, condition)
	if !ok {
		return nil
	}
	s := m.Cell.Begin(g, v.Dim(0))
	if m.Conditioning != ConditionInput {
		s = started(g, m.Cell, v)
	}
	if m.Conditioning != ConditionState {
		s = append(s, v)
	}
	return s
}

// Step maps the token before, ids [B], and the state to logits [B, V] and the next state, whose entries are those of Begin.
func (m OneToMany) Step(g *graph.Graph, token graph.Node, s State) (graph.Node, State) {
	if !hasCell(g, "OneToMany", m.Cell) {
		return graph.Node{}, s
	}
	g = g.Shared()
	e := m.ends()
	x, table := e.read(g, token, 1)
	var v State
	if m.Conditioning != ConditionState {
		if len(s) == 0 {
			return g.Failf("OneToMany", "the state is empty; want what Begin gives"), s
		}
		s, v = s[:len(s)-1], s[len(s)-1:]
		x = g.Concat(1, x, v[0])
	}
	y, next := Step(g.Scope("rnn"), m.Cell, x, s)
	return e.predict(g, y, table), append(next, v...)
}

func (m OneToMany) ends() ends {
	return ends{"OneToMany", m.Embedding, cmp.Or(m.Classes, m.Embedding.Tokens), m.Tied, m.Dropout}
}

// vector returns the condition as [B, F].
func (m OneToMany) vector(g *graph.Graph, condition graph.Node) (graph.Node, bool) {
	if !hasCell(g, "OneToMany", m.Cell) {
		return graph.Node{}, false
	}
	if m.Conditioning < ConditionState || m.Conditioning > ConditionBoth {
		return g.Failf("OneToMany", "unknown conditioning %d", m.Conditioning), false
	}
	if m.Condition.Tokens == 0 {
		v, _ := embedded(g, "OneToMany", "condition", m.Condition, condition, 1)
		return v, g.Err() == nil
	}
	if !condition.IsIDs() || condition.Rank() != 1 {
		return g.Failf("OneToMany", "want class ids [B], found %v", condition), false
	}
	v := m.Condition.Apply(g.Scope("condition"), condition)
	return v, g.Err() == nil
}
