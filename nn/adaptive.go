package nn

import (
	"math"
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/graph"
)

// AdaptiveHead maps hidden states [..., H] to classes of which most are rare (Grave et al., 2017, "Efficient softmax
// approximation for GPUs"), as torch.nn.AdaptiveLogSoftmaxWithLoss. The head proper has the classes below the first cutoff, and
// one more for each cluster of those between two cutoffs. A cluster has a softmax of its own, over a narrower layer, which
// is computed for the rows of its classes alone. So a training step takes a fraction of a full softmax's time if classes
// are sorted by their frequency, the most frequent first, as a vocabulary of words is.
//
// Parameters, for C classes with cutoffs c_0 < c_1 < … and K of them: head.weight [c_0+K, H] and, with HeadBias, head.bias
// [c_0+K]; for each cluster i, tail.{i}.0.weight [H_i, H] and tail.{i}.1.weight [c_(i+1)-c_i, H_i], where H_i is
// H/DivValue^(i+1), rounded down, and c_K is C. Weights start Glorot uniform unless Init says otherwise, the bias zero.
type AdaptiveHead struct {
	Classes  int
	Cutoffs  []int      // increasing, from 1 to Classes-1
	DivValue float64    // by which each cluster is narrower than the one before; 0 counts as 4
	HeadBias bool       // add a bias to the head's logits
	Init     graph.Init // of the weights; nil for the default
}

// Losses returns -log p of the target of every row of x, [...] for targets [...], in nats. Rows whose target is ignore have
// a loss of 0 and no gradient; other targets outside 0 to Classes-1 are an error when the program runs. With graph.NoID,
// nothing is ignored. losses.Mean makes one loss of them.
func (h AdaptiveHead) Losses(g *graph.Graph, x, targets graph.Node, ignore int) graph.Node {
	if !h.fits(g, x) {
		return graph.Node{}
	}
	loss := g.CrossEntropy(h.head(g, x), g.ClusterIDs(targets, h.ends(), ignore), ignore)
	for i := range h.Cutoffs {
		from, to := h.cluster(i)
		narrow, wide := h.tail(g, x, i)
		loss = g.Add(loss, g.CrossEntropyWithin(g.MatMulTWithin(x, narrow, targets, from, to), wide, targets, from, to, ignore))
	}
	return loss
}

// Apply returns the logarithm of every class's probability, [..., Classes]: for prediction, as it computes all clusters for
// all rows. It is LogSoftmax of itself, so that what takes logits, as a sampler does, can have it.
func (h AdaptiveHead) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !h.fits(g, x) {
		return graph.Node{}
	}
	head := g.LogSoftmax(h.head(g, x), -1)
	parts := []graph.Node{g.Slice(head, -1, 0, h.Cutoffs[0])}
	for i := range h.Cutoffs {
		narrow, wide := h.tail(g, x, i)
		of := g.Slice(head, -1, h.Cutoffs[0]+i, h.Cutoffs[0]+i+1) // the cluster's
		parts = append(parts, g.Add(g.LogSoftmax(g.MatMulT(g.MatMulT(x, narrow), wide), -1), of))
	}
	return g.Concat(-1, parts...)
}

// Predict returns the most likely class of every row, ids [...]; among equal ones the first.
func (h AdaptiveHead) Predict(g *graph.Graph, x graph.Node) graph.Node {
	return g.ArgMax(h.Apply(g, x))
}

// fits checks the head and its input.
func (h AdaptiveHead) fits(g *graph.Graph, x graph.Node) bool {
	if !isInput(g, "AdaptiveHead", x) {
		return false
	}
	if x.IsIDs() || x.Rank() < 2 {
		g.Failf("AdaptiveHead", "want an input [..., H] of at least two dimensions, found %s", described(x))
		return false
	}
	ends := h.ends()
	if len(h.Cutoffs) == 0 || !slices.IsSorted(ends) || len(slices.Compact(slices.Clone(ends))) < len(ends) || ends[0] < 1 {
		g.Failf("AdaptiveHead", "cutoffs %v of %d classes; want one at least, increasing, from 1 to %d", h.Cutoffs, h.Classes, h.Classes-1)
		return false
	}
	if !inParts(g, "AdaptiveHead", "clusters", len(h.Cutoffs)) {
		return false
	}
	if !(h.DivValue >= 0) || math.IsInf(h.DivValue, 1) {
		g.Failf("AdaptiveHead", "div value %g; want above 0", h.DivValue)
		return false
	}
	for i := range h.Cutoffs {
		from, to := h.cluster(i)
		width := h.Width(x.Dim(-1), i)
		if width < 1 {
			g.Failf("AdaptiveHead", "cluster %d would see no number of the input's %d; want fewer cutoffs, or a div value below %g",
				i, x.Dim(-1), h.div())
			return false
		}
		if !weighs(g, "AdaptiveHead", to-from, width) || !weighs(g, "AdaptiveHead", width, x.Dim(-1)) {
			return false
		}
	}
	return weighs(g, "AdaptiveHead", h.Cutoffs[0]+len(h.Cutoffs), x.Dim(-1))
}

// ends are the cutoffs, and the number of classes after them.
func (h AdaptiveHead) ends() []int { return append(slices.Clone(h.Cutoffs), h.Classes) }

// cluster is the range of a cluster's classes.
func (h AdaptiveHead) cluster(i int) (from, to int) {
	ends := h.ends()
	return ends[i], ends[i+1]
}

func (h AdaptiveHead) div() float64 {
	if h.DivValue == 0 {
		return 4
	}
	return h.DivValue
}

// Width is H_i, the width of cluster i's layer for hidden states of a width.
func (h AdaptiveHead) Width(hidden, i int) int {
	w := math.Floor(float64(hidden) / math.Pow(h.div(), float64(i+1)))
	return int(min(w, math.MaxInt32))
}

// head returns the head's logits, [..., c_0+K].
func (h AdaptiveHead) head(g *graph.Graph, x graph.Node) graph.Node {
	return Dense{Units: h.Cutoffs[0] + len(h.Cutoffs), NoBias: !h.HeadBias, Init: h.Init}.Apply(g.Scope("head"), x)
}

// tail returns the weights of a cluster.
func (h AdaptiveHead) tail(g *graph.Graph, x graph.Node, i int) (narrow, wide graph.Node) {
	init := h.Init
	if init == nil {
		init = graph.GlorotUniform()
	}
	from, to := h.cluster(i)
	width := h.Width(x.Dim(-1), i)
	scope := g.Scope("tail").Scope(strconv.Itoa(i))
	narrow = scope.Scope("0").Param("weight", init, width, x.Dim(-1))
	return narrow, scope.Scope("1").Param("weight", init, to-from, width)
}
