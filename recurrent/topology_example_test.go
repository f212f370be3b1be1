package recurrent_test

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// A classifier of sequences of different lengths, which reads in both directions and pools with attention.
func ExampleManyToOne() {
	m := recurrent.ManyToOne{
		Embedding: nn.Embedding{Tokens: 50, Size: 8}, Layer: recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 16}},
		Pool: recurrent.PoolAttention, Classes: 3,
	}
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
		return []graph.Node{logits}
	})
	out, err := f.Run(graph.Ints(make([]int, 7*4), 7, 4), graph.Ints([]int{7, 3, 0, 5})) // ids [T, B], lengths [B]
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("logits", out[0].Shape())
	// Output:
	// logits (4, 3)
}

// A translator: its training form over whole sequences, and its two functions for decoding token by token.
func ExampleSeq2Seq() {
	m := recurrent.Seq2Seq{
		Source: nn.Embedding{Tokens: 40, Size: 8}, Encoder: recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 8}},
		Target: nn.Embedding{Tokens: 30, Size: 8}, Decoder: recurrent.LSTM{Hidden: 16},
		Attention: recurrent.LuongGeneral, InputFeeding: true,
	}
	const S, T, B = 6, 5, 2
	params := graph.NewParams(1)
	train := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, attention := m.Align(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
		return []graph.Node{logits, attention}
	})
	source, lengths := graph.Ints(make([]int, S*B), S, B), graph.Ints([]int{6, 4})
	out, err := train.Run(source, lengths, graph.Ints(make([]int, T*B), T, B))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("training: logits", out[0].Shape(), "attention", out[1].Shape())

	encoded, err := graph.NewFunc(params, m.Encoding).Run(source, lengths)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("encoding:", m.States(), "states, memory", encoded[m.States()].Shape())
	in := append([]*tensor.Dense{graph.Ints([]int{1, 1})}, encoded...) // a token for each sequence, states, memory, keys
	out, err = graph.NewFunc(params, m.Decoding).Run(append(in, lengths)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("decoding: logits", out[0].Shape(), "attention", out[len(out)-1].Shape())
	// Output:
	// training: logits (5, 2, 30) attention (5, 2, 6)
	// encoding: 3 states, memory (6, 2, 16)
	// decoding: logits (2, 30) attention (2, 6)
}
