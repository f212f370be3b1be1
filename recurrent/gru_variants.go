package recurrent

import "github.com/unroll-go/unroll/graph"

// variant is GRU.Step with ResetBefore or LayerNorm.
func (c GRU) variant(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	w, h := newWeights(g, 3, c.Hidden, c.Hidden, x.Dim(-1), c.bias()), s[0]
	in := c.sums(g, g.MatMulT(x, w.ih), w.bih, "norm_ih")
	var z, n graph.Node
	if c.ResetBefore {
		z, n = c.resetBefore(g, in, h, w)
	} else {
		back := c.sums(g, g.MatMulT(h, w.hh), w.bhh, "norm_hh")
		r := g.Record("reset_gate", g.Sigmoid(g.Add(in[0], back[0])))
		z = g.Record("update_gate", g.Sigmoid(g.Add(in[1], back[1])))
		n = g.Tanh(g.Add(in[2], g.Mul(r, back[2])))
	}
	next := g.Add(n, g.Mul(z, g.Sub(h, n))) // (1-z)⊙n + z⊙h
	return next, State{next}
}

// sums adds the bias to the products of the three gates, after normalising them if LayerNorm is set: [B, 3H] gives
// r, z, n, [B, H] each.
func (c GRU) sums(g *graph.Graph, z, b graph.Node, gain string) []graph.Node {
	if c.LayerNorm {
		rz, n := g.Slice(z, 1, 0, 2*c.Hidden), g.Slice(z, 1, 2*c.Hidden, 3*c.Hidden)
		z = g.Concat(1, standardised(g, rz), standardised(g, n))
		z = g.Mul(z, g.Param(gain, graph.Constant(1), 3*c.Hidden))
	}
	return g.Split(g.Add(z, b), 1, 3)
}

// resetBefore returns z and n, where n looks at r⊙h.
func (c GRU) resetBefore(g *graph.Graph, in []graph.Node, h graph.Node, w weights) (z, n graph.Node) {
	two, three := 2*c.Hidden, 3*c.Hidden
	var gain graph.Node
	if c.LayerNorm {
		gain = g.Param("norm_hh", graph.Constant(1), three)
	}
	product := func(h graph.Node, from, to int) graph.Node { // LN(U·h) + b for some of the gates
		u := g.MatMulT(h, g.Slice(w.hh, 0, from, to))
		if c.LayerNorm {
			u = g.Mul(standardised(g, u), g.Slice(gain, 0, from, to))
		}
		return g.Add(u, g.Slice(w.bhh, 0, from, to))
	}
	back := g.Split(product(h, 0, two), 1, 2)
	r := g.Record("reset_gate", g.Sigmoid(g.Add(in[0], back[0])))
	z = g.Record("update_gate", g.Sigmoid(g.Add(in[1], back[1])))
	return z, g.Tanh(g.Add(in[2], product(g.Mul(r, h), two, three)))
}
