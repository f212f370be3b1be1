package xla_test

import (
	"fmt"
	"log"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/xla"
)

// A line through points, on the plugin that $UNROLL_PJRT names.
func ExampleSession() {
	client, err := xla.Open("")
	if err != nil {
		log.Fatal(err)
	}
	params := graph.NewParams(1)
	f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y := nn.Dense{Units: 1}.Apply(g.Scope("line"), in[0])
		return []graph.Node{losses.MSE{}.Apply(g, y, in[1])}
	})
	session, err := xla.NewSession(client, f, params, stablehlo.Training{Optimizer: &optim.Adam{}, ClipNorm: 1})
	if err != nil {
		log.Fatal(err)
	}
	x, y := graph.Floats([]float32{0, 1, 2, 3}, 4, 1), graph.Floats([]float32{1, 3, 5, 7}, 4, 1)
	for range 100 {
		loss, err := session.Step(0.1, x, y)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(graph.Scalar(loss[0]))
	}
	if err := session.Save(); err != nil { // to the store: Params.Save writes it
		log.Fatal(err)
	}
}
