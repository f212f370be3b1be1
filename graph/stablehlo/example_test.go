package stablehlo_test

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/stablehlo"
)

// A function as text, for inputs of one shape.
func ExampleForward() {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Tanh(g.MatMul(in[0], g.Param("w", graph.Constant(0), 3, 2)))}
	})
	m, err := stablehlo.Forward(f, p, graph.Floats(make([]float32, 12), 4, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(m.Text)
	// Output:
	// module @unroll {
	//   func.func public @main(%weight0: tensor<3x2xf32>, %input1: tensor<4x3xf32>) -> (tensor<4x2xf32>) {
	//     %0 = stablehlo.dot_general %input1, %weight0, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
	//     %1 = stablehlo.tanh %0 : tensor<4x2xf32>
	//     return %1 : tensor<4x2xf32>
	//   }
	// }
}
