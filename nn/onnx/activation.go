package onnx

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// activation is a function that a recurrent operator names, with its constants.
type activation struct {
	name        string
	alpha, beta float64
}

// activationKind tells which constants a function has and what they are when they are left out; needed ones must be
// given.
type activationKind struct {
	alpha, beta   bool
	needed        bool
	alphaD, betaD float64
	apply         func(g *graph.Graph, x graph.Node, a activation) graph.Node
}

// activationKinds are the functions of the operators' specification that a graph can compute, by their names in small
// letters. ThresholdedRelu is not among them.
var activationKinds = map[string]activationKind{
	"tanh":     {apply: func(g *graph.Graph, x graph.Node, _ activation) graph.Node { return g.Tanh(x) }},
	"sigmoid":  {apply: func(g *graph.Graph, x graph.Node, _ activation) graph.Node { return g.Sigmoid(x) }},
	"relu":     {apply: func(g *graph.Graph, x graph.Node, _ activation) graph.Node { return g.ReLU(x) }},
	"softplus": {apply: func(g *graph.Graph, x graph.Node, _ activation) graph.Node { return g.Softplus(x) }},
	"softsign": {apply: func(g *graph.Graph, x graph.Node, _ activation) graph.Node { return softsign(g, x) }},
	"affine": {alpha: true, beta: true, needed: true, apply: func(g *graph.Graph, x graph.Node, a activation) graph.Node {
		return g.Affine(x, a.alpha, a.beta)
	}},
	"scaledtanh": {alpha: true, beta: true, needed: true, apply: func(g *graph.Graph, x graph.Node, a activation) graph.Node {
		return g.MulScalar(g.Tanh(g.MulScalar(x, a.beta)), a.alpha)
	}},
	"hardsigmoid": {alpha: true, beta: true, alphaD: 0.2, betaD: 0.5, apply: func(g *graph.Graph, x graph.Node, a activation) graph.Node {
		return g.Clamp(g.Affine(x, a.alpha, a.beta), 0, 1)
	}},
	"leakyrelu": {alpha: true, alphaD: 0.01, apply: func(g *graph.Graph, x graph.Node, a activation) graph.Node {
		return g.Sub(g.ReLU(x), g.MulScalar(g.ReLU(g.Neg(x)), a.alpha))
	}},
	"elu": {alpha: true, alphaD: 1, apply: func(g *graph.Graph, x graph.Node, a activation) graph.Node { // x or α(eˣ-1)
		return exponential(g, x, a.alpha, 1)
	}},
}

func (a activation) apply(g *graph.Graph, x graph.Node) graph.Node {
	return activationKinds[a.name].apply(g, x, a)
}

// readActivations gives the functions of all directions in a row. Constants are taken from alpha and beta, one after
// the other, by those functions that have them, as ONNX Runtime does; a list must be used up, or be left out for the
// defaults.
func readActivations(names []string, alpha, beta []float64) ([]activation, error) {
	out := make([]activation, len(names))
	a, b := alpha, beta
	for i, name := range names {
		out[i].name = strings.ToLower(name)
		kind, ok := activationKinds[out[i].name]
		if !ok {
			return nil, errors.Errorf("the activation %q is not supported", name)
		}
		take := func(has bool, given *[]float64, all []float64, otherwise float64, called string) (float64, error) {
			switch {
			case !has:
				return 0, nil
			case len(*given) > 0:
				v := (*given)[0]
				*given = (*given)[1:]
				return v, nil
			case len(all) > 0 || kind.needed:
				return 0, errors.Errorf("activation_%s has %d numbers, too few for %v", called, len(all), names)
			}
			return otherwise, nil
		}
		var err error
		if out[i].alpha, err = take(kind.alpha, &a, alpha, kind.alphaD, "alpha"); err != nil {
			return nil, err
		}
		if out[i].beta, err = take(kind.beta, &b, beta, kind.betaD, "beta"); err != nil {
			return nil, err
		}
	}
	if len(a) > 0 || len(b) > 0 {
		return nil, errors.Errorf("activation_alpha and activation_beta have %d and %d numbers, more than %v take", len(alpha), len(beta), names)
	}
	return out, nil
}
