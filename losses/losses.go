// Package losses has the functions that training minimises. Each is a small value whose Apply builds a scalar in a
// graph, by the definitions of PyTorch with its default reduction, the mean.
//
// For classes there are CrossEntropy, Focal, NLL, KL and BinaryCrossEntropy; for numbers MSE, MAE, Huber, Quantile and
// Cosine, and Likelihood for those whose distribution is wanted; for whole sequences CTC, for labels whose place in time is
// not known, and CRF, for tags that depend on their neighbours. CRF also finds the best tags. Mean makes one loss of those
// that the heads for large vocabularies give.
//
// Sequences of different lengths can share a batch: the losses of classes and numbers have a field Lengths [B], ids from 0
// to T, for predictions [T, B, ...]. Padding then has no part in the mean and gets no gradient. If nothing counts, the loss
// is 0, where PyTorch's is NaN or infinite.
//
// Every loss is a graph.MeanOver, which knows what it divides by: the number of targets, numbers or sequences, or a sum of
// class weights. So a batch that is computed in parts (train.Parallel, Loop.Accumulate) has the loss and the gradients of
// the whole batch, and a validation in several batches has the loss of all data. A loss of your own has this property too
// if it ends in MeanOver instead of Mean.
package losses

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// CrossEntropy is the softmax cross-entropy of logits [..., V] against target ids [...], in nats, averaged over the
// targets that count: torch.nn.functional.cross_entropy. Over a sequence, [T, B, V] against [T, B], it is the loss of
// a language model.
type CrossEntropy struct {
	// Ignore is a target id that does not count, such as padding; nil counts every target. Any other target outside 0 to
	// V-1 is an error when the program runs, also at padding.
	Ignore *int
	// Smoothing ε in [0, 1] mixes the targets with a uniform distribution (Szegedy et al., 2016).
	Smoothing float64
	// Weights [V] weigh the classes, which makes the mean a weighted mean; nil weighs all alike.
	Weights []float64
	Lengths graph.Node // [B] of targets [T, B, ...]; the zero Node counts all steps
}

// Apply returns the loss, a scalar; 0 if no target counts, or if all that count are of classes of weight 0.
func (l CrossEntropy) Apply(g *graph.Graph, logits, targets graph.Node) graph.Node {
	if !(l.Smoothing >= 0 && l.Smoothing <= 1) {
		return g.Failf("CrossEntropy", "smoothing %g; want 0 to 1", l.Smoothing)
	}
	rows := g.CrossEntropy(logits, targets, idOf(l.Ignore)) // [...]
	if l.Ignore == nil && l.Smoothing == 0 && l.Weights == nil && !l.Lengths.Valid() {
		return mean(g, "CrossEntropy", rows, l.Lengths)
	}
	share := shares(g, "CrossEntropy", targets, logits.Dim(-1), l.Ignore, l.Weights, l.Lengths)
	rows = g.Mul(rows, share)
	if l.Smoothing > 0 {
		uniform := smoothRows(g, logits, l.Weights)
		uniform = g.Mul(uniform, shares(g, "CrossEntropy", targets, logits.Dim(-1), l.Ignore, nil, l.Lengths))
		rows = g.Add(g.MulScalar(rows, 1-l.Smoothing), g.MulScalar(uniform, l.Smoothing/float64(logits.Dim(-1))))
	}
	return g.MeanOver(g.Sum(rows), g.Sum(share))
}

// smoothRows is Σ_c w_c·(-log p_c) for every row, w = 1 without weights.
func smoothRows(g *graph.Graph, logits graph.Node, weights []float64) graph.Node {
	logp := g.LogSoftmax(logits, -1)
	if weights != nil {
		logp = g.Mul(logp, g.Const(graph.Floats64(weights)))
	}
	return g.Neg(g.Sum(logp, -1))
}

// shares is the weight of each target in the mean, of the targets' shape: 0 where it is ignored or at padding, elsewhere the
// weight of its class, or 1.
func shares(g *graph.Graph, name string, targets graph.Node, classes int, ignored *int, weights []float64,
	lengths graph.Node) graph.Node {
	ignore := idOf(ignored)
	share := g.IDMask(targets, ignore)
	if weights != nil {
		if len(weights) != classes {
			return g.Failf(name, "%d class weights; want %d", len(weights), classes)
		}
		share = g.Mul(share, g.GatherPadded(g.Const(graph.Floats64(weights)), targets, ignore))
	}
	if lengths.Valid() {
		share = inside(g, name, share, lengths)
	}
	return share
}

// inside is x [T, B, ...] with zeros at padding, where its gradient is zero too.
func inside(g *graph.Graph, name string, x, lengths graph.Node) graph.Node {
	return g.Where(sequenceMask(g, name, x, lengths), x, g.Full(0))
}

// sequenceMask is 1 at the steps of x [T, B, ...] that belong to a sequence, [T, B], for lengths [B].
func sequenceMask(g *graph.Graph, name string, x, lengths graph.Node) graph.Node {
	shape := x.Shape()
	if len(shape) < 2 || !lengths.IsIDs() || !slices.Equal(lengths.Shape(), shape[1:2]) {
		return g.Failf(name, "lengths %v for [T, B, ...] = %v; want ids [B]", lengths.Shape(), shape)
	}
	return g.LengthMask(lengths, shape[0])
}

// idOf is the id to ignore, nothing for nil.
func idOf(ignored *int) int {
	if ignored == nil {
		return nothing
	}
	return *ignored
}

// nothing is a target id that no data has.
const nothing = math.MinInt
