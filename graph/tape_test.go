package graph_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Whole networks, unrolled over time, on Gorgonia's TapeMachine with Gorgonia's differentiation and on Program.
func TestCellsOnTapeMachine(t *testing.T) {
	x := graphtest.Float32(graphtest.Random(1, 5, 3, 4))
	for name, cell := range map[string]recurrent.Cell{
		"rnn": recurrent.RNN{Hidden: 6}, "rnn relu": recurrent.RNN{Hidden: 6, ReLU: true},
		"lstm": recurrent.LSTM{Hidden: 6}, "lstm hidden 300": recurrent.LSTM{Hidden: 300},
		"gru": recurrent.GRU{Hidden: 6}, "gru reset before": recurrent.GRU{Hidden: 6, ResetBefore: true},
	} {
		for _, lengths := range [][]int{nil, {5, 0, 2}} {
			t.Run(name, func(t *testing.T) {
				in := []*tensor.Dense{x}
				if lengths != nil {
					in = append(in, graph.Ints(lengths))
				}
				compareWithTape(t, graph.NewParams(1), in, func(g *graph.Graph, in []graph.Node) []graph.Node {
					var o recurrent.Options
					if len(in) > 1 {
						o.Lengths = in[1]
					}
					y, final := recurrent.Unroll(g, cell, in[0], o)
					return []graph.Node{g.Add(g.Mean(g.Square(y)), g.Mean(final[0]))}
				})
			})
		}
	}
}

// A language model: gather, cells, head and cross-entropy, with the gradients of its weights.
func TestLanguageModelOnTapeMachine(t *testing.T) {
	ids, targets := graphtest.RandomIDs(1, 9, 6, 4), graphtest.RandomIDs(2, 9, 6, 4)
	p := graph.NewParams(1)
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		e := nn.Embedding{Tokens: 9, Size: 5}
		table := e.Weight(g.Scope("embedding"))
		y, _ := recurrent.Unroll(g.Scope("gru"), recurrent.GRU{Hidden: 5}, e.Lookup(g, table, in[0]), recurrent.Options{})
		logits := nn.Head{Classes: 9, Tied: table}.Apply(g.Scope("head"), y)
		pad := 3
		return []graph.Node{losses.CrossEntropy{Ignore: &pad, Smoothing: 0.1}.Apply(g, logits, in[1])}
	}
	compareWithTape(t, p, []*tensor.Dense{ids, targets}, build)
}
