package recurrent

import "github.com/unroll-go/unroll/graph"

// variant is LSTM.Step with options, each of which changes one equation.
func (c LSTM) variant(g *graph.Graph, x graph.Node, s State) (graph.Node, State) {
	z, p := c.arguments(g, x, s[0]), c.peepholes(g)
	i := g.Record("input_gate", g.Sigmoid(peep(g, z.i, p.i, s[1])))
	kept := s[1] // f⊙c
	switch {
	case c.Coupled:
		kept = g.Mul(g.Affine(i, -1, 1), kept)
	case !c.NoForget:
		f := g.Record("forget_gate", g.Sigmoid(peep(g, z.f, p.f, s[1])))
		kept = g.Mul(f, kept)
	}
	cell := g.Add(kept, g.Mul(i, g.Tanh(z.n)))
	o, shown := peep(g, z.o, p.o, cell), cell
	if c.LayerNorm {
		shown = g.Add(layerNorm(g, cell, "norm_ch"), g.Param("bias_ch", graph.Constant(0), c.Hidden))
	}
	h := g.Mul(g.Record("output_gate", g.Sigmoid(o)), g.Tanh(shown))
	if c.Projection > 0 {
		h = g.MatMulT(h, g.Param("weight_hr", graph.GlorotUniform(), c.Projection, c.Hidden))
	}
	return h, State{h, cell}
}

// lstmGates has one tensor for each gate of an LSTM; f is invalid where there is no forget gate of its own.
type lstmGates struct{ i, f, n, o graph.Node }

// arguments returns what the gates are functions of, [B, H] each.
func (c LSTM) arguments(g *graph.Graph, x, h graph.Node) lstmGates {
	gates := 4
	if c.Coupled || c.NoForget {
		gates = 3
	}
	w := newWeights(g, gates, c.Hidden, c.output(), x.Dim(-1), c.bias())
	in, back := g.MatMulT(x, w.ih), g.MatMulT(h, w.hh)
	if c.LayerNorm {
		in, back = layerNorm(g, in, "norm_ih"), layerNorm(g, back, "norm_hh")
	}
	z := g.Split(g.Add(in, back, w.bih, w.bhh), 1, gates)
	if gates == 3 {
		return lstmGates{i: z[0], n: z[1], o: z[2]}
	}
	return lstmGates{z[0], z[1], z[2], z[3]}
}

// peepholes returns the weights [H] with which the gates see the cell state; none without Peepholes.
func (c LSTM) peepholes(g *graph.Graph) lstmGates {
	switch {
	case !c.Peepholes:
		return lstmGates{}
	case c.Coupled || c.NoForget:
		p := g.Split(g.Param("weight_ch", graph.Constant(0), 2*c.Hidden), 0, 2)
		return lstmGates{i: p[0], o: p[1]}
	}
	p := g.Split(g.Param("weight_ch", graph.Constant(0), 3*c.Hidden), 0, 3)
	return lstmGates{i: p[0], f: p[1], o: p[2]}
}

// peep adds p⊙cell to the argument of a gate, if there is a peephole p.
func peep(g *graph.Graph, z, p, cell graph.Node) graph.Node {
	if !p.Valid() {
		return z
	}
	return g.Add(z, g.Mul(p, cell))
}
