package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/nn"
)

// ManyToOne makes one prediction from a sequence: the language of a name, the sentiment of a review, a digit from its rows
// of pixels. With a Horizon it forecasts that many steps at once.
//
//	        y             logits [V]
//	        ↑
//	      pool            last state, max, mean or attention
//	   ↗    ↑    ↖
//	[h] ⇄ [h] ⇄ [h]       the layer, in one direction or both
//	 ↑     ↑     ↑
//	x_0   x_1   x_2       token ids, or features
//
// Parameters, beside embedding, rnn and head: those of PoolAttention, in pool.
type ManyToOne struct {
	Embedding nn.Embedding // of token ids; empty when the inputs are features
	Layer     Layer
	Pool      Pooling
	Classes   int     // V, the width of the prediction
	Horizon   int     // H, how many future steps are predicted; 0 for one prediction without a time axis
	Dropout   float64 // rate for the inputs of the layer and of the head, while training
}

// Apply maps ids [T, B] or features [T, B, F], with o.Lengths [B] for sequences of different lengths, to logits [B, V]
// and the layer's final state. A sequence of length 0 gives the head's bias. With a Horizon it gives [H, B, V], as
// datasets.Series has the future; row h·V + v of the head's weight is that of value v in step h.
func (m ManyToOne) Apply(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	pooled, final := m.Pooled(g, x, o)
	y := m.ends().predict(g, pooled, graph.Node{})
	if m.Horizon == 0 || g.Err() != nil {
		return y, final
	}
	return g.Transpose(g.Reshape(y, y.Dim(0), m.Horizon, m.Classes), 1, 0, 2), final // [B, H·V] to [H, B, V]
}

// Pooled is Apply without the head: it returns the vector that the head reads, [B, H], an encoding of the sequence.
func (m ManyToOne) Pooled(g *graph.Graph, x graph.Node, o Options) (graph.Node, State) {
	if !hasLayer(g, "ManyToOne", m.Layer) {
		return graph.Node{}, nil
	}
	if m.Horizon < 0 || m.Horizon > dense.MaxParts || m.Classes > widest/max(m.Horizon, 1) {
		return g.Failf("ManyToOne", "%d classes and a horizon of %d; want at most %d predictions, at most %d steps ahead",
			m.Classes, m.Horizon, widest, dense.MaxParts), nil
	}
	x, _ = m.ends().read(g, x, 2)
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	y, final := m.Layer.Apply(g.Scope("rnn"), x, o)
	var last graph.Node
	if m.Pool == PoolLast {
		last = LastHidden(g, m.Layer, final)
	}
	return m.Pool.Apply(g.Scope("pool"), y, o.Lengths, last), final
}

func (m ManyToOne) ends() ends {
	return ends{"ManyToOne", m.Embedding, m.Classes * max(m.Horizon, 1), false, m.Dropout}
}

// LastHidden returns the last hidden state of a layer's topmost cell, [B, H], out of the state that Apply returned. For a
// bidirectional layer it merges the last states of both directions as the outputs are merged. (This is not the output at the
// last step, where the backward direction has read a single input.)
func LastHidden(g *graph.Graph, l Layer, final State) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if !hasLayer(g, "LastHidden", l) {
		return graph.Node{}
	}
	state := layerLayout(g, l)
	if n := len(state.shapes); g.Err() == nil && (n == 0 || len(final) != n) {
		return g.Failf("LastHidden", "the state has %d entries; want %d, those that Apply returns", len(final), n)
	}
	if g.Err() == nil && state.output >= len(final) {
		return g.Failf("LastHidden", "the topmost layer of %s has no state", typeName(l))
	}
	if g.Err() != nil {
		return graph.Node{}
	}
	if top := state.leafOf(state.output); top.both != nil {
		return top.both.of(g, final[state.output], final[state.output+top.n/2], 1)
	}
	return final[state.output]
}
