package recurrent

import "github.com/unroll-go/unroll/graph"

// Encoding is Encode as a build function for graph.NewFunc. It maps a source, ids [S, B] or features [S, B, F], and lengths
// [B] to the States entries of the decoder's initial state and, with attention, the memory [S, B, M] and its keys [S, B, A].
func (m Seq2Seq) Encoding(g *graph.Graph, in []graph.Node) []graph.Node {
	if len(in) != 2 {
		return []graph.Node{g.Failf("Seq2Seq", "Encoding has %d inputs; want the source and its lengths", len(in))}
	}
	state, context := m.Encode(g, in[0], Options{Lengths: in[1]})
	return append(state, context...)
}

// Decoding is Step as a build function for graph.NewFunc. It maps, in this order, token ids [B], the entries of the state and,
// with attention, the memory [S, B, M], its keys [S, B, A] and the source lengths [B], to the logits [B, V], the entries of
// the next state and, with attention, the attention weights [B, S]. Every row is a sequence: a search that follows several
// candidates of a source repeats its rows.
func (m Seq2Seq) Decoding(g *graph.Graph, in []graph.Node) []graph.Node {
	states := m.states(g)
	want := 1 + states
	if m.Attention != NoAttention {
		want += 3
	}
	if g.Err() == nil && len(in) != want {
		g.Failf("Seq2Seq", "Decoding has %d inputs; want %d: a token, %d states and %d tensors of context",
			len(in), want, states, want-1-states)
	}
	if g.Err() != nil {
		return nil
	}
	state, context := in[1:1+states], in[1+states:]
	if m.Attention == NoAttention {
		logits, next, _ := m.Step(g, in[0], state, nil, graph.Node{})
		return append([]graph.Node{logits}, next...)
	}
	logits, next, attention := m.Step(g, in[0], state, context[:2], context[2])
	return append(append([]graph.Node{logits}, next...), attention)
}

// States is the number of entries of the decoder's state; 0 if the description is invalid.
func (m Seq2Seq) States() int { return m.states(graph.New(graph.NewParams(0))) }

func (m Seq2Seq) states(g *graph.Graph) int {
	if !m.configured(g) {
		return 0
	}
	n := len(shapes(g, m.Decoder.Begin))
	if m.Attention != NoAttention {
		n++ // the attentional vector
	}
	return n
}
