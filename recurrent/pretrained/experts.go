package pretrained

import "github.com/unroll-go/unroll/graph"

// Mixtures of experts (Shazeer et al., 2017, arXiv 1701.06538): each token goes through a few of many feed-forward networks.

// choice says which experts tokens go through, [T, B, experts]: chosen is 1 for those and 0 for others; weights are what their
// outputs are multiplied by, 0 for others.
type choice struct{ chosen, weights graph.Node }

// choose takes for each token the experts of the per largest scores [T, B, experts], with their weights [T, B, experts].
func choose(g *graph.Graph, scores, weights graph.Node, per int) choice {
	if g.Err() != nil {
		return choice{}
	}
	var best []graph.Node
	for range per {
		next := g.OneHotMax(scores)
		best = append(best, next)
		scores = g.Add(scores, g.MulScalar(next, hidden)) // is not chosen again
	}
	chosen := g.Add(best...)
	return choice{chosen, g.Mul(chosen, weights)}
}

// normed has the weights of a token add up to 1.
func (c choice) normed(g *graph.Graph, epsilon float64) choice {
	shape := c.weights.Shape()
	if len(shape) == 0 {
		return c
	}
	shape[len(shape)-1] = 1
	total := g.Reshape(g.Sum(c.weights, -1), shape...)
	return choice{c.chosen, g.Div(c.weights, g.AddScalar(total, epsilon))}
}

// times is x·wᵀ for the rows of an expert.
type times func(x, w graph.Node) graph.Node

// through sends x [T, B, width] through the experts that were chosen. one is expert i, which multiplies by its weights with
// times: for rows of others nothing is multiplied.
func (c choice) through(g *graph.Graph, x graph.Node, experts int, one func(i int, times times) graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	none := g.Full(0.5, append(x.Shape()[:2:2], 1)...)
	out := make([]graph.Node, experts)
	for i := range out {
		own := g.ArgMax(g.Concat(-1, none, g.Slice(c.chosen, -1, i, i+1))) // [T, B], 1 for the expert's rows
		y := one(i, func(x, w graph.Node) graph.Node { return g.MatMulTWithin(x, w, own, 1, 2) })
		out[i] = g.Mul(y, g.Slice(c.weights, -1, i, i+1))
		if g.Err() != nil {
			return graph.Node{}
		}
	}
	return g.Add(out...)
}

// experts are networks as block.gated, each with matrices of its own names.
func (b block) experts(x graph.Node, c choice, n, inner int, act, gate, up, down string) graph.Node {
	g, width := b.g, x.Dim(-1)
	return c.through(g, x, n, func(i int, times times) graph.Node {
		e := b.layer(i)
		h := activation(g, act, times(x, e.in(gate).weight("weight", inner, width)))
		h = g.Mul(h, times(x, e.in(up).weight("weight", inner, width)))
		return times(h, e.in(down).weight("weight", width, inner))
	})
}

// graniteExperts are experts whose matrices lie in one tensor each, [experts, out, in].
func graniteExperts(b block, x graph.Node, n, per, inner int, act string) graph.Node {
	g, width := b.g, x.Dim(-1)
	scores := b.in("router").dense("layer", x, n, false)
	c := choose(g, scores, g.Exp(g.LogSoftmax(scores, -1)), per).normed(g, 0) // a softmax of those that are chosen
	in, out := b.in("input_linear").weight("weight", n, 2*inner, width), b.in("output_linear").weight("weight", n, width, inner)
	matrix := func(w graph.Node, i, rows, cols int) graph.Node { return g.Reshape(g.Slice(w, 0, i, i+1), rows, cols) }
	return c.through(g, x, n, func(i int, times times) graph.Node {
		parts := columns(g, times(x, matrix(in, i, 2*inner, width)), inner, inner)
		return times(g.Mul(activation(g, act, parts[0]), parts[1]), matrix(out, i, width, inner))
	})
}
