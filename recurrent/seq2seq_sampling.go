package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// ScheduledSampling lets a decoder read its own predictions during training, in place of some of the true tokens, so that it
// learns to go on from its own mistakes (Bengio et al., 2015). Whether a token is replaced is drawn for each token of each
// sequence, from the run's seed. The zero value is teacher forcing: always the true tokens.
type ScheduledSampling struct {
	// Rate is the probability that a token is replaced by the likeliest prediction, 0 to 1, while training. It is part of
	// the compiled program, so each new rate compiles a new one. For a rate that changes with every batch, use Teacher.
	Rate float64
	// Teacher [T, B], if valid, decides in place of Rate, in evaluation too: 1 for the true token, 0 for the prediction.
	// Step 0 has no prediction before it and always takes the given token.
	Teacher graph.Node
	// Soft takes the expected embedding Σ_v softmax(logits)_v·table_v, through which gradients pass, in place of the
	// embedding of the likeliest token.
	Soft bool
}

// on tells whether the decoder may read its own predictions.
func (s ScheduledSampling) on(g *graph.Graph) bool {
	if !(s.Rate >= 0 && s.Rate <= 1) {
		g.Failf("ScheduledSampling", "rate %g; want 0 to 1", s.Rate)
	}
	return s.Teacher.Valid() || s.Rate > 0 && g.Training()
}

// teacher is a mask [T, B]: not 0 where the true token is read.
func (s ScheduledSampling) teacher(g *graph.Graph, steps, batch int) graph.Node {
	switch {
	case s.Teacher.Valid() && (s.Teacher.Rank() != 2 || s.Teacher.Dim(0) != steps || s.Teacher.Dim(1) != batch):
		return g.Failf("ScheduledSampling", "want a teacher [%d %d], found %v", steps, batch, s.Teacher.Shape())
	case s.Teacher.Valid():
		return s.Teacher
	case s.Rate == 1:
		return g.Full(0, steps, batch)
	}
	return g.RandomMask(1-s.Rate, steps, batch)
}

// sampled runs the decoder over x [T, B, E], the embedded true tokens, some of which it replaces.
func (m Seq2Seq) sampled(g *graph.Graph, decoder Cell, s State, x, table graph.Node) (logits graph.Node, final State) {
	inputs, out := g.Unstack(x), make([]graph.Node, x.Dim(0))
	teacher := g.Unstack(m.Sampling.teacher(g, x.Dim(0), x.Dim(1)))
	scope := g
	for t, in := range inputs {
		if g.Err() != nil {
			return graph.Node{}, nil
		}
		if t > 0 {
			in = g.Where(teacher[t], in, m.chosen(g, out[t-1], table))
		}
		var y graph.Node
		y, s = decoder.Step(numbered(scope.Scope("decoder")), in, s)
		out[t] = m.ends().predict(scope, y, table)
		scope = g.Shared() // the first step made the weights
	}
	return g.Stack(out...), s
}

// chosen embeds the prediction that logits [B, V] make, [B, E].
func (m Seq2Seq) chosen(g *graph.Graph, logits, table graph.Node) graph.Node {
	choice := g.OneHotMax(logits)
	if m.Sampling.Soft {
		choice = g.Softmax(logits, -1)
	}
	if pad := m.Target.Pad; pad != nil { // its row is zero and must stay so
		keep := make([]float64, choice.Dim(1))
		for i := range keep {
			if i != *pad {
				keep[i] = 1
			}
		}
		choice = g.Mul(choice, g.Const(graph.Floats64(keep)))
	}
	return nn.Dropout{Rate: m.Dropout}.Apply(g, g.MatMul(choice, table))
}
