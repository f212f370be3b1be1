package recurrent

import (
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Bridge turns the final state of an encoder into the initial state of a decoder.
//
// First it merges the states of the encoder's two directions, entry by entry and layer by layer. If encoder and decoder
// then have the same cells, each entry of the decoder's state comes from its counterpart: a copy if the widths agree,
// tanh(W·s + b) otherwise. If the cells or their numbers differ, each entry is tanh(W·h + b) of the encoder's last hidden
// state.
//
// Parameters, where there is a W: start_0.weight, start_0.bias and so on, by the entry of the decoder's state; biases
// start at zero. In an SLSTM, a W makes h alone, since its normaliser must not be negative; an MLSTM can only copy.
type Bridge struct {
	Merge Merge // of the encoder's directions: MergeConcat makes states twice as wide, the others keep the width
	Dense bool  // tanh(W·s + b) even where a copy would fit
}

// Apply returns the initial state of a decoder's cell, given the encoder and the state that its Apply returned.
func (b Bridge) Apply(g *graph.Graph, encoder Layer, final State, cell Cell) State {
	if !hasLayer(g, "Bridge", encoder) || !hasCell(g, "Bridge", cell) {
		return nil
	}
	from := layerLayout(g, encoder)
	if n := len(from.shapes); g.Err() == nil && (n == 0 || n != len(final)) {
		g.Failf("Bridge", "the encoder's state has %d entries; want %d, those that Apply returns", len(final), n)
	}
	if g.Err() != nil {
		return nil
	}
	joined, to := b.joined(g, from, final), cellLayout(g, cell)
	own := cell.Begin(g, final[0].Dim(0))
	if g.Err() != nil {
		return nil
	}
	if !slices.Equal(from.kinds(), to.kinds()) || len(joined) != len(own) {
		return started(g, cell, LastHidden(g, encoder, final))
	}
	for i := range own {
		if !b.Dense && slices.Equal(joined[i].Shape(), own[i].Shape()) {
			own[i] = joined[i]
		} else {
			own[i] = start(g, to, i, joined[i], own[i])
		}
	}
	return own
}

// joined returns the encoder's state with the directions of every layer merged.
func (b Bridge) joined(g *graph.Graph, l layout, final State) State {
	var out State
	for _, leaf := range l.leaves {
		s := final[leaf.at : leaf.at+leaf.n]
		if leaf.both == nil {
			out = append(out, s...)
			continue
		}
		for i := range leaf.n / 2 {
			out = append(out, b.Merge.of(g, s[i], s[leaf.n/2+i], 1))
		}
	}
	return out
}

// started makes a cell's initial state from a vector v [B, F].
func started(g *graph.Graph, cell Cell, v graph.Node) State {
	own := cell.Begin(g, v.Dim(0))
	if g.Err() != nil {
		return own
	}
	l := cellLayout(g, cell)
	for i := range own {
		own[i] = start(g, l, i, v, own[i])
	}
	return own
}

// start returns entry i of an initial state: tanh(W·v + b), or own where the entry cannot be an arbitrary vector.
func start(g *graph.Graph, l layout, i int, v, own graph.Node) graph.Node {
	leaf := l.leafOf(i)
	if c, ok := leaf.cell.(particular); ok && !c.Startable(g, i-leaf.at) {
		return own
	}
	return g.Tanh(nn.Dense{Units: own.Dim(1)}.Apply(g.Scope("start_"+strconv.Itoa(i)), v))
}

// particular is a cell whose state has entries that cannot be arbitrary vectors. Startable tells for an entry whether it can, or
// reports that nothing can start the cell.
type particular interface {
	Startable(g *graph.Graph, entry int) bool
}
