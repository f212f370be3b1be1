package recurrent

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// Zoneout lets each element of a cell's state keep its old value with some probability, drawn anew at each step (Krueger
// et al., 2017). Unlike dropout, it lets the gradient pass. During evaluation the state is the expectation. It is a Cell
// around a Cell; in a Stack, wrap each cell. Entries that a wrapper adds to the state, such as the y of an Attentive, are
// left alone.
type Zoneout struct {
	Cell       Cell
	HiddenRate float64 // probability for the hidden state, at least 0 and below 1
	MemoryRate float64 // probability for the other entries of the state, such as an LSTM's c; 0 for an SLSTM or MLSTM
}

// Begin returns the cell's initial state.
func (c Zoneout) Begin(g *graph.Graph, batch int) State {
	if !(c.HiddenRate >= 0 && c.HiddenRate < 1 && c.MemoryRate >= 0 && c.MemoryRate < 1) {
		g.Failf("Zoneout", "rates %g and %g; want at least 0 and below 1", c.HiddenRate, c.MemoryRate)
	}
	if !hasCell(g, "Zoneout", c) {
		return nil
	}
	if several(c.Cell) {
		g.Failf("Zoneout", "its cell is a %s of several cells; wrap each of them instead", typeName(c.Cell))
	}
	if of := single(c.Cell); c.MemoryRate > 0 && of != nil {
		if _, ok := of.(particular); ok {
			g.Failf("Zoneout", "MemoryRate is set, but the entries of an %s's memory are scaled by one another, "+
				"so they cannot be kept one by one; want 0", typeName(of))
		}
	}
	return c.Cell.Begin(g, batch)
}

// Step runs the cell and keeps some of the old state.
func (c Zoneout) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !hasCell(g, "Zoneout", c) {
		return graph.Node{}, s
	}
	y, next := c.Cell.Step(g, x, s)
	if g.Err() != nil {
		return y, next
	}
	output := -1 // the entry that the output is, if any
	for i, n := range next {
		if n == y {
			output = i
		}
	}
	out := make(State, len(next))
	rates := c.rates(g, len(next))
	for i, n := range next {
		rate := rates[i]
		switch {
		case rate == 0:
			out[i] = n
		case g.Training():
			out[i] = g.Where(g.RandomMask(1-rate, n.Shape()...), n, s[i])
		default:
			out[i] = g.Add(g.MulScalar(n, 1-rate), g.MulScalar(s[i], rate))
		}
	}
	if output >= 0 {
		y = out[output]
	}
	return y, out
}

// rates returns the probabilities of n entries of the state.
func (c Zoneout) rates(g *graph.Graph, n int) []float64 {
	out := slices.Repeat([]float64{c.MemoryRate}, n)
	if _, ok := c.Cell.(Composite); !ok && n > 0 {
		out[0] = c.HiddenRate
		return out
	}
	for _, leaf := range cellLayout(g, c.Cell).leaves {
		if leaf.hidden < 0 { // what a wrapper adds
			clear(out[leaf.at:min(leaf.at+leaf.n, n)])
		} else if leaf.hidden < n {
			out[leaf.hidden] = c.HiddenRate
		}
	}
	return out
}

// Parts returns the cell.
func (c Zoneout) Parts() []Cell { return []Cell{c.Cell} }

// Depth is the number of layer numbers that the cell takes.
func (c Zoneout) Depth() int { return depth(c.Cell) }
