package linear

import (
	"github.com/unroll-go/unroll/graph"
)

// number is a complex number, or a tensor of them: a real and an imaginary part.
type number [2]graph.Node

func (a number) times(g *graph.Graph, b number) number {
	return number{
		g.Sub(g.Mul(a[0], b[0]), g.Mul(a[1], b[1])),
		g.Add(g.Mul(a[0], b[1]), g.Mul(a[1], b[0])),
	}
}

// over is a/b, where b is not zero.
func (a number) over(g *graph.Graph, b number) number {
	size := g.Add(g.Square(b[0]), g.Square(b[1]))
	out := a.times(g, number{b[0], g.Neg(b[1])})
	return number{g.Div(out[0], size), g.Div(out[1], size)}
}

// scaled is r·a for a real r.
func (a number) scaled(g *graph.Graph, r graph.Node) number {
	return number{g.Mul(a[0], r), g.Mul(a[1], r)}
}

// plus is a + v for a real constant v.
func (a number) plus(g *graph.Graph, v float64) number { return number{g.AddScalar(a[0], v), a[1]} }

// exp is e to the power of a.
func (a number) exp(g *graph.Graph) number {
	size := g.Exp(a[0])
	return number{g.Mul(size, g.Cos(a[1])), g.Mul(size, g.Sin(a[1]))}
}

// product is x·wᵀ for a real x [..., I] and complex weights [N, I].
func product(g *graph.Graph, x graph.Node, w number) number {
	return number{g.MatMulT(x, w[0]), g.MatMulT(x, w[1])}
}

// realProduct is the real part of x·wᵀ for x [..., N] and weights [H, N], both complex: one real product.
func (a number) realProduct(g *graph.Graph, w number) graph.Node {
	return g.MatMulT(g.Concat(a[0].Rank()-1, a[0], a[1]), g.Concat(1, w[0], g.Neg(w[1])))
}

// Discretisation is how a system in continuous time, s' = λ·s + u, becomes one in steps of Δ.
type Discretisation int

// Ways to make steps of a system.
const (
	ZeroOrderHold Discretisation = iota // the input stays as it is for a step: s⁺ = exp(λΔ)·s + (exp(λΔ)-1)/λ·u
	Bilinear                            // the trapezoidal rule: s⁺ = (1+λΔ/2)/(1-λΔ/2)·s + Δ/(1-λΔ/2)·u
)

// steps returns what a step of Δ multiplies the state and the input by.
func (d Discretisation) steps(g *graph.Graph, rate number, delta graph.Node) (decay, gain number) {
	if d == Bilinear {
		half := rate.scaled(g, g.MulScalar(delta, 0.5))
		below := number{g.Neg(half[0]), g.Neg(half[1])}.plus(g, 1)
		one := number{delta, g.MulScalar(delta, 0)}
		return half.plus(g, 1).over(g, below), one.over(g, below)
	}
	decay = rate.scaled(g, delta).exp(g)
	return decay, decay.plus(g, -1).over(g, rate)
}

// known reports a discretisation that there is not.
func (d Discretisation) known(g *graph.Graph, cell string) bool {
	if d < ZeroOrderHold || d > Bilinear {
		g.Failf(cell, "unknown discretisation %d", d)
	}
	return g.Err() == nil
}
