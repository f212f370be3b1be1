package flow_test

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/recurrent"
)

// lastSquared is a loss of the last of 100 steps alone.
func lastSquared(g *graph.Graph, in []graph.Node) []graph.Node {
	_, final := recurrent.Unroll(g.Scope("rnn"), recurrent.RNN{Hidden: 8}, in[0], recurrent.Options{})
	return []graph.Node{g.Mean(g.Square(final[0]))}
}

// A plain network forgets: the gradient of the last step's loss does not reach the first steps.
func ExampleMeasure() {
	report, err := flow.Measure(graph.NewParams64(1), lastSquared, graphtest.Random(2, 100, 4, 3)) // [T, B, F]
	if err != nil {
		fmt.Println(err)
		return
	}
	h := report.States[0]
	fmt.Println(h.Name, "is", h.Verdict(), "and can be taught over less than 100 steps:", h.Reach() < 100)
	// Output: rnn.state_0_l0 is vanishing and can be taught over less than 100 steps: true
}

// A step of training changes weights by a small part of their size.
func ExampleUpdates() {
	params := graph.NewParams64(1)
	loss := graph.NewFunc(params, lastSquared)
	x := graphtest.Random(2, 100, 4, 3)
	if _, err := loss.Run(x); err != nil { // makes the weights
		fmt.Println(err)
		return
	}
	updates, err := flow.Updates(params, func() error {
		if _, err := loss.Grad(x); err != nil {
			return err
		}
		return (&optim.SGD{}).Step(params, 0.01)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, u := range updates {
		fmt.Println(u.Name, u.Ratio < 0.01)
	}
	// Output:
	// rnn.weight_ih_l0 true
	// rnn.weight_hh_l0 true
	// rnn.bias_ih_l0 true
	// rnn.bias_hh_l0 true
}
