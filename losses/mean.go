package losses

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// Mean makes one loss of the losses of single targets, those of nn.AdaptiveHead or nn.SampledHead, say.
type Mean struct {
	Ignore  *int       // a target id that does not count, such as padding; nil counts every target
	Weights []float64  // of the classes, which make the mean a weighted mean; nil weighs all alike
	Lengths graph.Node // [B] of targets [T, B, ...]; the zero Node counts all steps
}

// Apply returns the mean of each [...] over the targets [...] that count, a scalar; 0 if none does.
func (l Mean) Apply(g *graph.Graph, each, targets graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if each.IsIDs() || !slices.Equal(each.Shape(), targets.Shape()) {
		return g.Failf("Mean", "want losses of the targets' shape %v, found %v", targets.Shape(), each)
	}
	if l.Ignore == nil && l.Weights == nil && !l.Lengths.Valid() {
		return mean(g, "Mean", each, l.Lengths)
	}
	share := shares(g, "Mean", targets, len(l.Weights), l.Ignore, l.Weights, l.Lengths)
	return g.MeanOver(g.Sum(g.Mul(each, share)), g.Sum(share))
}
