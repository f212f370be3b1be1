package losses

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// NLL is the negative log-likelihood of target ids [...] under log-probabilities [..., V]: torch.nn.NLLLoss. With
// logits, use CrossEntropy.
type NLL struct {
	Ignore  *int       // a target id that does not count, such as padding; nil counts every target
	Weights []float64  // of the classes [V], which make the mean a weighted mean; nil weighs all alike
	Lengths graph.Node // [B] of targets [T, B, ...]; the zero Node counts all steps
}

// Apply returns the loss, a scalar; 0 if no target counts.
func (l NLL) Apply(g *graph.Graph, logp, targets graph.Node) graph.Node {
	// The cross-entropy of logits is log Σ_c exp(x_c) - x_target.
	rows := g.Sub(g.CrossEntropy(logp, targets, idOf(l.Ignore)), g.LogSumExp(logp, -1))
	share := shares(g, "NLL", targets, logp.Dim(-1), l.Ignore, l.Weights, l.Lengths)
	return g.MeanOver(g.Sum(g.Mul(rows, share)), g.Sum(share))
}

// Focal is a cross-entropy in which targets count less that the network already predicts well, (1-p)^γ·(-log p). It is for
// rare classes among many easy examples (Lin et al., 2017).
type Focal struct {
	Gamma   float64    // γ >= 0; with 0 it is CrossEntropy
	Ignore  *int       // a target id that does not count; nil counts every target
	Weights []float64  // α of the classes [V], which make the mean a weighted mean; nil weighs all alike
	Lengths graph.Node // [B] of targets [T, B, ...]; the zero Node counts all steps
}

// Apply returns the mean over the targets that count, a scalar, of logits [..., V] against ids [...].
func (l Focal) Apply(g *graph.Graph, logits, targets graph.Node) graph.Node {
	if !(l.Gamma >= 0) || math.IsInf(l.Gamma, 1) {
		return g.Failf("Focal", "gamma %g; want 0 or more", l.Gamma)
	}
	rows := g.CrossEntropy(logits, targets, idOf(l.Ignore)) // -log p, and 0 where nothing counts
	if l.Gamma > 0 {
		unsure := g.Clamp(g.Affine(g.Exp(g.Neg(rows)), -1, 1), 1e-7, 1) // 1-p
		rows = g.Mul(g.Exp(g.MulScalar(g.Log(unsure), l.Gamma)), rows)
	}
	share := shares(g, "Focal", targets, logits.Dim(-1), l.Ignore, l.Weights, l.Lengths)
	return g.MeanOver(g.Sum(g.Mul(rows, share)), g.Sum(share))
}

// KL is the Kullback-Leibler divergence Σ p·(log p - log q) of log-probabilities log q [..., V] from probabilities p of
// the same shape, averaged over the rows: torch.nn.KLDivLoss(reduction="batchmean") for [B, V]. One use is to train a small
// network on the predictions of a large one (distillation; Hinton et al., 2015).
type KL struct {
	LogTarget bool       // the targets are log-probabilities too
	Lengths   graph.Node // [B] of [T, B, ..., V]; the zero Node counts all steps
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
	each := g.Where(p, g.Mul(p, g.Sub(logp, logq)), g.Full(0)) // 0 for p = 0, even where log q is infinite
	return mean(g, "KL", g.Sum(each, -1), l.Lengths)
}
