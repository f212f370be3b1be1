package recurrent

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// around is a wrapper of one's own that changes nothing.
type around struct{ Cell }

func (a around) Parts() []Cell { return []Cell{a.Cell} }

// counting is a wrapper with an entry of its own, a count of steps, before the state of its cell.
type counting struct{ Cell }

func (c counting) Parts() []Cell { return []Cell{c.Cell} }
func (c counting) Begin(g *graph.Graph, batch int) State {
	return append(State{g.Full(0, batch, 1)}, c.Cell.Begin(g, batch)...)
}

// Which entries of a state are hidden states, which one is the output, and how many layers a cell takes.
func TestLayouts(t *testing.T) {
	lstm := LSTM{Hidden: 3}
	luong := Attentive{Cell: lstm, Attention: LuongDot}
	for _, c := range []struct {
		cell           Cell
		entries        int
		hidden         []int
		output, layers int
	}{
		{GRU{Hidden: 3}, 1, []int{0}, 0, 1},
		{lstm, 2, []int{0}, 0, 1},
		{StackOf(3, lstm), 6, []int{0, 2, 4}, 4, 3},
		{Stack{Cells: []Cell{GRU{Hidden: 3}, StackOf(2, lstm), SLSTM{Hidden: 3}}}, 9, []int{0, 1, 3, 5}, 5, 4},
		{luong, 3, []int{1}, 0, 1}, // y, h, c
		{Attentive{Cell: StackOf(2, lstm), Attention: LuongDot}, 5, []int{1, 3}, 0, 2},
		{Zoneout{Cell: lstm}, 2, []int{0}, 0, 1},
		{Zoneout{Cell: luong}, 3, []int{1}, 0, 1},
		{around{StackOf(2, lstm)}, 4, []int{0, 2}, 2, 2},
		{around{around{luong}}, 3, []int{1}, 0, 1},
		{counting{StackOf(2, lstm)}, 5, []int{1, 3}, 0, 2},
		{Stack{Cells: []Cell{lstm, around{StackOf(2, GRU{Hidden: 3})}}}, 4, []int{0, 2, 3}, 3, 3},
	} {
		g := graph.NewTraining(graph.NewParams(1))
		l := cellLayout(g, c.cell)
		got := fmt.Sprint(len(l.shapes), l.hidden(), l.output, depth(c.cell), outputEntry(g, c.cell))
		if want := fmt.Sprint(c.entries, c.hidden, c.output, c.layers, c.output); got != want || g.Err() != nil {
			t.Errorf("%T %+v: entries, hidden states, output, layers %s; want %s; error %v", c.cell, c.cell, got, want, g.Err())
		}
		if n := len(g.Expr().AllNodes()); n != 0 {
			t.Errorf("%T: the question left %d nodes in the graph", c.cell, n)
		}
	}
}
