package main

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// predictor says which symbol comes next, after each of a sequence.
type predictor struct {
	params  *graph.Params
	loss    *graph.Func // ids and targets [T, 1] to the loss and the logits
	adam    *optim.Adam
	symbols int
	rate    float64
}

// newPredictor makes a cell with one-hot inputs and a softmax head.
func newPredictor(seed uint64, symbols int, cell recurrent.Cell, rate float64) *predictor {
	p := &predictor{params: graph.NewParams(seed), adam: &optim.Adam{}, symbols: symbols, rate: rate}
	p.loss = graph.NewFunc(p.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := g.Gather(oneHot(g, symbols), in[0]) // [T, 1, symbols]
		y, _ := recurrent.Unroll(g.Scope("rnn"), cell, x, recurrent.Options{})
		logits := nn.Head{Classes: symbols}.Apply(g.Scope("head"), y)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
	})
	return p
}

// oneHot is the identity matrix.
func oneHot(g *graph.Graph, n int) graph.Node {
	v := make([]float64, n*n)
	for i := range n {
		v[i*n+i] = 1
	}
	return g.Const(graph.Floats64(v, n, n))
}

// pair is a sequence, without its last symbol, and what comes next after each.
func pair(word []int) []*tensor.Dense {
	n := len(word) - 1
	return []*tensor.Dense{graph.Ints(slices.Clone(word[:n]), n, 1), graph.Ints(slices.Clone(word[1:]), n, 1)}
}

// learn takes one step on one word.
func (p *predictor) learn(word []int) error {
	if _, err := p.loss.Grad(pair(word)...); err != nil {
		return err
	}
	_, err := optim.Update(p.adam, p.params, p.rate, 5)
	return err
}

// logits after each symbol of a word but the last, one row a symbol.
func (p *predictor) logits(word []int) ([][]float32, error) {
	out, err := p.loss.Run(pair(word)...)
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(out[1].Float32s(), p.symbols)), nil
}
