package nn

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// GELU is x·Φ(x), where Φ is the normal distribution function (Hendrycks and Gimpel, 2016, arXiv 1606.08415), as
// torch.nn.GELU: Φ(x) = (1 + erf(x/√2))/2.
type GELU struct {
	Tanh bool // take the paper's approximation instead, Φ(x) ≈ (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2
}

// Apply maps every element.
func (a GELU) Apply(g *graph.Graph, x graph.Node) graph.Node {
	var s graph.Node // 2·Φ(x) - 1
	if a.Tanh {
		cubic := g.Mul(x, g.Affine(g.Square(x), 0.044715, 1))
		s = g.Tanh(g.MulScalar(cubic, math.Sqrt(2/math.Pi)))
	} else {
		s = g.Erf(g.MulScalar(x, 1/math.Sqrt2))
	}
	return g.Mul(x, g.Affine(s, 0.5, 0.5))
}

// SiLU is x·sigmoid(x), also called swish (Elfwing, Uchibe and Doya, 2018), as torch.nn.SiLU.
type SiLU struct{}

// Apply maps every element.
func (SiLU) Apply(g *graph.Graph, x graph.Node) graph.Node { return g.Mul(x, g.Sigmoid(x)) }

// SquaredReLU is max(x, 0)², element by element (So et al., 2021, arXiv 2109.08668).
type SquaredReLU struct{}

// Apply maps every element.
func (SquaredReLU) Apply(g *graph.Graph, x graph.Node) graph.Node { return g.Square(g.ReLU(x)) }

// SoftCap keeps every element between -Limit and Limit, and small ones nearly as they are: Limit·tanh(x/Limit) (Bello et al.,
// 2016, arXiv 1611.09940; Gemma 2 caps scores of attention and logits with it).
type SoftCap struct {
	Limit float64 // above 0
}

// Apply maps every element.
func (c SoftCap) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !(c.Limit > 0) || math.IsInf(c.Limit, 1) || math.IsInf(1/c.Limit, 1) {
		return g.Failf("SoftCap", "a limit of %g; want a number above 0", c.Limit)
	}
	return g.MulScalar(g.Tanh(g.MulScalar(x, 1/c.Limit)), c.Limit)
}
