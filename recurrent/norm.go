package recurrent

import "github.com/unroll-go/unroll/graph"

// epsilon keeps layer normalisation from dividing by zero, PyTorch's default.
const epsilon = 1e-5

// standardised is x less its mean, over its standard deviation, along the last axis: (x-μ)/√(σ²+ε), x [..., F].
func standardised(g *graph.Graph, x graph.Node) graph.Node {
	if x.Rank() == 0 {
		return x // invalid; the error is in the graph
	}
	mean := x.Shape()
	mean[len(mean)-1] = 1 // [..., 1]
	centred := g.Sub(x, g.Reshape(g.MeanAxis(x, -1), mean...))
	variance := g.Reshape(g.MeanAxis(g.Square(centred), -1), mean...)
	return g.Div(centred, g.Sqrt(g.AddScalar(variance, epsilon)))
}

// layerNorm is layer normalisation (Ba, Kiros and Hinton, 2016, arXiv 1607.06450) without its shift, which the cells'
// biases give: gain⊙(x-μ)/√(σ²+ε), with a gain [F] that starts at one.
func layerNorm(g *graph.Graph, x graph.Node, gain string) graph.Node {
	return g.Mul(standardised(g, x), g.Param(gain, graph.Constant(1), x.Dim(-1)))
}
