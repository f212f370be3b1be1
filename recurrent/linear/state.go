package linear

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/recurrent"
)

// widest is the largest width of a state or a layer: the size of some of them, in bytes, still fits an int.
const widest = dense.MaxElements / 64

// size is a width that a cell is configured with, and what it is called in messages.
type size struct {
	name  string
	value int
}

// positive reports a size that is below 1 or too large.
func positive(g *graph.Graph, cell string, sizes ...size) bool {
	for _, s := range sizes {
		if g.Err() == nil && (s.value < 1 || s.value > widest) {
			g.Failf(cell, "%s %d; want 1 to %d", s.name, s.value, widest)
		}
	}
	return g.Err() == nil
}

// zeros returns a state of zeros, [B, width] each.
func zeros(g *graph.Graph, cell string, batch int, widths []int) recurrent.State {
	s := make(recurrent.State, len(widths))
	for i, width := range widths {
		if g.Err() == nil && width > 0 && width <= widest {
			s[i] = g.Full(0, batch, width)
		} else {
			g.Failf(cell, "a state of %d numbers; want 1 to %d", width, widest)
		}
	}
	return s
}

// sequence reports a sequence that is not [T, B, I], or a state that does not begin with entries [B, width].
func sequence(g *graph.Graph, cell string, x graph.Node, s recurrent.State, widths []int) bool {
	switch {
	case g.Err() != nil:
	case x.IsIDs() || x.Rank() != 3:
		g.Failf(cell, "want a sequence [T, B, I], found %v", x.Shape())
	case len(s) < len(widths):
		g.Failf(cell, "the state has %d entries; want %d", len(s), len(widths))
	default:
		for i, width := range widths {
			if n := s[i]; n.Rank() != 2 || n.Dim(0) != x.Dim(1) || n.Dim(1) != width {
				g.Failf(cell, "state %d has shape %v; want [%d %d]", i, n.Shape(), x.Dim(1), width)
				break
			}
		}
	}
	return g.Err() == nil
}

// single is a step as a sequence of one: a cell's Step is its Scan of x [1, B, I], so both have the same bits.
func single(g *graph.Graph, cell string, c recurrent.Scanner, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	if g.Err() == nil && x.Rank() != 2 {
		g.Failf(cell, "want an input [B, I], found %v", x.Shape())
	}
	if g.Err() != nil {
		return graph.Node{}, s
	}
	y, next := c.Scan(g, g.Reshape(x, 1, x.Dim(0), x.Dim(1)), s, recurrent.Order{})
	if g.Err() != nil {
		return graph.Node{}, s
	}
	return g.Reshape(y, x.Dim(0), y.Dim(2)), next
}

// unstartable reports a cell whose memory no vector can start: its matrix has a normaliser and a scale.
func unstartable(g *graph.Graph, cell string) bool {
	g.Failf(cell, "its memory is a matrix, which a vector cannot start; give the vector as an input of every step")
	return false
}

// or is v, or the usual value for 0.
func or(v, usual int) int {
	if v == 0 {
		return usual
	}
	return v
}
