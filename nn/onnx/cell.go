package onnx

import (
	"github.com/unroll-go/unroll/graph"
	rnn "github.com/unroll-go/unroll/recurrent"
)

// cell is one step of ONNX's RNN, LSTM and GRU operators, by their specification: f, g and h are the node's functions.
// The arguments of f and g are clipped; that of h, the LSTM's cell state, is not, as in ONNX Runtime. Gates are in
// PyTorch's order.
type cell struct {
	*recurrent
	op      string
	f       []activation
	weights cellWeights

	back func(h graph.Node) graph.Node // R·h of a quantised LSTM, whose x is W·x already
}

// Begin returns zeros, [N, H].
func (c cell) Begin(g *graph.Graph, batch int) rnn.State {
	s := rnn.State{g.Full(0, batch, c.hidden)}
	if c.op != "RNN" && c.op != "GRU" {
		s = append(s, g.Full(0, batch, c.hidden))
	}
	return s
}

// Step computes the next state from x [N, I]; the output is h.
func (c cell) Step(g *graph.Graph, x graph.Node, s rnn.State) (graph.Node, rnn.State) {
	switch c.op {
	case "LSTM", quantisedLSTM:
		return c.lstm(g, x, s[0], s[1])
	case "GRU":
		return c.gru(g, x, s[0])
	}
	h := c.apply(g, 0, c.sum(g, g.MatMulT(x, c.weights.w), g.MatMulT(s[0], c.weights.r), c.weights.bi, c.weights.br))
	return h, rnn.State{h}
}

// lstm:
//
//	i = f(W_i·x + R_i·h + b_i + P_i⊙c)   F = f(W_f·x + R_f·h + b_f + P_f⊙c), or 1-i when coupled
//	n = g(W_n·x + R_n·h + b_n)           c' = F⊙c + i⊙n
//	o = f(W_o·x + R_o·h + b_o + P_o⊙c')  h' = o⊙h(c')
func (c cell) lstm(g *graph.Graph, x, h, memory graph.Node) (graph.Node, rnn.State) {
	w := c.weights
	in, back := x, graph.Node{}
	if c.back != nil {
		back = c.back(h)
	} else {
		in, back = g.MatMulT(x, w.w), g.MatMulT(h, w.r)
	}
	z := g.Split(c.sum(g, in, back, w.bi, w.br), 1, 4) // i, f, n, o: [N, H] each
	peep := func(k int, z, memory graph.Node) graph.Node {
		if !w.p.Valid() {
			return z
		}
		return g.Add(z, g.Mul(memory, g.Slice(w.p, 0, k*c.hidden, (k+1)*c.hidden)))
	}
	i := c.apply(g, 0, peep(0, z[0], memory))
	forget := g.Affine(i, -1, 1)
	if !c.coupled {
		forget = c.apply(g, 0, peep(1, z[1], memory))
	}
	n := c.apply(g, 1, z[2])
	next := g.Add(g.Mul(forget, memory), g.Mul(i, n))
	o := c.apply(g, 0, peep(2, z[3], next))
	y := g.Mul(o, c.f[2].apply(g, next))
	return y, rnn.State{y, next}
}

// gru:
//
//	r = f(W_r·x + R_r·h + b_r)   z = f(W_z·x + R_z·h + b_z)
//	n = g(W_n·x + wb_n + R_n·(r⊙h) + rb_n), or g(W_n·x + wb_n + r⊙(R_n·h + rb_n)) with linear_before_reset
//	h' = (1-z)⊙n + z⊙h
func (c cell) gru(g *graph.Graph, x, h graph.Node) (graph.Node, rnn.State) {
	w := c.weights
	in := g.Split(c.sum(g, g.MatMulT(x, w.w), w.bi), 1, 3)
	var r, z, n graph.Node
	if c.after {
		back := g.Split(c.sum(g, g.MatMulT(h, w.r), w.br), 1, 3)
		r, z = c.apply(g, 0, g.Add(in[0], back[0])), c.apply(g, 0, g.Add(in[1], back[1]))
		n = c.apply(g, 1, g.Add(in[2], g.Mul(r, back[2])))
	} else {
		u, b := g.Split(w.r, 0, 3), make([]graph.Node, 3)
		if w.br.Valid() {
			b = g.Split(w.br, 0, 3)
		}
		r = c.apply(g, 0, c.sum(g, in[0], g.MatMulT(h, u[0]), b[0]))
		z = c.apply(g, 0, c.sum(g, in[1], g.MatMulT(h, u[1]), b[1]))
		n = c.apply(g, 1, c.sum(g, in[2], g.MatMulT(g.Mul(r, h), u[2]), b[2]))
	}
	next := g.Add(n, g.Mul(z, g.Sub(h, n)))
	return next, rnn.State{next}
}

// sum adds the terms that exist.
func (c cell) sum(g *graph.Graph, terms ...graph.Node) graph.Node {
	var there []graph.Node
	for _, t := range terms {
		if t.Valid() {
			there = append(there, t)
		}
	}
	if len(there) == 1 {
		return there[0]
	}
	return g.Add(there...)
}

// apply clips x and applies function k to it.
func (c cell) apply(g *graph.Graph, k int, x graph.Node) graph.Node {
	if c.clip > 0 {
		x = g.Clamp(x, -c.clip, c.clip)
	}
	return c.f[k].apply(g, x)
}
