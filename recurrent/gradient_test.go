package recurrent_test

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// cells lists the basic cells at a given width, and stacks of them; allCells has every cell.
func cells(hidden int) map[string]recurrent.Cell {
	return map[string]recurrent.Cell{
		"rnn tanh":         recurrent.RNN{Hidden: hidden},
		"rnn relu":         recurrent.RNN{Hidden: hidden, ReLU: true},
		"lstm":             recurrent.LSTM{Hidden: hidden},
		"gru":              recurrent.GRU{Hidden: hidden},
		"gru reset before": recurrent.GRU{Hidden: hidden, ResetBefore: true},
		"lstm stack":       recurrent.StackOf(2, recurrent.LSTM{Hidden: hidden}),
		"mixed stack": recurrent.Stack{Cells: []recurrent.Cell{
			recurrent.GRU{Hidden: hidden}, recurrent.StackOf(2, recurrent.RNN{Hidden: hidden})}},
	}
}

// sequenceLoss reads every output and every final state, so that no gradient is zero by accident.
func sequenceLoss(cell recurrent.Cell, o recurrent.Options) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		if len(in) > 1 {
			o.Lengths = in[1]
		}
		y, final := recurrent.Unroll(g, cell, in[0], o)
		loss := g.Sum(g.Mul(y, weighing(g, y)))
		for _, s := range final {
			loss = g.Add(loss, g.Sum(g.Mul(s, weighing(g, s))))
		}
		return []graph.Node{loss}
	}
}

// weighing returns fixed, uneven weights of n's shape.
func weighing(g *graph.Graph, n graph.Node) graph.Node {
	shape := n.Shape()
	return g.Const(graphtest.Random(uint64(len(shape)), shape...))
}

func TestCellGradients(t *testing.T) {
	for _, size := range []struct{ T, B, I, H int }{{1, 1, 1, 1}, {4, 1, 3, 1}, {3, 2, 1, 5}, {5, 3, 4, 6}} {
		for name, cell := range cells(size.H) {
			t.Run(fmt.Sprintf("%s/T%dB%dI%dH%d", name, size.T, size.B, size.I, size.H), func(t *testing.T) {
				x := graphtest.Random(7, size.T, size.B, size.I)
				for _, reverse := range []bool{false, true} {
					o := recurrent.Options{Reverse: reverse}
					graphtest.CheckGradient(t, graphtest.Gradient{Build: sequenceLoss(cell, o), Inputs: []*tensor.Dense{x}})
				}
			})
		}
	}
}
