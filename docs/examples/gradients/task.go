package main

import (
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// The task is delayed recall: the first step shows one of four symbols, then comes noise, and after the last step the
// network is to say which symbol it was. Guessing has a loss of ln 4 = 1.386.
const (
	steps   = 200
	batch   = 32
	symbols = 4
	hidden  = 32
	noise   = 0.1
)

// draw makes a batch: [T, B, 4] and the symbols [B].
func draw(rng *rand.Rand) []*tensor.Dense {
	x, y := make([]float32, steps*batch*symbols), make([]int, batch)
	for i := range x {
		x[i] = noise * (rng.Float32()*2 - 1)
	}
	for b := range batch {
		y[b] = rng.IntN(symbols)
		for k := range symbols {
			x[b*symbols+k] = 0
		}
		x[b*symbols+y[b]] = 1
	}
	return []*tensor.Dense{graph.Floats(x, steps, batch, symbols), graph.Ints(y, batch)}
}

// model reads the sequence and gives the loss of its one answer, and the scores [B, 4].
func model(cell recurrent.Cell) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		_, final := recurrent.Unroll(g.Scope("rnn"), cell, in[0], recurrent.Options{})
		scores := nn.Dense{Units: symbols}.Apply(g.Scope("head"), final[0])
		return []graph.Node{losses.CrossEntropy{}.Apply(g, scores, in[1]), scores}
	}
}
