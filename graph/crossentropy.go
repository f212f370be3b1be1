package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// CrossEntropy is the negative log-likelihood of the targets under the softmax of the logits, one number per row:
// logits [..., V] and ids [...] give [...], in nats. Rows whose target is ignore give 0 and no gradient; any other
// target outside 0..V-1 is an error when the program runs. With NoID as ignore, no target is ignored.
func (g *Graph) CrossEntropy(logits, targets Node, ignore int) Node {
	if !g.floats("CrossEntropy", logits) || !g.ids("CrossEntropy", targets) {
		return Node{}
	}
	if logits.Rank() < 1 || !slices.Equal(logits.shape()[:logits.Rank()-1], targets.shape()) {
		return g.failf("CrossEntropy", "want logits [..., V] and targets [...], found %v and %v", logits.shape(), targets.shape())
	}
	return g.apply(op.CrossEntropy{Ignore: op.Exempt(ignore)}, op.Clone(targets.shape()), logits, targets)
}

func init() {
	differentiate(func(o op.CrossEntropy, d derivation) []Node {
		logits, targets := d.in[0], d.in[1]
		return []Node{d.g.apply(op.CrossEntropyGrad{CrossEntropy: o}, op.Clone(logits.shape()), logits, targets, d.out, d.grad), {}}
	}, 0)
	differentiate(func(_ op.CrossEntropyGrad, d derivation) []Node {
		d.g.failf("CrossEntropy", "it has no second derivative")
		return make([]Node, len(d.in))
	})
}
