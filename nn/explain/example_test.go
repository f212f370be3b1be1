package explain_test

import (
	"context"
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/explain"
)

// Of a sum with weights 1 and 2, the second number of each step counts twice.
func ExampleExplainer_IntegratedGradients() {
	params := graph.NewParams64(1)
	e, err := explain.New(params, func(g *graph.Graph, x, target graph.Node) graph.Node { // x [T, B, 2]
		w := g.Const(graph.Floats64([]float64{1, 2}, 2, 1))
		return g.Sum(g.MatMul(x, w), 0) // [B, 1]
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := e.IntegratedGradients(context.Background(), explain.Input{X: graph.Floats64([]float64{1, 1, 0, -3}, 2, 2)}, explain.Integration{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f of %.1f\n", a.Scores, a.Output)
	// Output: [3.0 -6.0] of -3.0
}
