package losses

import (
	"cmp"
	"math"
	"slices"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// MSE is the mean squared error.
type MSE struct{ Lengths graph.Node }

// Apply returns mean((y - target)²), a scalar.
func (l MSE) Apply(g *graph.Graph, y, target graph.Node) graph.Node {
	if !sameShape(g, "MSE", y, target) {
		return graph.Node{}
	}
	return mean(g, "MSE", g.Square(g.Sub(y, target)), l.Lengths)
}

// MAE is the mean absolute error: torch.nn.L1Loss. Its best constant is the median, so outliers count less than in MSE.
type MAE struct{ Lengths graph.Node }

// Apply returns mean(|y - target|), a scalar.
func (l MAE) Apply(g *graph.Graph, y, target graph.Node) graph.Node {
	if !sameShape(g, "MAE", y, target) {
		return graph.Node{}
	}
	return mean(g, "MAE", g.Abs(g.Sub(y, target)), l.Lengths)
}

// Huber is quadratic up to an error of Delta and linear beyond (Huber, 1964): torch.nn.HuberLoss.
type Huber struct {
	Delta   float64 // 0 counts as 1
	Lengths graph.Node
}

// Apply returns the mean of d²/2 where |d| <= δ and of δ·(|d| - δ/2) elsewhere, d = y - target.
func (l Huber) Apply(g *graph.Graph, y, target graph.Node) graph.Node {
	if !sameShape(g, "Huber", y, target) {
		return graph.Node{}
	}
	delta := cmp.Or(l.Delta, 1)
	if !(delta > 0) {
		return g.Failf("Huber", "delta %g; want above 0", delta)
	}
	size := g.Abs(g.Sub(y, target))
	near := g.Clamp(size, 0, delta) // min(|d|, δ): the loss is near²/2 + δ·(|d| - near)
	each := g.Add(g.MulScalar(g.Square(near), 0.5), g.MulScalar(g.Sub(size, near), delta))
	return mean(g, "Huber", each, l.Lengths)
}

// Quantile is the pinball loss, whose best constant is a quantile: with Levels 0.1, 0.5 and 0.9, a forecast has an interval
// that contains 80 % of the outcomes (Koenker and Bassett, 1978).
type Quantile struct {
	Levels  []float64 // each above 0 and below 1
	Lengths graph.Node
}

// Apply returns the mean of max(q·d, (q-1)·d), d = target - y, over predictions [..., Q], one for each of the Q levels,
// of targets [...].
func (l Quantile) Apply(g *graph.Graph, y, target graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	for _, q := range l.Levels {
		if !(q > 0 && q < 1) {
			return g.Failf("Quantile", "level %g; want above 0 and below 1", q)
		}
	}
	n := len(l.Levels)
	if n == 0 || !slices.Equal(y.Shape(), append(target.Shape(), n)) {
		return g.Failf("Quantile", "want predictions [..., %d] of targets [...], found %v and %v", n, y.Shape(), target.Shape())
	}
	d := g.Sub(g.Reshape(target, append(target.Shape(), 1)...), y) // [..., Q]
	// max(q·d, (q-1)·d) = q·d + relu(-d)
	return mean(g, "Quantile", g.Add(g.Mul(d, g.Const(graph.Floats64(l.Levels))), g.ReLU(g.Neg(d))), l.Lengths)
}

// Cosine is one minus the cosine of the angle between vectors along the last axis: torch.nn.CosineEmbeddingLoss for
// pairs that belong together. PyTorch adds 1e-12 to the squares of the lengths, so its values differ for vectors shorter
// than about 1e-5. Here the cosine is exact down to a length of 1e-8; shorter vectors count as that long.
type Cosine struct{ Lengths graph.Node }

// tinyNorm keeps the cosine of a zero vector at 0.
const tinyNorm = 1e-8

// Apply returns mean(1 - x·y/(|x|·|y|)), a scalar, for x and y [..., F].
func (l Cosine) Apply(g *graph.Graph, x, y graph.Node) graph.Node {
	if !sameShape(g, "Cosine", x, y) {
		return graph.Node{}
	}
	if x.Rank() < 1 {
		return g.Failf("Cosine", "want vectors [..., F], found scalars")
	}
	dot := func(a, b graph.Node) graph.Node { return g.Sum(g.Mul(a, b), -1) }
	norm := func(a graph.Node) graph.Node { return g.Sqrt(g.Clamp(dot(a, a), tinyNorm*tinyNorm, math.Inf(1))) }
	// A norm at a time: the product of the squares would leave float32's range.
	cosine := g.Div(g.Div(dot(x, y), norm(x)), norm(y))
	return mean(g, "Cosine", g.Affine(cosine, -1, 1), l.Lengths)
}

// mean is the mean of all elements; with lengths [B], of those of x [T, B, ...] that belong to a sequence.
func mean(g *graph.Graph, name string, x, lengths graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if !lengths.Valid() {
		return g.MeanOver(g.Sum(x), g.Full(float64(size(x.Shape()))))
	}
	mask := sequenceMask(g, name, x, lengths)
	if g.Err() != nil {
		return graph.Node{}
	}
	each := size(x.Shape()[2:]) // numbers at each step
	return g.MeanOver(g.Sum(g.Where(mask, x, g.Full(0))), g.MulScalar(g.Sum(mask), float64(each)))
}

// size is the number of elements of a shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// BinaryCrossEntropy is the cross-entropy of logits against targets in [0, 1] of the same shape:
// torch.nn.functional.binary_cross_entropy_with_logits. It is finite for logits of any size.
type BinaryCrossEntropy struct {
	// PositiveWeight weighs the positive term, for rare positives; 0 counts as 1.
	PositiveWeight float64
	// Weights weigh each element's loss, of the targets' shape; nil for none. The mean still divides by their number.
	Weights *tensor.Dense
	Lengths graph.Node // [B] of [T, B, ...]; the zero Node counts all steps
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
	return mean(g, "BinaryCrossEntropy", each, l.Lengths)
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
