package losses

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// MSE is the mean squared error of predictions against targets of the same shape.
type MSE struct{}

// Apply returns mean((y - target)²), a scalar.
func (MSE) Apply(g *graph.Graph, y, target graph.Node) graph.Node {
	if !sameShape(g, "MSE", y, target) {
		return graph.Node{}
	}
	return g.Mean(g.Square(g.Sub(y, target)))
}

// BinaryCrossEntropy is the cross-entropy of logits against targets in [0, 1] of the same shape:
// torch.nn.functional.binary_cross_entropy_with_logits. It is safe for logits of any size.
type BinaryCrossEntropy struct {
	// PositiveWeight weighs the positive term, for rare positives; 0 counts as 1.
	PositiveWeight float64
	// Weights weigh each element's loss, of the targets' shape; nil for none. The mean still divides by their number.
	Weights *tensor.Dense
}

// Apply returns the mean of -w·t·log σ(x) - (1-t)·log(1-σ(x)), a scalar, in nats.
func (l BinaryCrossEntropy) Apply(g *graph.Graph, logits, target graph.Node) graph.Node {
	if !sameShape(g, "BinaryCrossEntropy", logits, target) {
		return graph.Node{}
	}
	if l.PositiveWeight < 0 {
		return g.Failf("BinaryCrossEntropy", "positive weight %g; want above 0", l.PositiveWeight)
	}
	w := l.PositiveWeight
	if w == 0 {
		w = 1
	}
	// -log σ(x) = softplus(-x) and -log(1-σ(x)) = softplus(-x) + x, so the loss is (1-t)·x + (1+(w-1)·t)·softplus(-x)
	missed := g.Mul(g.Affine(target, -1, 1), logits)
	each := g.Add(missed, g.Mul(g.Affine(target, w-1, 1), g.Softplus(g.Neg(logits))))
	if l.Weights != nil {
		weights := g.Const(l.Weights)
		if !slices.Equal(weights.Shape(), target.Shape()) {
			return g.Failf("BinaryCrossEntropy", "the weights have shape %v, the targets %v", weights.Shape(), target.Shape())
		}
		each = g.Mul(each, weights)
	}
	return g.Mean(each)
}

func sameShape(g *graph.Graph, name string, a, b graph.Node) bool {
	if g.Err() != nil {
		return false
	}
	if !a.Valid() || !b.Valid() || !slices.Equal(a.Shape(), b.Shape()) {
		g.Failf(name, "predictions have shape %v, targets %v", a.Shape(), b.Shape())
		return false
	}
	return true
}
