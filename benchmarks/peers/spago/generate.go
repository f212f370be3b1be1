package main

import (
	"github.com/nlpodyssey/spago/mat"
	"github.com/nlpodyssey/spago/nn/recurrent/gru"
	"github.com/nlpodyssey/spago/nn/recurrent/lstm"
)

// generator writes one sequence: the likeliest token is the next input.
type generator struct {
	model *languageModel
	state []any // of each layer, nil before the first token
	token int
}

func (g *generator) step() (float64, error) {
	if g.state == nil {
		withoutGradients(g.model)
		g.state = make([]any, len(g.model.Layers))
	}
	x := g.model.Embedding.MustEncode([]int{g.token})[0]
	for k, layer := range g.model.Layers {
		switch layer := layer.(type) {
		case *lstm.Model:
			state, _ := g.state[k].(*lstm.State)
			next := layer.Next(state, x)
			g.state[k] = &lstm.State{Y: next.Y.Value(), Cell: next.Cell.Value()} // without the graph of the steps before
			x = next.Y
		case *gru.Model:
			state, _ := g.state[k].(*gru.State)
			next := layer.Next(state, x)
			g.state[k] = &gru.State{Y: next.Y.Value()}
			x = next.Y
		}
	}
	g.token = g.model.Head.Forward(x)[0].Value().(mat.Matrix).ArgMax()
	return 0, nil
}
