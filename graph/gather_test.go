package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// Negative ids count from the end: values and gradients are those of the ids from the beginning, bit by bit, with and
// without a product that the compiler moves onto the table.
func TestGatherFromEnd(t *testing.T) {
	negative := []int{-7, -1, 0, 6, -3, 2, -1, -7}
	positive := make([]int, len(negative))
	for i, id := range negative {
		positive[i] = (id + 7) % 7
	}
	for _, product := range []bool{false, true} {
		run := func(gather func(g *graph.Graph, table, ids graph.Node) graph.Node, ids []int) ([]*tensor.Dense, *graph.Params) {
			p := graph.NewParams(3)
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				y := gather(g, g.Param("table", graph.Normal(0, 1), 7, 9), in[0])
				if product {
					y = g.MatMulT(g.Reshape(y, -1, 9), g.Param("w", graph.Normal(0, 1), 5, 9))
				}
				return []graph.Node{g.Sum(g.Square(g.AddScalar(y, 1))), y}
			})
			out, err := f.Grad(graph.Ints(ids, 4, 2))
			if err != nil {
				t.Fatal(err)
			}
			return out, p
		}
		got, p := run((*graph.Graph).GatherFromEnd, negative)
		want, q := run((*graph.Graph).Gather, positive)
		for i := range want {
			graphtest.Close(t, "output", got[i], want[i], 0)
		}
		for i := range q.Len() {
			graphtest.Close(t, "gradient of "+q.At(i).Name(), p.At(i).Grad(), q.At(i).Grad(), 0)
		}
	}
	graphtest.CheckGradient(t, graphtest.Gradient{
		Inputs: []*tensor.Dense{graphtest.Random(1, 7, 3), graph.Ints(slices.Clone(negative), 2, 4)},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Square(g.GatherFromEnd(in[0], in[1])))}
		},
	})
}

// Ids outside of the table are named, with the range that they may have.
func TestGatherRange(t *testing.T) {
	for want, use := range map[string]struct {
		id     int
		gather func(g *graph.Graph, table, ids graph.Node) graph.Node
	}{
		"id -8 at position 1; want -7 to 6": {-8, (*graph.Graph).GatherFromEnd},
		"id 7 at position 1; want -7 to 6":  {7, (*graph.Graph).GatherFromEnd},
		"id -1 at position 1; want 0 to 6":  {-1, (*graph.Graph).Gather},
		"id 7 at position 1; want 0 to 6":   {7, (*graph.Graph).Gather},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{use.gather(g, in[0], in[1])}
		}).Run(graphtest.Float32(graphtest.Random(1, 7, 1)), graph.Ints([]int{0, use.id}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
