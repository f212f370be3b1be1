package graph_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
)

// Sums of sums whose terms repeat with different periods, such as a bias and a table of positions.
func TestSumsOfSums(t *testing.T) {
	const T, B, F = 3, 4, 5
	x, bias, table := graphtest.Random(1, T, B, F), graphtest.Random(2, F), graphtest.Random(3, B, F)
	column, steps := graphtest.Random(4, T, B, 1), graphtest.Random(5, T, 1, 1)
	at := func(t, b, f int) [4]float64 {
		return [4]float64{bias.Float64s()[f], table.Float64s()[b*F+f], column.Float64s()[t*B+b], steps.Float64s()[t]}
	}
	out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{
			g.Add(g.Add(in[0], in[1]), in[2]), g.Add(g.Add(in[0], in[2]), in[1]), g.Add(g.Add(in[0], in[3]), in[2]),
			g.Add(g.Add(in[0], in[4]), in[1]), g.Add(g.Add(g.Add(in[0], in[1]), in[3]), in[2]),
		}
	}).Run(x, bias, table, column, steps)
	if err != nil {
		t.Fatal(err)
	}
	for k, terms := range [][]int{{0, 1}, {1, 0}, {2, 1}, {3, 0}, {0, 2, 1}} {
		want := append([]float64{}, x.Float64s()...)
		for i := range want {
			for _, term := range terms {
				want[i] += at(i/(B*F), i/F%B, i%F)[term]
			}
		}
		graphtest.Close(t, "sum", out[k], graph.Floats64(want, T, B, F), 1e-14)
	}
}
