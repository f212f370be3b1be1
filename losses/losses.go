// Package losses has the functions that training minimises. Each is a small value whose Apply builds a scalar in a
// graph, by the definitions of PyTorch with its default reduction, the mean.
//
// Of classes: CrossEntropy, Focal, NLL, KL and BinaryCrossEntropy. Of numbers: MSE, MAE, Huber, Quantile and Cosine. Of
// whole sequences: CTC, for labels without a known place in time, and CRF, for tags that depend on their neighbours.
package losses

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// CrossEntropy is the softmax cross-entropy of logits [..., V] against target ids [...], in nats, averaged over the
// targets that count: torch.nn.functional.cross_entropy. Over a sequence, [T, B, V] against [T, B], it is the loss of
// a language model.
type CrossEntropy struct {
	// Ignore is a target id that does not count: padding. Nil counts every target.
	Ignore *int
	// Smoothing ε in [0, 1] mixes the targets with a uniform distribution (Szegedy et al., 2016).
	Smoothing float64
	// Weights [V] weigh the classes, and the mean becomes a weighted mean. Nil weighs all the same.
	Weights []float64
}

// nothing is a target id that no data has.
const nothing = math.MinInt

// Apply returns the loss, a scalar; 0 if no target counts.
func (l CrossEntropy) Apply(g *graph.Graph, logits, targets graph.Node) graph.Node {
	if !(l.Smoothing >= 0 && l.Smoothing <= 1) {
		return g.Failf("CrossEntropy", "smoothing %g; want 0 to 1", l.Smoothing)
	}
	ignore := nothing
	if l.Ignore != nil {
		ignore = *l.Ignore
	}
	rows := g.CrossEntropy(logits, targets, ignore) // [...]
	if l.Ignore == nil && l.Smoothing == 0 && l.Weights == nil {
		return g.Mean(rows)
	}
	counted := g.IDMask(targets, ignore)
	share := counted // how much each target weighs in the mean
	classes := logits.Dim(-1)
	var weights graph.Node // [V]
	if l.Weights != nil {
		if len(l.Weights) != classes {
			return g.Failf("CrossEntropy", "%d class weights; want %d", len(l.Weights), classes)
		}
		weights = g.Values(l.Weights)
		share = g.Mul(counted, g.GatherPadded(weights, targets, ignore))
		rows = g.Mul(rows, share)
	}
	if l.Smoothing > 0 {
		uniform := g.Mul(counted, smoothRows(g, logits, weights))
		rows = g.Add(g.MulScalar(rows, 1-l.Smoothing), g.MulScalar(uniform, l.Smoothing/float64(classes)))
	}
	return ratio(g, g.Sum(rows), g.Sum(share))
}

// smoothRows is Σ_c w_c·(-log p_c) for every row, w = 1 without weights.
func smoothRows(g *graph.Graph, logits, weights graph.Node) graph.Node {
	logp := g.LogSoftmax(logits, -1)
	if weights.Valid() {
		logp = g.Mul(logp, weights)
	}
	return g.Neg(g.SumAxis(logp, -1))
}

// ratio is a/b, and 0 where b, a sum of weights, is 0 and a with it.
func ratio(g *graph.Graph, a, b graph.Node) graph.Node {
	return g.Div(a, g.Where(b, b, g.Full(1)))
}
