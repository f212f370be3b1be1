package recurrent

import "github.com/unroll-go/unroll/graph"

// roll is Unroll for a graph of graph.NewRolled: one step, which says for itself what it does at padding. A Stack is one recurrence
// after another, which is the same while nothing is dropped between its layers.
func (o Options) roll(w walk, cell Cell, x graph.Node) (graph.Node, State) {
	s, ok := cell.(Stack)
	if !ok {
		return o.rollOne(w, cell, x)
	}
	var final State
	g, layer := w.g, layerOf(w.g)
	for _, part := range s.Cells {
		n := len(part.Begin(g, x.Dim(1)))
		if g.Err() != nil || len(w.state) < n {
			return graph.Node{}, nil
		}
		own := walk{g: InLayer(g, layer), state: w.state[:n], mask: w.mask}
		y, next := o.roll(own, part, x)
		x, w.state, final, layer = y, w.state[n:], append(final, next...), layer+depth(part)
	}
	return x, final
}

func (o Options) rollOne(w walk, cell Cell, x graph.Node) (graph.Node, State) {
	g := w.g
	l := graph.Loop{Sequences: []graph.Node{x}, States: w.state, Reverse: o.Reverse, What: cell, Lengths: o.Lengths}
	if w.mask.Valid() {
		l.Sequences = append(l.Sequences, w.mask)
	}
	l.Step = func(in, state []graph.Node) (outputs, next []graph.Node) {
		y, next := cell.Step(g, in[0], state)
		if g.Err() == nil && len(next) != len(state) {
			g.Failf("Unroll", "the cell's step returned %d states, its Begin %d", len(next), len(state))
		}
		if g.Err() != nil {
			return nil, nil
		}
		if w.mask.Valid() {
			y = g.Where(in[1], y, g.Full(0))
			for i := range next {
				next[i] = g.Where(in[1], next[i], state[i])
			}
		}
		return []graph.Node{y}, next
	}
	outputs, final := g.Roll(l)
	if len(outputs) == 0 {
		return graph.Node{}, nil
	}
	return outputs[0], final
}
