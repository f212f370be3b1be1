package model

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// Written is an LSTM as a user may write it, with the gates' weights stacked in one matrix. A fifth gate, if there is
// one, multiplies what enters the cell state:
//
//	i, f, o, m = σ(...)   n = tanh(...)
//	c' = f⊙c + m⊙i⊙n
//	h' = o⊙tanh(c')
type Written struct{ Hidden, Gates int }

// Begin is a state of zeros.
func (c Written) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.Hidden), g.Full(0, batch, c.Hidden)}
}

// Step is one time step.
func (c Written) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	rows := c.Gates * c.Hidden
	w := g.Param("w", graph.GlorotUniform(), rows, x.Dim(1))
	u := g.Param("u", graph.GlorotUniform(), rows, c.Hidden)
	z := g.Add(g.MatMulT(x, w), g.MatMulT(s[0], u), g.Param("b", graph.Constant(0), rows)) // [B, gates·H]
	gate := g.Split(z, 1, c.Gates)
	in := g.Mul(g.Sigmoid(gate[0]), g.Tanh(gate[3]))
	if c.Gates > 4 {
		in = g.Mul(in, g.Sigmoid(gate[4]))
	}
	cell := g.Add(g.Mul(g.Sigmoid(gate[1]), s[1]), in)
	h := g.Mul(g.Sigmoid(gate[2]), g.Tanh(cell))
	return h, recurrent.State{h, cell}
}
