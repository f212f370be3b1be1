package recurrent

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/nn"
)

// Stack feeds each cell's output to the next cell: a deep recurrent network, which is a Cell itself. The parameters of layer
// k end in _l{k}, as in PyTorch. Its state is the states of its layers one after the other: for LSTMs h and c of layer 0, h
// and c of layer 1, and so on.
type Stack struct {
	Cells   []Cell
	Dropout float64 // probability of dropping an output between two layers, while training
}

// StackOf returns a Stack of n equal cells. n is 1 to 10,000; the use of a Stack with another number is an error.
func StackOf(n int, cell Cell) Stack {
	return Stack{Cells: copies(n, cell)}
}

// copies are n times the same part; of too many, enough to be refused.
func copies[T any](n int, part T) []T {
	return slices.Repeat([]T{part}, min(max(n, 0), dense.MaxParts+1))
}

// Begin returns the initial states of all layers.
func (c Stack) Begin(g *graph.Graph, batch int) State {
	if !c.complete(g) {
		return nil
	}
	var s State
	for _, cell := range c.Cells {
		s = append(s, cell.Begin(g, batch)...)
	}
	return s
}

// Step runs all layers; the output is the last layer's.
func (c Stack) Step(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	if !c.complete(g) {
		return graph.Node{}, s
	}
	var next State
	layer := layerOf(g)
	for i, cell := range c.Cells {
		if i > 0 {
			x = nn.Dropout{Rate: c.Dropout}.Apply(g, x)
		}
		if len(next) > len(s) {
			return g.Failf("Stack", "the state has %d entries; want more", len(s)), s
		}
		y, own := cell.Step(InLayer(g, layer), x, s[len(next):])
		next = append(next, own...)
		layer += depth(cell)
		x = y
	}
	return x, next
}

// Parts returns the cells.
func (c Stack) Parts() []Cell { return c.Cells }

// Depth is the number of layers, those of stacks inside included.
func (c Stack) Depth() int { return depths(c.Cells, depth) }

// complete reports a stack without cells, or with one that is missing.
func (c Stack) complete(g *graph.Graph) bool {
	if len(c.Cells) == 0 {
		g.Failf("Stack", "it has no cells; want at least one")
	}
	return hasCell(g, "Stack", c)
}
