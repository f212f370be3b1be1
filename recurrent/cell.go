package recurrent

import (
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
)

// State is what a cell carries from one time step to the next. Its first entry is the cell's output h [B, H], so that a
// many-to-one model reads final[0] of any cell. Depending on the cell more entries follow, [B, width] each. The state of a
// Stack is the states of its layers, one after the other.
type State []graph.Node

// Cell is one step of a recurrence. A type with these two methods is all that a recurrent network needs. A cell that is
// made of other cells has a third method, see Composite.
//
// The first layer of a network asks for its weights with g.Param under local names such as "weight_ih"; the graph's
// scope adds the layer's number, and the steps of an unrolled cell share one set of weights.
type Cell interface {
	// Begin returns the initial state for a batch of the given size: usually zeros.
	Begin(g *graph.Graph, batch int) State
	// Step maps the input x [B, I] and the state to the output [B, H] and the next state, which has as many entries as
	// that of Begin. In a Stack, s may have more entries than that: the cell's own come first. The output may have
	// another width than the entries of the state.
	Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State)
}

// Step runs a cell once, with the weights that Unroll uses. It generates one token at a time, or serves a decoder that
// reads its own output. Weights that exist already are used again.
func Step(g *graph.Graph, cell Cell, x graph.Node, s State) (graph.Node, State) {
	if x.Valid() && x.Rank() != 2 {
		return g.Failf("Step", "want an input [B, I], found %v", x.Shape()), s
	}
	if !hasCell(g, "Step", cell) {
		return graph.Node{}, s
	}
	y, next := cell.Step(numbered(g).Shared(), x, s)
	if g.Err() == nil && len(next) != len(s) {
		return g.Failf("Step", "the state has %d entries; want %d", len(s), len(next)), s
	}
	return y, next
}

// weights are the four parameters that RNN, LSTM and GRU have in common, in PyTorch's names and shapes, for a number
// of gates: weight_ih [G·H, I], weight_hh [G·H, P], bias_ih and bias_hh [G·H], where P is the width of what is fed
// back: H, unless there is a projection.
type weights struct{ ih, hh, bih, bhh graph.Node }

// newWeights asks for a cell's weights. Input weights start Glorot uniform and recurrent weights orthogonal, gate by
// gate; biases start at zero unless biasIH says otherwise.
func newWeights(g *graph.Graph, gates, hidden, fedBack, input int, biasIH graph.Init) weights {
	if biasIH == nil {
		biasIH = graph.Constant(0)
	}
	n := gates * hidden
	return weights{
		ih:  g.Param("weight_ih", graph.Repeat(gates, graph.GlorotUniform()), n, input),
		hh:  g.Param("weight_hh", graph.Repeat(gates, graph.Orthogonal(1)), n, fedBack),
		bih: g.Param("bias_ih", biasIH, n),
		bhh: g.Param("bias_hh", graph.Constant(0), n),
	}
}

// inputs returns what the input sends to the gates of a cell with a single bias, x·W_ihᵀ + b_ih: x [..., I] gives
// [..., G·H]. Parameters: weight_ih [G·H, I], Glorot uniform gate by gate; bias_ih [G·H], zero unless biasIH says
// otherwise.
func inputs(g *graph.Graph, x graph.Node, gates, hidden int, biasIH graph.Init) graph.Node {
	if biasIH == nil {
		biasIH = graph.Constant(0)
	}
	w := g.Param("weight_ih", graph.Repeat(gates, graph.GlorotUniform()), gates*hidden, x.Dim(-1))
	return g.Add(g.MatMulT(x, w), g.Param("bias_ih", biasIH, gates*hidden))
}

// checked reports a size, an input or a state that a cell cannot work with. widths are those of the entries of the cell's
// state.
func checked(g *graph.Graph, name string, x graph.Node, s State, widths ...int) bool {
	return g.Err() == nil && positive(g, name, widths) && ranked(g, name, x, "an input [B, I]", 2) &&
		stateFits(g, name, x.Dim(0), s, widths)
}

// scannable is checked for a Scan, whose input is [T, B, I].
func scannable(g *graph.Graph, name string, x graph.Node, s State, widths ...int) bool {
	return g.Err() == nil && positive(g, name, widths) && ranked(g, name, x, "a sequence [T, B, I]", 3) &&
		stateFits(g, name, x.Dim(1), s, widths)
}

// ranked reports an input of another rank.
func ranked(g *graph.Graph, name string, x graph.Node, want string, rank int) bool {
	if x.Rank() != rank {
		g.Failf(name, "want %s, found %v", want, x.Shape())
	}
	return x.Rank() == rank
}

// stateFits reports a state whose first entries are not [batch, width] each.
func stateFits(g *graph.Graph, name string, batch int, s State, widths []int) bool {
	if len(s) < len(widths) {
		g.Failf(name, "the state has %d entries; want %d", len(s), len(widths))
		return false
	}
	for i, width := range widths {
		if n := s[i]; n.Rank() != 2 || n.Dim(0) != batch || n.Dim(1) != width {
			g.Failf(name, "state %d has shape %v; want [%d %d]", i, n.Shape(), batch, width)
			return false
		}
	}
	return true
}

// zeros returns zero states [B, width].
func zeros(g *graph.Graph, name string, batch int, widths ...int) State {
	s := make(State, len(widths))
	if g.Err() != nil || !positive(g, name, widths) {
		return s
	}
	for i, width := range widths {
		s[i] = g.Full(0, batch, width)
	}
	return s
}

// widest is the largest width of a state: the size of its gates in bytes still fits an int.
const widest = dense.MaxElements / 64

// positive reports a width that is below 1 or too large.
func positive(g *graph.Graph, name string, widths []int) bool {
	for _, width := range widths {
		switch {
		case width < 1:
			g.Failf(name, "hidden size %d; want at least 1", width)
			return false
		case width > widest:
			g.Failf(name, "hidden size %d; want at most %d", width, widest)
			return false
		}
	}
	return true
}

// sections is graph.Blocks for blocks of different numbers of rows.
func sections(rows []int, inits ...graph.Init) graph.Init {
	return func(dst []float64, shape []int, rng *rand.Rand) error {
		each := len(dst) / max(shape[0], 1) // elements in a row
		for i, n := range rows {
			if err := inits[i](dst[:n*each], append([]int{n}, shape[1:]...), rng); err != nil {
				return err
			}
			dst = dst[n*each:]
		}
		return nil
	}
}
