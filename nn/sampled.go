package nn

import (
	"github.com/unroll-go/unroll/graph"
)

// SampledHead is a Head for large vocabularies that trains against a sample of the classes (Jean et al., 2015, "On using
// very large target vocabulary for neural machine translation"), as TensorFlow's sampled_softmax_loss. Each step draws Samples
// classes for the whole batch, small ids more often (graph.Graph.LogUniform), so classes are to be sorted by their
// frequency, the most frequent first. Evaluation computes the full softmax.
//
// Parameters: weight [Classes, H] and bias [Classes], as Head, which can take over when training is done.
type SampledHead struct {
	Classes int
	Samples int // drawn in each step; at least 1, fewer than Classes
	NoBias  bool
	Sparse  bool       // keep the gradients by rows, see graph.SparseGrad: with optim.SparseAdam
	Init    graph.Init // of the weight; nil for Dense's default
}

// Apply returns the logits of all classes, [..., Classes].
func (h SampledHead) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if h.Classes < 2 {
		return g.Failf("SampledHead", "%d classes; want at least 2", h.Classes)
	}
	return Head{Classes: h.Classes, NoBias: h.NoBias, Init: h.Init}.Apply(g, x)
}

// Losses returns, while training, the loss of every row of x against the sample, see Against; otherwise -log p of its target,
// both [...] for targets [...], in nats. Rows whose target is ignore have a loss of 0 and no gradient; other targets outside
// 0 to Classes-1 are an error when the program runs. With graph.NoID, nothing is ignored. losses.Mean makes one loss of them.
func (h SampledHead) Losses(g *graph.Graph, x, targets graph.Node, ignore int) graph.Node {
	if h.Samples < 1 || h.Samples >= h.Classes {
		return g.Failf("SampledHead", "%d samples of %d classes; want at least 1 and fewer than there are", h.Samples, h.Classes)
	}
	if !g.Training() {
		return g.CrossEntropy(h.Apply(g, x), targets, ignore)
	}
	return h.Against(g, x, targets, g.LogUniform(h.Samples, h.Classes), ignore)
}

// Against returns the loss of every row of x [..., H] against some candidates: the cross-entropy of its target among itself
// and the candidates, [...] for targets [...], where each class's logit is less the logarithm of how often it is expected
// among the candidates. So the sum over the candidates stands for the sum over all classes. A candidate that is the
// target itself (an accidental hit) does not count.
func (h SampledHead) Against(g *graph.Graph, x, targets graph.Node, c graph.Candidates, ignore int) graph.Node {
	switch {
	case !isInput(g, "SampledHead", x):
		return graph.Node{}
	case h.Classes < 2:
		return g.Failf("SampledHead", "%d classes; want at least 2", h.Classes)
	case x.IsIDs() || x.Rank() < 2:
		return g.Failf("SampledHead", "want an input [..., H] of at least two dimensions, found %s", described(x))
	case !weighs(g, "SampledHead", h.Classes, x.Dim(-1)):
		return graph.Node{}
	}
	init := h.Init
	if init == nil {
		init = graph.GlorotUniform()
	}
	w := h.table(g, g.Param("weight", init, h.Classes, x.Dim(-1)))
	others := g.MatMulT(x, g.Gather(w, c.IDs))                                      // [..., S]
	target := g.Sum(g.Mul(x, g.GatherPadded(w, targets, ignore)), -1)               // [...]
	offset, own := c.LogCount(g, c.IDs, graph.NoID), c.LogCount(g, targets, ignore) // [S], [...]
	if !h.NoBias {
		bias := h.table(g, g.Param("bias", graph.Constant(0), h.Classes))
		offset = g.Sub(offset, g.Gather(bias, c.IDs))
		own = g.Sub(own, g.GatherPadded(bias, targets, ignore))
	}
	const never = -1e30 // a logit
	others = g.Where(g.SameIDs(targets, c.IDs), g.Full(never), g.Sub(others, offset))
	// -log(eᵗ/(eᵗ+Σeˢ)) = softplus(log Σeˢ - t)
	loss := g.Softplus(g.Sub(g.LogSumExp(others, -1), g.Sub(target, own)))
	if ignore == graph.NoID {
		return loss
	}
	return g.Mul(loss, g.IDMask(targets, ignore))
}

// table is a parameter of one row a class.
func (h SampledHead) table(g *graph.Graph, w graph.Node) graph.Node {
	if h.Sparse {
		return g.SparseGrad(w)
	}
	return w
}
