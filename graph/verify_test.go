package graph_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// A check hands x on, gradient and all, and comes before the operations that its result goes to.
func TestVerify(t *testing.T) {
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := g.Verify("even", in[0], func(ids [][]int) error {
			for _, id := range ids[0] {
				if id%2 != 0 {
					return errors.New("an odd number")
				}
			}
			return nil
		}, in[1])
		return []graph.Node{g.Sum(g.Square(g.Mul(x, in[0])))}
	}
	graphtest.CheckGradient(t, graphtest.Gradient{Inputs: []*tensor.Dense{graphtest.Random(1, 2, 3), graph.Ints([]int{0, 4})}, Build: build})
	f := graph.NewFunc(graph.NewParams64(1), build)
	if _, err := f.Run(graphtest.Random(1, 2, 3), graph.Ints([]int{0, 3})); err == nil || !strings.Contains(err.Error(), "graph: even [2 3]: an odd number") {
		t.Error(err)
	}
	if _, err := f.Run(graphtest.Random(1, 2, 3), graphtest.Random(1, 2)); err == nil || !strings.Contains(err.Error(), "verify_test.go") {
		t.Errorf("error %v, want one with the line of Verify", err)
	}
}

// The padding id gives 0 and no gradient, wherever it is.
func TestPickPadded(t *testing.T) {
	for _, pad := range []int{-1, 2, 1000} {
		ids := graph.Ints([]int{0, pad, pad, 1, 3, pad}, 3, 2)
		build := func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.PickPadded(in[0], in[1], pad)}
		}
		x := graph.Floats64([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 4)
		graphtest.Close(t, "PickPadded", run64(t, build, x, ids), graph.Floats64([]float64{1, 0, 0, 6, 12, 0}, 3, 2), 0)
		graphtest.CheckGradient(t, graphtest.Gradient{Inputs: []*tensor.Dense{x, ids}, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Square(build(g, in)[0]))}
		}})
	}
}
