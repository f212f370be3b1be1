package recurrent_test

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// Two layers, each reading in both directions, over sequences of different lengths: PyTorch's
// GRU(4, 8, num_layers=2, bidirectional=True).
func ExampleDeep() {
	params := graph.NewParams(1)
	f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		deep := recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 8}})
		y, final := deep.Apply(g.Scope("rnn"), in[0], recurrent.Options{Lengths: in[1]})
		return append([]graph.Node{y}, final...)
	})
	const T, B, I = 5, 3, 4
	out, err := f.Run(graph.Floats(make([]float32, T*B*I), T, B, I), graph.Ints([]int{5, 2, 0}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("outputs", out[0].Shape(), "and", len(out)-1, "final states", out[1].Shape())
	for i := range params.Len() {
		if name := params.At(i).Name(); i%4 == 0 {
			fmt.Println(name, params.At(i).Shape())
		}
	}
	// Output:
	// outputs (5, 3, 16) and 4 final states (3, 8)
	// rnn.weight_ih_l0 [24 4]
	// rnn.weight_ih_l0_reverse [24 4]
	// rnn.weight_ih_l1 [24 16]
	// rnn.weight_ih_l1_reverse [24 16]
}

// Every cell state and forget gate of a sequence, not only the last.
func ExampleTrace() {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		trace := &recurrent.Trace{}
		recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: 6}, in[0], recurrent.Options{Trace: trace})
		return []graph.Node{trace.States[1], trace.Gates["lstm.forget_gate_l0"]}
	})
	out, err := f.Run(graph.Floats(make([]float32, 5*3*4), 5, 3, 4))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("c", out[0].Shape(), "forget gates", out[1].Shape())
	fmt.Printf("with a bias of 1 and nothing else to see, a forget gate is %.3f\n", out[1].Float32s()[0])
	// Output:
	// c (5, 3, 6) forget gates (5, 3, 6)
	// with a bias of 1 and nothing else to see, a forget gate is 0.731
}
