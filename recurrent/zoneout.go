package recurrent

import "github.com/unroll-go/unroll/graph"

// Zoneout has each element of a cell's state keep its old value with some probability, drawn anew at each step (Krueger
// et al., 2017): unlike dropout, it lets the gradient pass. When evaluating, the state is the expectation. It is a Cell
// around a Cell; in a Stack, wrap each cell.
type Zoneout struct {
	Cell   Cell
	Hidden float64 // probability for the hidden state, 0 up to, not including, 1
	Memory float64 // probability for the other entries of the state, such as an LSTM's c
}

// Begin returns the cell's first state.
func (c Zoneout) Begin(g *graph.Graph, batch int) State {
	if !(c.Hidden >= 0 && c.Hidden < 1 && c.Memory >= 0 && c.Memory < 1) {
		g.Failf("Zoneout", "rates %g and %g; want at least 0 and below 1", c.Hidden, c.Memory)
	}
	if _, ok := c.Cell.(Stack); ok {
		g.Failf("Zoneout", "its cell is a Stack; wrap the cells in the Stack instead")
	}
	return c.Cell.Begin(g, batch)
}

// Step runs the cell and keeps some of the old state.
func (c Zoneout) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
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
	for i, n := range next {
		rate := c.Memory
		if i == 0 {
			rate = c.Hidden
		}
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

// Depth is the number of layer numbers that the cell takes.
func (c Zoneout) Depth() int { return depth(c.Cell) }
