package recurrent

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Bridge makes a decoder's first state of the state in which an encoder ended.
//
// The states of an encoder's two directions are merged first, entry by entry and layer by layer. Where encoder and
// decoder then have the same cells, every entry of the decoder's state comes from its counterpart: a copy when the
// widths agree, tanh(W·s + b) otherwise. Where the cells differ, or their number, every entry is tanh(W·h + b) of the
// encoder's last hidden state.
//
// Parameters, where there is a W: start_0.weight, start_0.bias and so on, by the entry of the decoder's state; biases
// start at zero. Of an SLSTM, a W starts h alone, since its normaliser must not be negative; an MLSTM can only copy.
type Bridge struct {
	Merge Merge // of the encoder's directions: MergeConcat makes states twice as wide, the others keep the width
	Dense bool  // tanh(W·s + b) even where a copy would fit
}

// Apply returns the first state of a decoder's cell, given the encoder and the state that its Run returned.
func (b Bridge) Apply(g *graph.Graph, encoder Layer, final State, cell Cell) State {
	if !hasLayer(g, "Bridge", encoder) || !hasCell(g, "Bridge", cell) {
		return nil
	}
	if n := len(encoder.Begin(g, 1)); n == 0 || n != len(final) {
		g.Failf("Bridge", "the encoder's state has %d entries; want %d, those that Run returns", len(final), n)
	}
	if g.Err() != nil {
		return nil
	}
	from := b.joined(g, encoder, final)
	own := cell.Begin(g, final[0].Dim(0))
	if g.Err() != nil {
		return nil
	}
	if !slices.Equal(layerKinds(encoder), kinds(cell)) || len(from) != len(own) {
		return started(g, cell, LastHidden(g, encoder, final))
	}
	for i := range own {
		if !b.Dense && slices.Equal(from[i].Shape(), own[i].Shape()) {
			own[i] = from[i]
		} else {
			own[i] = start(g, cell, i, from[i], own[i])
		}
	}
	return own
}

// joined merges the directions of every layer.
func (b Bridge) joined(g *graph.Graph, l Layer, final State) State {
	switch l := l.(type) {
	case Bidirectional:
		merge := Bidirectional{Merge: b.Merge}
		out := make(State, len(final)/2)
		for i := range out {
			out[i] = merge.merged(g, final[i], final[len(out)+i], 1)
		}
		return out
	case Deep:
		var out State
		for _, l := range l.Layers {
			n := len(l.Begin(g, 1))
			out = append(out, b.joined(g, l, final[:n])...)
			final = final[n:]
		}
		return out
	}
	return final
}

// started makes a cell's first state from a vector v [B, F].
func started(g *graph.Graph, cell Cell, v graph.Node) State {
	own := cell.Begin(g, v.Dim(0))
	if g.Err() != nil {
		return own
	}
	for i := range own {
		own[i] = start(g, cell, i, v, own[i])
	}
	return own
}

// start is entry i of a cell's first state, tanh(W·v + b), or own where the entry may not be any vector.
func start(g *graph.Graph, cell Cell, i int, v, own graph.Node) graph.Node {
	if !startable(g, cell, i) {
		return own
	}
	return g.Tanh(nn.Dense{Units: own.Dim(1)}.Apply(g.Scope("start_"+strconv.Itoa(i)), v))
}

// startable tells whether entry i of a cell's state may be any vector. An SLSTM's normaliser may not, nor then what is
// normalised; an MLSTM does not read its h.
func startable(g *graph.Graph, cell Cell, i int) bool {
	switch c := cell.(type) {
	case Stack:
		for _, cell := range c.Cells {
			n := len(cell.Begin(g, 1))
			if i < n {
				return startable(g, cell, i)
			}
			i -= n
		}
	case Zoneout:
		return startable(g, c.Cell, i)
	case SLSTM:
		return i == 0
	case MLSTM:
		g.Failf("MLSTM", "its memory is a matrix, which a vector cannot start; give the vector as an input of every step")
	}
	return true
}

// kinds lists the types of the cells in a cell.
func kinds(c Cell) []string {
	switch c := c.(type) {
	case Stack:
		var out []string
		for _, c := range c.Cells {
			out = append(out, kinds(c)...)
		}
		return out
	case Zoneout:
		return kinds(c.Cell)
	}
	return []string{fmt.Sprintf("%T", c)}
}

func layerKinds(l Layer) []string {
	switch l := l.(type) {
	case Unidirectional:
		return kinds(l.Cell)
	case Bidirectional:
		return kinds(l.Cell)
	case Deep:
		var out []string
		for _, l := range l.Layers {
			out = append(out, layerKinds(l)...)
		}
		return out
	}
	return []string{fmt.Sprintf("%T", l)}
}
