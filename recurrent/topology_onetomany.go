package recurrent

import (
	"cmp"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Conditioning is the way a vector enters a sequence that is made from it.
type Conditioning int

// Ways for a vector v [B, F] to enter.
const (
	// ConditionState starts the state: every entry is tanh(W·v + b), with weights of its own (Xu et al., 2015).
	ConditionState Conditioning = iota
	// ConditionInput joins the vector to the input of every step, where no number of steps can wash it out.
	ConditionInput
	// ConditionBoth does both.
	ConditionBoth
)

// OneToMany makes a sequence of tokens from one thing: a caption from the features of an image, a name from a language.
//
//	      y_0   y_1   y_2       logits [V] a step
//	       ↑     ↑     ↑
//	v ··> [h] → [h] → [h]       ConditionState: v starts the state
//	       ↑     ↑     ↑
//	      x_0   x_1   x_2       the token before, and v with ConditionInput
//
// In training the tokens before are the true ones (teacher forcing): Apply reads targets that begin with a token for the
// start, and predicts them one step on. To generate, Begin and Step go token by token.
//
// Parameters, beside embedding, rnn and head: condition.weight, the table of the classes, when v is given as class ids;
// start_0.weight [H, F] and start_0.bias [H], zero at the start, and so on for the entries of the state. Of an SLSTM the
// vector starts h alone, since its normaliser must not be negative.
type OneToMany struct {
	Condition    nn.Embedding // of class ids [B]; empty when the thing is features [B, F]
	Conditioning Conditioning
	Embedding    nn.Embedding // of the tokens
	Cell         Cell
	Classes      int     // V; 0 for Embedding.Tokens
	Tied         bool    // the head's weight is the embedding's table
	Dropout      float64 // of what the cell reads and of what the head reads, while training
}

// Apply maps the thing, class ids [B] or features [B, F], and the tokens before, ids [T, B], to logits [T, B, V] and the
// state after the last step. o.Init, if set, takes the place of the state that the thing starts.
func (m OneToMany) Apply(g *graph.Graph, thing, tokens graph.Node, o Options) (graph.Node, State) {
	v, ok := m.vector(g, thing)
	if !ok {
		return graph.Node{}, nil
	}
	e := m.ends()
	x, table := e.read(g, tokens, 2)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	if o.LearnInitial && m.Conditioning != ConditionInput {
		return g.Failf("OneToMany", "Options.LearnInitial is set, but the condition starts the state (Conditioning)"), nil
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

// Begin returns the state before the first token, for Step. Where the vector feeds every step, it is the last entry.
func (m OneToMany) Begin(g *graph.Graph, thing graph.Node) State {
	v, ok := m.vector(g, thing)
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

// Step maps the token before, ids [B], and the state to logits [B, V] and the next state, of the entries that Begin
// gives.
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

// vector is the thing as [B, F].
func (m OneToMany) vector(g *graph.Graph, thing graph.Node) (graph.Node, bool) {
	if !hasCell(g, "OneToMany", m.Cell) {
		return graph.Node{}, false
	}
	if m.Conditioning < ConditionState || m.Conditioning > ConditionBoth {
		return g.Failf("OneToMany", "unknown condition %d", m.Conditioning), false
	}
	if m.Condition.Tokens == 0 {
		v, _ := embedded(g, "OneToMany", "condition", m.Condition, thing, 1)
		return v, g.Err() == nil
	}
	if !thing.IsIDs() || thing.Rank() != 1 {
		return g.Failf("OneToMany", "want class ids [B], found %v", thing), false
	}
	v := m.Condition.Apply(g.Scope("condition"), thing)
	return v, g.Err() == nil
}
