package recurrent

import (
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// SequenceDropout is dropout whose masks stay the same for all steps of a sequence and are drawn anew for each batch. It
// acts while training; elements that are kept are scaled so that the expectation stays. Rates are at least 0 and below 1.
type SequenceDropout struct {
	// Input drops features of the input (variational dropout: Gal and Ghahramani, 2016).
	Input float64
	// Recurrent drops elements of the hidden state that the next step reads, in every cell of a Composite. Other entries of
	// the state, such as the c of an LSTM or the y of an Attentive, are left alone.
	Recurrent float64
	// Weights drops elements of the recurrent weights, which are all parameters called weight_hh (DropConnect; Merity et
	// al., 2018).
	Weights float64
}

// dropping is SequenceDropout during one walk over a sequence.
type dropping struct {
	SequenceDropout
	masks map[int]graph.Node // of the entries of the state that are hidden states
}

// begin draws the masks of the state; first is the initial state.
func (d SequenceDropout) begin(g *graph.Graph, cell Cell, first State) dropping {
	for name, rate := range map[string]float64{"input": d.Input, "recurrent": d.Recurrent, "weight": d.Weights} {
		if !(rate >= 0 && rate < 1) {
			g.Failf("Unroll", "%s dropout at rate %g; want at least 0 and below 1", name, rate)
		}
	}
	if g.Err() != nil || !g.Training() {
		return dropping{}
	}
	out := dropping{SequenceDropout: d, masks: map[int]graph.Node{}}
	if d.Recurrent > 0 {
		for _, i := range cellLayout(g, cell).hidden() {
			out.masks[i] = g.RandomMask(1-d.Recurrent, first[i].Shape()...)
		}
	}
	return out
}

// inputs drops features of x [T, B, I], the same ones at every step.
func (d dropping) inputs(g *graph.Graph, x graph.Node) graph.Node {
	if d.Input == 0 {
		return x
	}
	return g.Mul(x, g.RandomMask(1-d.Input, x.Shape()[1:]...))
}

// state drops elements of the hidden states.
func (d dropping) state(g *graph.Graph, s State) State {
	if len(d.masks) == 0 {
		return s
	}
	out := append(State{}, s...)
	for i := range out {
		if m, ok := d.masks[i]; ok {
			out[i] = g.Mul(out[i], m)
		}
	}
	return out
}

// weights returns a view in which recurrent weights lack some of their elements.
func (d dropping) weights(g *graph.Graph) *graph.Graph {
	if d.Weights == 0 {
		return g
	}
	return g.Transform(func(name string, w graph.Node) graph.Node {
		if !strings.HasPrefix(name[strings.LastIndexByte(name, '.')+1:], "weight_hh") {
			return w
		}
		return g.Mul(w, g.RandomMask(1-d.Weights, w.Shape()...))
	})
}
