package graph

import "github.com/unroll-go/unroll/internal/op"

// What likelihoods of counts and of heavy tails are made of. Arguments are above 0; at 0 results are infinite, below NaN.

// Log1p is log(1+x), element by element, exact for small x.
func (g *Graph) Log1p(x Node) Node { return g.unary(op.Log1p, x) }

// LogGamma is log Γ(x) for x > 0, element by element; log n! is LogGamma(n+1).
func (g *Graph) LogGamma(x Node) Node { return g.unary(op.LogGamma, x) }

// Digamma is ψ(x) for x > 0, the derivative of LogGamma, element by element. It has all derivatives.
func (g *Graph) Digamma(x Node) Node { return g.polygamma(0, x) }

// LogRisingFactorial is log Γ(x+n) - log Γ(x) for x > 0 and x+n > 0, broadcasting: for whole n, the logarithm of
// x(x+1)…(x+n-1). It keeps its precision for x much larger than n, where the difference of two LogGamma has none left.
func (g *Graph) LogRisingFactorial(x, n Node) Node { return g.binary(op.LogRisingFactorial, x, n) }

func (g *Graph) polygamma(order int, x Node) Node {
	o := op.Polygamma{Order: order}
	if !g.floats(o.String(), x) {
		return Node{}
	}
	return g.apply(o, x.shape(), x)
}

func init() {
	differentiate(func(o op.Polygamma, d derivation) []Node {
		return []Node{d.g.Mul(d.grad, d.g.polygamma(o.Order+1, d.in[0]))}
	})
}
