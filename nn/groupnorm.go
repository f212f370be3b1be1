package nn

import "github.com/unroll-go/unroll/graph"

// GroupNorm standardises equal parts of the rows of x [..., F], each part by its own mean and variance, then scales and shifts
// the rows (Wu and He, 2018, arXiv 1803.08494): weight⊙(x-μ)/√(σ²+ε) + bias, as torch.nn.GroupNorm(Groups, F) of [N, F].
// Sequences have no part in it: every step stands by itself.
//
// Parameters: weight [F], one at the start; bias [F], zero.
type GroupNorm struct {
	Groups   int     // a divisor of F
	Epsilon  float64 // ε; 0 for 1e-5
	NoAffine bool    // standardise only: no weight and no bias
	NoBias   bool    // leave the bias out
}

// Apply normalises x.
func (n GroupNorm) Apply(g *graph.Graph, x graph.Node) graph.Node {
	epsilon, ok := normEpsilon(g, "GroupNorm", x, n.Epsilon, 1e-5)
	if !ok || !groupsFit(g, "GroupNorm", x, n.Groups) {
		return graph.Node{}
	}
	y := g.Reshape(LayerNorm{Epsilon: epsilon, NoAffine: true}.Apply(g, grouped(g, x, n.Groups)), x.Shape()...)
	if n.NoAffine {
		return y
	}
	y = g.Mul(y, g.Param("weight", graph.Constant(1), x.Dim(-1)))
	if n.NoBias {
		return y
	}
	return g.Add(y, g.Param("bias", graph.Constant(0), x.Dim(-1)))
}

// grouped cuts the rows of x [..., F] into groups, [..., groups, F/groups]; 0 groups and 1 leave x as it is.
func grouped(g *graph.Graph, x graph.Node, groups int) graph.Node {
	if groups <= 1 {
		return x
	}
	shape := x.Shape()
	last := len(shape) - 1
	return g.Reshape(x, append(shape[:last:last], groups, shape[last]/groups)...)
}

// groupsFit reports a number of groups that does not divide the width.
func groupsFit(g *graph.Graph, what string, x graph.Node, groups int) bool {
	if groups < 1 || x.Dim(-1)%groups != 0 {
		g.Failf(what, "%d groups of a width of %d; want a divisor of it", groups, x.Dim(-1))
	}
	return g.Err() == nil
}
