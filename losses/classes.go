package losses

import (
	"slices"

	"github.com/unroll-go/unroll/graph"
)

// NLL is the negative log-likelihood of target ids [...] under log-probabilities [..., V]: torch.nn.NLLLoss. With
// logits, use CrossEntropy.
type NLL struct {
	Ignore  *int      // a target id that does not count: padding. Nil counts every target
	Weights []float64 // of the classes [V], and the mean becomes a weighted mean; nil weighs all the same
}

// Apply returns the loss, a scalar; 0 if no target counts.
func (l NLL) Apply(g *graph.Graph, logp, targets graph.Node) graph.Node {
	chosen, ok := oneHot(g, "NLL", logp, targets, l.Ignore)
	if !ok {
		return graph.Node{}
	}
	share := chosen // [..., V]: how much each target weighs in the mean
	if l.Weights != nil {
		if len(l.Weights) != logp.Dim(-1) {
			return g.Failf("NLL", "%d class weights; want %d", len(l.Weights), logp.Dim(-1))
		}
		share = g.Mul(share, g.Values(l.Weights))
	}
	return ratio(g, g.Neg(g.Sum(g.Mul(share, g.Where(chosen, logp, g.Full(0))))), g.Sum(share))
}

// oneHot is 1 at each row's target, [..., V]; rows to ignore are 0.
func oneHot(g *graph.Graph, name string, x, targets graph.Node, ignored *int) (graph.Node, bool) {
	if g.Err() != nil {
		return graph.Node{}, false
	}
	if x.Rank() < 1 || !targets.IsIDs() || !slices.Equal(x.Shape()[:x.Rank()-1], targets.Shape()) {
		g.Failf(name, "want [..., V] and target ids [...], found %v and %v", x.Shape(), targets.Shape())
		return graph.Node{}, false
	}
	classes, ignore := x.Dim(-1), nothing
	if ignored != nil {
		ignore = *ignored
	}
	return g.Mul(g.GatherPadded(identity(g, classes), targets, ignore), g.Reshape(g.IDMask(targets, ignore), append(targets.Shape(), 1)...)), g.Err() == nil
}

// identity is the matrix [n, n] with ones along its diagonal.
func identity(g *graph.Graph, n int) graph.Node {
	v := make([]float64, n*n)
	for i := range n {
		v[i*n+i] = 1
	}
	return g.Values(v, n, n)
}

// Focal is a cross-entropy that counts targets less which the network is sure of already, (1-p)^γ·(-log p): for rare
// classes among many easy examples (Lin et al., 2017).
type Focal struct {
	Gamma  float64 // γ >= 0; with 0 it is CrossEntropy
	Ignore *int    // a target id that does not count; nil counts every target
}

// Apply returns the mean over the targets that count, a scalar, of logits [..., V] against ids [...].
func (l Focal) Apply(g *graph.Graph, logits, targets graph.Node) graph.Node {
	if !(l.Gamma >= 0) {
		return g.Failf("Focal", "gamma %g; want 0 or more", l.Gamma)
	}
	ignore := nothing
	if l.Ignore != nil {
		ignore = *l.Ignore
	}
	rows := g.CrossEntropy(logits, targets, ignore) // -log p, and 0 where nothing counts
	if l.Gamma > 0 {
		unsure := g.Clamp(g.Affine(g.Exp(g.Neg(rows)), -1, 1), 1e-7, 1) // 1-p
		rows = g.Mul(g.Exp(g.MulScalar(g.Log(unsure), l.Gamma)), rows)
	}
	return ratio(g, g.Sum(rows), g.Sum(g.IDMask(targets, ignore)))
}

// KL is the Kullback-Leibler divergence Σ p·(log p - log q) of log-probabilities log q [..., V] from probabilities p of
// the same shape, averaged over the rows: torch.nn.KLDivLoss(reduction="batchmean") for [B, V]. It teaches a small
// network the predictions of a large one (Hinton et al., 2015).
type KL struct {
	LogTarget bool // the targets are log-probabilities, too
}

// Apply returns the divergence, a scalar, in nats. A probability of 0 contributes 0.
func (l KL) Apply(g *graph.Graph, logq, p graph.Node) graph.Node {
	if !sameShape(g, "KL", logq, p) {
		return graph.Node{}
	}
	if logq.Rank() < 1 {
		return g.Failf("KL", "want [..., V], found scalars")
	}
	logp := p
	if l.LogTarget {
		p = g.Exp(logp)
	} else {
		logp = g.Log(g.Where(p, p, g.Full(1)))
	}
	return g.Mean(g.SumAxis(g.Mul(p, g.Sub(logp, logq)), -1))
}
