package recurrent

import (
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// Drop is dropout whose masks stay the same for all steps of a sequence, and are drawn anew for the next batch. It acts
// while training; kept elements are scaled so that the expectation stays. Rates are 0 up to, not including, 1.
type Drop struct {
	// Input drops features of the input (variational dropout: Gal and Ghahramani, 2016).
	Input float64
	// Recurrent drops elements of the hidden state on its way into the next step; other states, such as an LSTM's c,
	// are left alone.
	Recurrent float64
	// Weights drops elements of the recurrent weights, all parameters called weight_hh (DropConnect; Merity et al.,
	// 2018).
	Weights float64
}

// dropping is Drop in one run over a sequence.
type dropping struct {
	Drop
	masks map[int]graph.Node // of the entries of the state that are hidden states
}

// begin draws the masks of the state.
func (d Drop) begin(g *graph.Graph, cell Cell, batch int) dropping {
	for name, rate := range map[string]float64{"input": d.Input, "recurrent": d.Recurrent, "weight": d.Weights} {
		if !(rate >= 0 && rate < 1) {
			g.Failf("Unroll", "%s dropout at rate %g; want at least 0 and below 1", name, rate)
		}
	}
	if g.Err() != nil || !g.Training() {
		return dropping{}
	}
	out := dropping{Drop: d, masks: map[int]graph.Node{}}
	if d.Recurrent > 0 {
		own := cell.Begin(g, batch)
		for _, i := range hidden(g, cell, batch) {
			out.masks[i] = g.RandomMask(1-d.Recurrent, own[i].Shape()...)
		}
	}
	return out
}

// hidden lists the entries of a cell's state that are hidden states: the first, the first of each cell in a stack, and
// behind the attentional vector those of the cell that attends.
func hidden(g *graph.Graph, cell Cell, batch int) []int {
	if a, ok := cell.(Attentive); ok {
		out := hidden(g, a.Cell, batch)
		for i := range out {
			out[i]++
		}
		return out
	}
	s, ok := cell.(Stack)
	if !ok {
		return []int{0}
	}
	var out []int
	at := 0
	for _, c := range s.Cells {
		for _, i := range hidden(g, c, batch) {
			out = append(out, at+i)
		}
		at += len(c.Begin(g, batch))
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
	return g.Transform(func(local string, w graph.Node) graph.Node {
		if !strings.HasPrefix(local, "weight_hh") {
			return w
		}
		return g.Mul(w, g.RandomMask(1-d.Weights, w.Shape()...))
	})
}
