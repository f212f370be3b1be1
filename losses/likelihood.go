package losses

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses/distribution"
)

// Likelihood is the negative log-likelihood of targets under distributions whose parameters a network gives: the loss of a
// probabilistic forecast, as in DeepAR (Salinas et al., 2020). Family.FromOutputs says how outputs become parameters, and makes
// the distribution of a forecast.
type Likelihood struct {
	Family distribution.Family
	// Scale that the targets are a multiple of, above 0, of a shape that broadcasts to theirs; the zero Node stands for 1. The
	// outputs of a network can then be about 1 for series of any size. A mean of counts is multiplied by it, as in GluonTS.
	Scale graph.Node
	// Weights of the targets in the mean, of a shape that broadcasts to theirs: 0 leaves a target out, as one that is missing,
	// whatever number stands in its place. The zero Node weighs all alike.
	Weights graph.Node
	Lengths graph.Node // [B] of targets [T, B, ...]; the zero Node counts all steps
}

// Apply returns the mean of -log p(target), a scalar, in nats, over outputs [..., P] and targets [...], where P is the number of
// the family's parameters; 0 if no target counts. Targets have to be values of the family, see Family.Check.
func (l Likelihood) Apply(g *graph.Graph, outputs, target graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	build, known := likelihoods[l.Family]
	if !known {
		return g.Failf("Likelihood", "no family %q; there are %v", l.Family, distribution.Families())
	}
	p := len(l.Family.Parameters())
	if !outputs.Valid() || !target.Valid() || target.IsIDs() || !slices.Equal(outputs.Shape(), append(target.Shape(), p)) {
		return g.Failf("Likelihood", "want outputs [..., %d] of targets [...] for %s, found %v and %v",
			p, l.Family, outputs.Shape(), target.Shape())
	}
	weights := l.weights(g, target)
	if weights.Valid() { // in the place of what does not count stands a 1, which every family has
		target = g.Where(weights, target, g.Full(1))
	}
	scale := l.Scale
	if scale.Valid() {
		scale = g.BroadcastTo(scale, target.Shape()...)
	} else {
		scale = g.Full(1, target.Shape()...)
	}
	o := make([]graph.Node, p)
	for i, part := range g.Split(outputs, -1, p) {
		o[i] = g.Reshape(part, target.Shape()...)
	}
	if g.Err() != nil {
		return graph.Node{}
	}
	each := build(g, o, target, scale)
	if !weights.Valid() {
		return mean(g, "Likelihood", each, graph.Node{})
	}
	return g.MeanOver(g.Sum(g.Mul(each, weights)), g.Sum(weights))
}

// weights are the weights of the targets, of their shape; the zero Node if all count alike.
func (l Likelihood) weights(g *graph.Graph, target graph.Node) graph.Node {
	if !l.Weights.Valid() && !l.Lengths.Valid() {
		return graph.Node{}
	}
	weights := g.Full(1, target.Shape()...)
	if l.Weights.Valid() {
		weights = g.BroadcastTo(l.Weights, target.Shape()...)
	}
	if l.Lengths.Valid() {
		weights = inside(g, "Likelihood", weights, l.Lengths)
	}
	return weights
}

// likelihoods build -log p(y) of outputs o, of the shape of y, as distribution.FromOutputs reads them.
var likelihoods = map[distribution.Family]func(g *graph.Graph, o []graph.Node, y, scale graph.Node) graph.Node{
	distribution.Gaussian: func(g *graph.Graph, o []graph.Node, y, scale graph.Node) graph.Node {
		return g.Add(gaussian(g, o[0], positive(g, o[1]), g.Div(y, scale)), g.Log(scale))
	},
	distribution.LogNormal: func(g *graph.Graph, o []graph.Node, y, scale graph.Node) graph.Node {
		return g.Add(gaussian(g, o[0], positive(g, o[1]), g.Log(g.Div(y, scale))), g.Log(y))
	},
	distribution.StudentT:         studentT,
	distribution.NegativeBinomial: negativeBinomial,
	distribution.Poisson: func(g *graph.Graph, o []graph.Node, y, scale graph.Node) graph.Node {
		rate := g.Mul(scale, positive(g, o[0]))
		return g.Add(g.Sub(rate, g.Mul(y, g.Log(rate))), g.LogGamma(g.AddScalar(y, 1)))
	},
	distribution.Gamma: func(g *graph.Graph, o []graph.Node, y, scale graph.Node) graph.Node {
		// log Γ(a) - a·log(b·y) + b·y + log y, for the shape a and the rate b of y over scale
		a, b := positive(g, o[0]), positive(g, o[1])
		by := g.Mul(b, g.Div(y, scale))
		return g.Add(g.Sub(g.LogGamma(a), g.Mul(a, g.Log(by))), by, g.Log(y))
	},
}

// positive makes a number above 0 of any.
func positive(g *graph.Graph, o graph.Node) graph.Node {
	return g.AddScalar(g.Softplus(o), distribution.Least)
}

// gaussian is z²/2 + log σ + ½·log 2π for z = (y-μ)/σ.
func gaussian(g *graph.Graph, mean, deviation, y graph.Node) graph.Node {
	z := g.Div(g.Sub(y, mean), deviation)
	return g.Add(g.Affine(g.Square(z), 0.5, 0.5*math.Log(2*math.Pi)), g.Log(deviation))
}

// studentT is (ν+1)/2·log(1+z²/ν) + ½·log(νπ) + log σ - (log Γ((ν+1)/2) - log Γ(ν/2)) for z = (y-μ)/σ. It stays exact for many
// degrees of freedom, where it becomes the Gaussian's.
func studentT(g *graph.Graph, o []graph.Node, y, scale graph.Node) graph.Node {
	deviation, freedom := positive(g, o[1]), g.AddScalar(g.Softplus(o[2]), 2)
	z := g.Div(g.Sub(g.Div(y, scale), o[0]), deviation)
	tail := g.Mul(g.Affine(freedom, 0.5, 0.5), g.Log1p(g.Div(g.Square(z), freedom)))
	norm := g.Sub(g.Affine(g.Log(freedom), 0.5, 0.5*math.Log(math.Pi)), g.LogRisingFactorial(g.MulScalar(freedom, 0.5), g.Full(0.5)))
	return g.Add(tail, norm, g.Log(deviation), g.Log(scale))
}

// negativeBinomial is, for the mean μ and the dispersion α, with r = 1/α,
//
//	(y+r)·log(1+αμ) - y·log(αμ) + log Γ(y+1) - (log Γ(y+r) - log Γ(r))
//
// It stays exact for small dispersions, where it becomes Poisson's.
func negativeBinomial(g *graph.Graph, o []graph.Node, y, scale graph.Node) graph.Node {
	mean, dispersion := g.Mul(scale, positive(g, o[0])), positive(g, o[1])
	r, spread := g.Div(g.Full(1), dispersion), g.Mul(dispersion, mean)
	failures := g.Mul(g.Add(y, r), g.Log1p(spread))
	successes := g.Mul(y, g.Log(spread))
	return g.Add(g.Sub(failures, successes), g.Sub(g.LogGamma(g.AddScalar(y, 1)), g.LogRisingFactorial(r, y)))
}
