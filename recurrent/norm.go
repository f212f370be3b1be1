package recurrent

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
)

// standardised is x less its mean, over its standard deviation, along the last axis: (x-μ)/√(σ²+ε), x [..., F].
func standardised(g *graph.Graph, x graph.Node) graph.Node {
	return nn.LayerNorm{NoAffine: true}.Apply(g, x)
}

// layerNorm is layer normalisation (Ba, Kiros and Hinton, 2016, arXiv 1607.06450) without its shift, which the cells'
// biases give: gain⊙(x-μ)/√(σ²+ε), with a gain [F] that starts at one.
func layerNorm(g *graph.Graph, x graph.Node, gain string) graph.Node {
	return g.Mul(standardised(g, x), g.Param(gain, graph.Constant(1), x.Dim(-1)))
}
