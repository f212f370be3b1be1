package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// Stack feeds each cell's output to the next cell: a deep recurrent network, which is a Cell itself. Layer k's
// parameters end in _l{k}, as in PyTorch. Its state is the layers' states in a row: h and c of layer 0, h and c of
// layer 1, and so on, for LSTMs.
type Stack struct {
	Cells   []Cell
	Dropout float64 // probability of dropping an output between two layers, while training
}

// Layers returns a Stack of n equal cells.
func Layers(n int, cell Cell) Stack {
	s := Stack{Cells: make([]Cell, max(n, 0))}
	for i := range s.Cells {
		s.Cells[i] = cell
	}
	return s
}

// Begin returns the states of all layers.
func (c Stack) Begin(g *graph.Graph, batch int) State {
	if len(c.Cells) == 0 {
		g.Failf("Stack", "it has no cells; want at least one")
	}
	var s State
	for _, cell := range c.Cells {
		s = append(s, cell.Begin(g, batch)...)
	}
	return s
}

// Step runs all layers; the output is the last layer's.
func (c Stack) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if len(c.Cells) == 0 {
		return g.Failf("Stack", "it has no cells; want at least one"), s
	}
	var next State
	layer := g.LayerIndex()
	for i, cell := range c.Cells {
		if i > 0 {
			x = nn.Dropout{Rate: c.Dropout}.Apply(g, x)
		}
		if len(next) > len(s) {
			return g.Failf("Stack", "the state has %d entries; want more", len(s)), s
		}
		y, own := cell.Step(g.Layer(layer), x, s[len(next):])
		next = append(next, own...)
		layer += depth(cell)
		x = y
	}
	return x, next
}

// Depth is the number of layers, counted through stacks in the stack.
func (c Stack) Depth() int {
	n := 0
	for _, cell := range c.Cells {
		n += depth(cell)
	}
	return n
}

// depth is how many layer numbers a cell takes. Cells that contain others say so with a Depth method.
func depth(c Cell) int {
	if d, ok := c.(interface{ Depth() int }); ok {
		return d.Depth()
	}
	return 1
}
