package keras

import (
	"github.com/unroll-go/unroll/graph"
	rnn "github.com/unroll-go/unroll/recurrent"
)

// cell is one step of Keras's SimpleRNN, LSTM and GRU, with any activations. Gates are in PyTorch's order.
//
//	SimpleRNN  h' = f(W·x + U·h + b)
//	LSTM       i, f, o = g(W·x + U·h + b)   n = f(W_n·x + U_n·h + b_n)   c' = f⊙c + i⊙n   h' = o⊙f(c')
//	GRU        r, z = g(W·x + U·h + b)      n = f(W_n·x + b_n + r⊙(U_n·h + d_n)), or f(W_n·x + U_n·(r⊙h) + b_n) with the
//	           reset gate before the product                             h' = z⊙h + (1-z)⊙n
type cell struct {
	*recurrent
	call  *call
	masks []graph.Node // [B], in the order in which steps are walked; nil for none
	at    *int         // the step
}

// Begin returns zeros, [B, H].
func (c cell) Begin(g *graph.Graph, batch int) rnn.State {
	s := rnn.State{g.Full(0, batch, c.units)}
	if c.kind == LSTM {
		s = append(s, g.Full(0, batch, c.units))
	}
	return s
}

// Step computes the next state from x [B, I]; the output is h. Where the mask is 0, the state stays as it is.
func (c cell) Step(g *graph.Graph, x graph.Node, s rnn.State) (graph.Node, rnn.State) {
	var next rnn.State
	switch c.kind {
	case LSTM:
		next = c.lstm(g, x, s[0], s[1])
	case GRU:
		next = c.gru(g, x, s[0])
	default:
		next = rnn.State{c.function(g, c.sum(g, g.MatMulT(x, c.weight(g, "weight_ih")), g.MatMulT(s[0], c.weight(g, "weight_hh"))))}
	}
	if c.masks != nil && g.Err() == nil {
		m := c.masks[*c.at]
		for i := range next {
			next[i] = g.Where(m, next[i], s[i])
		}
	}
	*c.at++
	return next[0], next
}

func (c cell) weight(g *graph.Graph, local string) graph.Node { return c.call.weight(g, local) }

// sum adds products and the bias that the layer may have.
func (c cell) sum(g *graph.Graph, terms ...graph.Node) graph.Node {
	if b := c.weight(g, "bias_ih"); b.Valid() {
		terms = append(terms, b)
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return g.Add(terms...)
}

func (c cell) lstm(g *graph.Graph, x, h, memory graph.Node) rnn.State {
	z := g.Split(c.sum(g, g.MatMulT(x, c.weight(g, "weight_ih")), g.MatMulT(h, c.weight(g, "weight_hh"))), 1, 4)
	if g.Err() != nil {
		return rnn.State{h, memory}
	}
	i, f, n, o := c.gate(g, z[0]), c.gate(g, z[1]), c.function(g, z[2]), c.gate(g, z[3])
	memory = g.Add(g.Mul(f, memory), g.Mul(i, n))
	return rnn.State{g.Mul(o, c.function(g, memory)), memory}
}

func (c cell) gru(g *graph.Graph, x, h graph.Node) rnn.State {
	in := g.Split(c.sum(g, g.MatMulT(x, c.weight(g, "weight_ih"))), 1, 3) // of r, z, n
	u := c.weight(g, "weight_hh")
	if g.Err() != nil {
		return rnn.State{h}
	}
	var r, z, n graph.Node
	if c.resetBefore {
		w := g.Split(u, 0, 3)
		r, z = c.gate(g, g.Add(in[0], g.MatMulT(h, w[0]))), c.gate(g, g.Add(in[1], g.MatMulT(h, w[1])))
		n = c.function(g, g.Add(in[2], g.MatMulT(g.Mul(r, h), w[2])))
	} else {
		product := g.MatMulT(h, u)
		if b := c.weight(g, "bias_hh"); b.Valid() {
			product = g.Add(product, b)
		}
		back := g.Split(product, 1, 3)
		if g.Err() != nil {
			return rnn.State{h}
		}
		r, z = c.gate(g, g.Add(in[0], back[0])), c.gate(g, g.Add(in[1], back[1]))
		n = c.function(g, g.Add(in[2], g.Mul(r, back[2])))
	}
	return rnn.State{g.Add(n, g.Mul(z, g.Sub(h, n)))}
}
