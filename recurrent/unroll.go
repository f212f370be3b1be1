package recurrent

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// Options change how Unroll walks a sequence. The zero value walks all of it forward from the cell's own first state.
type Options struct {
	// Init is the state before the first step, as many entries as the cell's Begin gives; nil for Begin's own.
	Init State
	// Lengths [B], ids, are the lengths of the sequences in the batch, 0 to T; the zero Node means that all are T
	// long. Steps past a sequence's end leave its state unchanged and give output zero.
	Lengths graph.Node
	// Reverse walks from the last step to the first. With Lengths, each sequence starts at its own last step.
	Reverse bool
}

// Unroll repeats a cell over the first axis of x [T, B, I]. It returns the outputs in order of time, [T, B, H], and
// the state after the last step. Steps share one set of weights.
func Unroll(g *graph.Graph, cell Cell, x graph.Node, o Options) (graph.Node, State) {
	if g.Err() != nil {
		return graph.Node{}, nil
	}
	if x.Rank() != 3 {
		return g.Failf("Unroll", "want a sequence [T, B, I], found %v", x.Shape()), nil
	}
	g = g.InLayer()
	steps, batch := x.Dim(0), x.Dim(1)
	state := cell.Begin(g, batch)
	if o.Init != nil {
		if !sameShapes(g, o.Init, state) {
			return graph.Node{}, nil
		}
		state = o.Init
	}
	var masks []graph.Node
	if o.Lengths.Valid() {
		if o.Lengths.Rank() != 1 || o.Lengths.Dim(0) != batch {
			return g.Failf("Unroll", "want lengths [%d], found %v", batch, o.Lengths.Shape()), nil
		}
		masks = g.Unstack(g.LengthMask(o.Lengths, steps))
	}
	inputs, outputs := g.Unstack(x), make([]graph.Node, steps)
	scope := g // the first step makes the weights, the others use them again
	for i := range inputs {
		t := i
		if o.Reverse {
			t = steps - 1 - i
		}
		y, next := cell.Step(scope, inputs[t], state)
		if g.Err() != nil {
			return graph.Node{}, nil
		}
		if len(next) != len(state) {
			return g.Failf("Unroll", "the cell's step returned %d states, its Begin %d", len(next), len(state)), nil
		}
		if masks != nil {
			y = g.Where(masks[t], y, g.Full(0))
			for j := range next {
				next[j] = g.Where(masks[t], next[j], state[j])
			}
		}
		outputs[t], state = y, next
		scope = g.Shared()
	}
	return g.Stack(outputs...), state
}

// sameShapes checks a given first state against the cell's own.
func sameShapes(g *graph.Graph, given, own State) bool {
	if len(given) != len(own) {
		g.Failf("Unroll", "the first state has %d entries; want %d", len(given), len(own))
		return false
	}
	for i := range given {
		if a, b := given[i].Shape(), own[i].Shape(); !slices.Equal(a, b) {
			g.Failf("Unroll", "entry %d of the first state has shape %v; want %v", i, a, b)
			return false
		}
	}
	return g.Err() == nil
}
