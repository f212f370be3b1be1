package pretrained

import (
	"github.com/unroll-go/unroll/graph"
)

// Mixtures of experts (Shazeer et al., 2017, arXiv 1701.06538): each token goes through a few of many feed-forward networks.

// choice is which experts a token goes through, the best first, and the weight that each has: ids [per, T, B] and [per, T, B].
type choice struct{ ids, weights graph.Node }

// choose takes the per largest scores [T, B, experts], and the weight of each expert that is chosen from weights [T, B,
// experts].
func choose(g *graph.Graph, scores, weights graph.Node, per int) choice {
	if g.Err() != nil {
		return choice{}
	}
	var c choice
	var list, picked []graph.Node
	for range per {
		best := g.OneHotMax(scores)                              // [T, B, experts]
		list = append(list, g.ArgMax(scores))                    // [T, B]
		picked = append(picked, g.Sum(g.Mul(best, weights), -1)) // [T, B]
		scores = g.Add(scores, g.MulScalar(best, hidden))        // is not chosen again
	}
	c.ids, c.weights = list[0], g.Stack(picked...)
	if per > 1 {
		c.ids = g.Stack(list...)
	} else {
		c.ids = g.Reshape(list[0], append([]int{1}, list[0].Shape()...)...)
	}
	return c
}

// normed has the weights of a token add up to 1.
func (c choice) normed(g *graph.Graph, epsilon float64) choice {
	total := g.Sum(c.weights, 0)
	if epsilon > 0 {
		total = g.AddScalar(total, epsilon)
	}
	return choice{c.ids, g.Div(c.weights, total)}
}

// through sends x [T, B, width] through the experts that were chosen. one is expert i: it multiplies by its weights those rows
// alone that are its own, which at says.
func (c choice) through(g *graph.Graph, x graph.Node, experts int, one func(i int, x graph.Node, times func(x, w graph.Node) graph.Node) graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	per := c.ids.Dim(0)
	many := g.BroadcastTo(x, append([]int{per}, x.Shape()...)...) // [per, T, B, width]
	out := make([]graph.Node, experts)
	for i := range out {
		out[i] = one(i, many, func(x, w graph.Node) graph.Node { return g.MatMulTWithin(x, w, c.ids, i, i+1) })
		if g.Err() != nil {
			return graph.Node{}
		}
	}
	return g.Sum(g.Mul(g.Add(out...), column(g, c.weights)), 0)
}

// experts are networks as block.gated, each with matrices of its own names.
func (b block) experts(x graph.Node, c choice, n, inner int, act, gate, up, down string) graph.Node {
	g, width := b.g, x.Dim(-1)
	return c.through(g, x, n, func(i int, x graph.Node, times func(x, w graph.Node) graph.Node) graph.Node {
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
	c := choose(g, scores, scores, per)
	c.weights = g.Softmax(c.weights, 0)
	in, out := b.in("input_linear").weight("weight", n, 2*inner, width), b.in("output_linear").weight("weight", n, width, inner)
	matrix := func(w graph.Node, i, rows, cols int) graph.Node { return g.Reshape(g.Slice(w, 0, i, i+1), rows, cols) }
	return c.through(g, x, n, func(i int, x graph.Node, times func(x, w graph.Node) graph.Node) graph.Node {
		parts := columns(g, times(x, matrix(in, i, 2*inner, width)), inner, inner)
		return times(g.Mul(activation(g, act, parts[0]), parts[1]), matrix(out, i, width, inner))
	})
}
