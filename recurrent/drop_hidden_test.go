package recurrent

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// Which entries of a state are hidden states, that recurrent dropout acts on.
func TestHiddenEntries(t *testing.T) {
	lstm := LSTM{Hidden: 3}
	for _, c := range []struct {
		cell Cell
		want []int
	}{
		{GRU{Hidden: 3}, []int{0}},
		{lstm, []int{0}},
		{Layers(3, lstm), []int{0, 2, 4}},
		{Attentive{Cell: lstm, Attention: LuongDot}, []int{1}}, // y, h, c
		{Attentive{Cell: Layers(2, lstm), Attention: LuongDot}, []int{1, 3}},
	} {
		g := graph.New(graph.NewParams(1), true)
		if got := hidden(g, c.cell, 2); fmt.Sprint(got) != fmt.Sprint(c.want) || g.Err() != nil {
			t.Errorf("%+v: entries %v, want %v; error %v", c.cell, got, c.want, g.Err())
		}
	}
}
