package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// LayerNorm standardises the last axis of x [..., F], each row by its own mean and variance, then scales and shifts it
// (Ba, Kiros and Hinton, 2016, arXiv 1607.06450): weight⊙(x-μ)/√(σ²+ε) + bias, as torch.nn.LayerNorm(F).
//
// Parameters: weight [F], one at the start; bias [F], zero.
type LayerNorm struct {
	Epsilon  float64 // ε; 0 for 1e-5
	NoAffine bool    // standardise only: no weight and no bias
	NoBias   bool    // leave the bias out
}

// Apply normalises x.
func (n LayerNorm) Apply(g *graph.Graph, x graph.Node) graph.Node {
	epsilon, ok := normEpsilon(g, "LayerNorm", x, n.Epsilon, 1e-5)
	if !ok {
		return graph.Node{}
	}
	centred := g.Sub(x, rowMean(g, x))
	y := g.Div(centred, g.Sqrt(g.AddScalar(rowMean(g, g.Square(centred)), epsilon)))
	if n.NoAffine {
		return y
	}
	y = g.Mul(y, g.Param("weight", graph.Constant(1), x.Dim(-1)))
	if n.NoBias {
		return y
	}
	return g.Add(y, g.Param("bias", graph.Constant(0), x.Dim(-1)))
}

// rowMean is the mean of each row of x [..., F], [..., 1].
func rowMean(g *graph.Graph, x graph.Node) graph.Node { return eachRow(g, x, g.Mean(x, -1)) }

// eachRow gives what there is one of for each row of x [..., F], y [...], the shape [..., 1].
func eachRow(g *graph.Graph, x, y graph.Node) graph.Node {
	shape := x.Shape()
	if len(shape) == 0 {
		return graph.Node{} // invalid; the error is in the graph
	}
	shape[len(shape)-1] = 1
	return g.Reshape(y, shape...)
}

// normEpsilon checks the input and the ε that all normalisations have, and returns ε or its default.
func normEpsilon(g *graph.Graph, what string, x graph.Node, given, standard float64) (epsilon float64, ok bool) {
	switch {
	case !isInput(g, what, x):
		return 0, false
	case x.IsIDs() || x.Rank() < 1:
		g.Failf(what, "want numbers [..., F], found %s", described(x))
		return 0, false
	case !(given >= 0) || math.IsInf(given, 1):
		g.Failf(what, "epsilon %g; want a number, 0 or more", given)
		return 0, false
	case given == 0:
		return standard, true
	}
	return given, true
}
