// Package recurrent has recurrent cells, written as a few lines of mathematics over a graph, and the driver that
// unrolls any of them over time.
//
// A cell describes one time step. Unroll repeats it over a sequence in one graph; differentiating that graph is
// backpropagation through time. Cells hold no weights and no shapes beyond their own width: weights live in
// graph.Params, and input widths are inferred.
package recurrent

import "github.com/unroll-go/unroll/graph"

// State is what a cell carries from one time step to the next: the hidden state h [B, H] and, depending on the cell,
// more. A Stack's state is its layers' states in a row.
type State []graph.Node

// Cell is one step of a recurrence. A type with these two methods is all it takes to make a recurrent network.
//
// The first layer of a network asks for its weights with g.Param under local names such as "weight_ih"; the graph's
// scope adds the layer's number, and the steps of an unrolled cell share one set of weights.
type Cell interface {
	// Begin returns the state before the first step for a batch of the given size: usually zeros.
	Begin(g *graph.Graph, batch int) State
	// Step maps the input x [B, I] and the state to the output [B, H] and the next state. The next state has as many
	// entries as Begin gives. s may hold more than that, when the cell is part of a Stack: the cell's own entries
	// come first.
	Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State)
}

// Step runs a cell once, with the weights that Unroll uses: for generating one token at a time, or for a decoder that
// looks at its own output. Weights that exist already are used again.
func Step(g *graph.Graph, cell Cell, x graph.Node, s State) (graph.Node, State) {
	if x.Valid() && x.Rank() != 2 {
		return g.Failf("Step", "want an input [B, I], found %v", x.Shape()), s
	}
	return cell.Step(g.InLayer().Shared(), x, s)
}

// weights are the four parameters that RNN, LSTM and GRU have in common, in PyTorch's names and shapes, for a number
// of gates: weight_ih [G·H, I], weight_hh [G·H, H], bias_ih and bias_hh [G·H].
type weights struct{ ih, hh, bih, bhh graph.Node }

// newWeights asks for a cell's weights. Input weights start Glorot uniform and recurrent weights orthogonal, gate by
// gate; biases start at zero unless biasIH says otherwise.
func newWeights(g *graph.Graph, gates, hidden, input int, biasIH graph.Init) weights {
	if biasIH == nil {
		biasIH = graph.Zeros()
	}
	n := gates * hidden
	return weights{
		ih:  g.Param("weight_ih", graph.Repeat(gates, graph.GlorotUniform()), n, input),
		hh:  g.Param("weight_hh", graph.Repeat(gates, graph.Orthogonal(1)), n, hidden),
		bih: g.Param("bias_ih", biasIH, n),
		bhh: g.Param("bias_hh", graph.Zeros(), n),
	}
}

// checked reports a configuration or a state that a cell cannot work with.
func checked(g *graph.Graph, name string, hidden, states int, x graph.Node, s State) bool {
	switch {
	case g.Err() != nil:
		return false
	case hidden < 1:
		g.Failf(name, "hidden size %d; want at least 1", hidden)
	case x.Rank() != 2:
		g.Failf(name, "want an input [B, I], found %v", x.Shape())
	case len(s) < states:
		g.Failf(name, "the state has %d entries; want %d", len(s), states)
	default:
		for i, n := range s[:states] {
			if n.Rank() != 2 || n.Dim(0) != x.Dim(0) || n.Dim(1) != hidden {
				g.Failf(name, "state %d has shape %v; want [%d %d]", i, n.Shape(), x.Dim(0), hidden)
				return false
			}
		}
		return true
	}
	return false
}

// zeros returns n zero states [B, H].
func zeros(g *graph.Graph, name string, n, batch, hidden int) State {
	s := make(State, n)
	if hidden < 1 {
		g.Failf(name, "hidden size %d; want at least 1", hidden)
		return s
	}
	for i := range s {
		s[i] = g.Zeros(batch, hidden)
	}
	return s
}
