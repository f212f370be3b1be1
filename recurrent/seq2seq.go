package recurrent

import (
	"cmp"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Seq2Seq maps a sequence to one of another length, for translation, reversal or addition (Sutskever, Vinyals and Le, 2014;
// with attention, Bahdanau et al., 2015, and Luong et al., 2015).
//
//	                      y_0   y_1   y_2       logits [V] a step
//	                       ↑     ↑     ↑
//	[h] ⇄ [h] ⇄ [h] ····> [h] → [h] → [h]       encoder, bridge, decoder; with attention, each step of the
//	 ↑     ↑     ↑         ↑     ↑     ↑        decoder looks at all of the encoder's outputs
//	s_0   s_1   s_2       x_0   x_1   x_2       source, and the target token before
//
// Apply is for training: it reads the true target tokens, which begin with a start token (teacher forcing), and predicts
// the token after each. Encode and Step, or Encoding and Decoding as whole functions, go token by token, with the same
// weights and the same bits.
//
// An empty source (length 0) is legal: the bridge gets the encoder's initial state, and the contexts are zero.
//
// Parameters: source.weight and target.weight, the tables, or embedding.weight when they share one; encoder.*,
// bridge.*, decoder.*, see Attentive; head.*.
type Seq2Seq struct {
	Source    nn.Embedding // of the source's ids; empty when the source is features
	Encoder   Layer
	Bridge    Bridge
	Target    nn.Embedding // of the target's ids
	Decoder   Cell
	Attention Attention

	Units        int  // width of the attentional vector, see Attentive
	ScoreUnits   int  // width of an additive score's hidden layer, see Attentive
	InputFeeding bool // Luong's, see Attentive

	Classes  int     // V; 0 for Target.Tokens
	Shared   bool    // one table for source and target, which must have the same vocabulary and width
	Tied     bool    // the head's weight is the target's table, whose rows must be as wide as the decoder's output
	Dropout  float64 // rate for the embedded tokens and the input of the head, while training
	Sampling ScheduledSampling
}

// Apply maps a source, ids [S, B] or features [S, B, F], and the target tokens before, ids [T, B], to logits [T, B, V] and
// the decoder's final state. The options say how the encoder reads the source: o.Lengths [B] are the lengths of the sources.
func (m Seq2Seq) Apply(g *graph.Graph, source, target graph.Node, o Options) (graph.Node, State) {
	return m.apply(g, g, source, target, o)
}

// Align is Apply, but returns the attention weights of every step over the source, [T, B, S], in place of the state.
func (m Seq2Seq) Align(g *graph.Graph, source, target graph.Node, o Options) (logits, attention graph.Node) {
	if m.Attention == NoAttention {
		return g.Failf("Seq2Seq", "it has no attention to return"), graph.Node{}
	}
	listening, weights := listen(g)
	logits, _ = m.apply(g, listening, source, target, o)
	if g.Err() != nil {
		return graph.Node{}, graph.Node{}
	}
	return logits, g.Stack(*weights...)
}

// apply is Apply with a view of the graph for the decoder's steps.
func (m Seq2Seq) apply(g, steps *graph.Graph, source, target graph.Node, o Options) (graph.Node, State) {
	first, values := m.encode(g, source, o)
	x, table := m.embed(g, target, 2)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	if batch := first[0].Dim(0); target.Dim(1) != batch {
		return g.Failf("Seq2Seq", "%d sources, but targets %v; want [T, %d]", batch, target.Shape(), batch), nil
	}
	decoder := m.Decoder
	if m.Attention != NoAttention {
		decoder = m.attentive().Remember(g.Scope("decoder"), values, o.Lengths)
	}
	if m.Sampling.on(g) {
		return m.sampled(steps, decoder, first, x, table)
	}
	y, final := Unroll(steps.Scope("decoder"), decoder, x, Options{Initial: first})
	return m.ends().predict(g, y, table), final
}

// Encode reads a source, with options as in Apply, and returns the state before the first token, for Step, and the
// context: with attention, the memory [S, B, M] and its keys [S, B, A]; nothing without.
func (m Seq2Seq) Encode(g *graph.Graph, source graph.Node, o Options) (State, []graph.Node) {
	first, values := m.encode(g, source, o)
	if g.Err() != nil || m.Attention == NoAttention {
		return first, nil
	}
	return first, []graph.Node{values, m.attentive().Keys(g.Scope("decoder"), values)}
}

// Step maps one token of each sequence, ids [B], the state, and Encode's context over sources of the given lengths [B]
// (the zero Node: all are S long) to logits [B, V], the next state, and the attention weights, [B, S], which are the zero
// Node without attention. It may be called any number of times in one graph.
func (m Seq2Seq) Step(g *graph.Graph, token graph.Node, s State, context []graph.Node, lengths graph.Node) (
	logits graph.Node, next State, attention graph.Node) {
	g = g.Shared()
	x, table := m.embed(g, token, 1)
	decoder := m.recall(g, context, lengths)
	if g.Err() != nil {
		return graph.Node{}, s, graph.Node{}
	}
	view, seen := listen(g)
	y, next := Step(view.Scope("decoder"), decoder, x, s)
	if len(*seen) > 0 {
		attention = (*seen)[0]
	}
	return m.ends().predict(g, y, table), next, attention
}

// encode returns the decoder's initial state and the encoder's outputs [S, B, M].
func (m Seq2Seq) encode(g *graph.Graph, source graph.Node, o Options) (first State, values graph.Node) {
	if !m.configured(g) {
		return nil, graph.Node{}
	}
	x, _ := embedded(g, "Seq2Seq", m.scope("source"), m.Source, source, 2)
	x = nn.Dropout{Rate: m.Dropout}.Apply(g, x)
	if g.Err() != nil {
		return nil, graph.Node{}
	}
	values, final := m.Encoder.Apply(g.Scope("encoder"), x, o)
	first = m.Bridge.Apply(g.Scope("bridge"), m.Encoder, final, m.Decoder)
	if m.Attention != NoAttention {
		first = m.attentive().after(g, first)
	}
	return first, values
}

// embed looks target tokens up.
func (m Seq2Seq) embed(g *graph.Graph, target graph.Node, rank int) (x, table graph.Node) {
	if !m.configured(g) {
		return graph.Node{}, graph.Node{}
	}
	if m.Shared {
		g = g.Shared()
	}
	x, table = embedded(g, "Seq2Seq", m.scope("target"), m.Target, target, rank)
	return nn.Dropout{Rate: m.Dropout}.Apply(g, x), table
}

// recall returns the decoder with a context that Encode made.
func (m Seq2Seq) recall(g *graph.Graph, context []graph.Node, lengths graph.Node) Cell {
	if m.Attention == NoAttention {
		if len(context) > 0 {
			g.Failf("Seq2Seq", "a context of %d tensors; want none, since it has no attention", len(context))
		}
		return m.Decoder
	}
	if len(context) != 2 {
		g.Failf("Seq2Seq", "a context of %d tensors; want the memory and its keys", len(context))
		return nil
	}
	return m.attentive().Recall(g.Scope("decoder"), context[0], context[1], lengths)
}

func (m Seq2Seq) attentive() Attentive {
	return Attentive{Cell: m.Decoder, Attention: m.Attention, Units: m.Units, ScoreUnits: m.ScoreUnits, InputFeeding: m.InputFeeding}
}

func (m Seq2Seq) ends() ends {
	return ends{"Seq2Seq", m.Target, cmp.Or(m.Classes, m.Target.Tokens), m.Tied, m.Dropout}
}

// scope is that of a table.
func (m Seq2Seq) scope(own string) string {
	if m.Shared {
		return "embedding"
	}
	return own
}

// configured reports settings that contradict each other.
func (m Seq2Seq) configured(g *graph.Graph) bool {
	switch {
	case !hasLayer(g, "Seq2Seq", m.Encoder) || !hasCell(g, "Seq2Seq", m.Decoder):
	case m.Attention == NoAttention && (m.InputFeeding || m.Units != 0 || m.ScoreUnits != 0):
		g.Failf("Seq2Seq", "InputFeeding, Units or ScoreUnits is set, but there is no attention")
	case m.Shared && (m.Source.Tokens != m.Target.Tokens || m.Source.Size != m.Target.Size):
		g.Failf("Seq2Seq", "a shared table of %d tokens of size %d and %d of size %d; want the same",
			m.Source.Tokens, m.Source.Size, m.Target.Tokens, m.Target.Size)
	case m.Target.Tokens < 1:
		g.Failf("Seq2Seq", "it has no Target embedding")
	}
	return g.Err() == nil
}
