// Package model builds the benchmarks' language models and runs their steps.
package model

import (
	"math/rand/v2"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// Cell is the cell that a work names.
func Cell(w work.Work) recurrent.Cell {
	switch w.Base() {
	case "rnn":
		return recurrent.RNN{Hidden: w.H}
	case "gru":
		return recurrent.GRU{Hidden: w.H}
	case work.Fifth:
		return Written{Hidden: w.H, Gates: 5}
	default:
		return recurrent.LSTM{Hidden: w.H}
	}
}

// Logits maps ids [T, B] to logits [T, B, V]: embedding, stacked cells, softmax head. Ragged work takes lengths [B] after
// all other inputs.
func Logits(w work.Work, cell recurrent.Cell) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		var o recurrent.Options
		if w.Kind == work.Ragged {
			o.Lengths = in[len(in)-1]
		}
		x := nn.Embedding{Tokens: w.V, Size: w.I}.Apply(g.Scope("embedding"), in[0])
		var y graph.Node // [T, B, H], or [T, B, 2H]
		if w.Bidirectional() {
			y = bidirectional(g.Scope("rnn"), w.L, cell, x, o)
		} else {
			y, _ = recurrent.Unroll(g.Scope("rnn"), recurrent.StackOf(w.L, cell), x, o)
		}
		return []graph.Node{nn.Head{Classes: w.V}.Apply(g.Scope("head"), y)}
	}
}

// Loss maps ids and targets [T, B], and for Ragged work lengths [B], to the loss, the mean over all targets.
func Loss(w work.Work, cell recurrent.Cell) graph.Build {
	logits := Logits(w, cell)
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		var loss losses.CrossEntropy
		if w.Kind == work.Ragged {
			loss.Lengths = in[2]
		}
		return []graph.Node{loss.Apply(g, logits(g, in)[0], in[1])}
	}
}

// bidirectional is torch.nn.LSTM(bidirectional=True) and its like: every layer reads the one below in both directions.
func bidirectional(g *graph.Graph, layers int, cell recurrent.Cell, x graph.Node, o recurrent.Options) graph.Node {
	reverse := o
	reverse.Reverse = true
	for k := range layers {
		layer := recurrent.InLayer(g, k)
		forward, _ := recurrent.Unroll(layer, cell, x, o)
		backward, _ := recurrent.Unroll(recurrent.InReverse(layer), cell, x, reverse)
		x = g.Concat(2, forward, backward)
	}
	return x
}

// Batch draws ids and targets, [T, B] each, the same at every call; for Ragged work the sequences' lengths [B] follow.
func Batch(w work.Work) []*tensor.Dense {
	rng := rand.New(rand.NewPCG(1, 1))
	draw := func() *tensor.Dense {
		ids := make([]int, w.T*w.B)
		for i := range ids {
			ids[i] = rng.IntN(w.V)
		}
		return graph.Ints(ids, w.T, w.B)
	}
	batch := []*tensor.Dense{draw(), draw()}
	if w.Kind == work.Ragged {
		batch = append(batch, graph.Ints(w.Lengths(), w.B))
	}
	return batch
}
