package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// ClusterIDs maps classes to those of a head whose last ones stand for clusters of rare classes, as
// nn.AdaptiveHead's: ids below the first cutoff stay, and those from cutoffs[i] up to cutoffs[i+1] become cutoffs[0]+i. The
// last cutoff is the number of classes; ids outside 0 to that are an error when the program runs, but for ignore, which
// stays as it is. With NoID, nothing is ignored. The result is ids, of the ids' shape.
func (g *Graph) ClusterIDs(ids Node, cutoffs []int, ignore int) Node {
	const what = "ClusterIDs"
	if !g.ids(what, ids) {
		return Node{}
	}
	for i, c := range cutoffs {
		if c < 1 || i > 0 && c <= cutoffs[i-1] {
			return g.failf(what, "cutoffs %v; want each above the one before and above 0", cutoffs)
		}
	}
	if len(cutoffs) == 0 {
		return g.failf(what, "no cutoffs; want one at least, the number of classes")
	}
	o := &op.ClusterIDs{Cutoffs: slices.Clone(cutoffs), Ignore: op.Exempt(ignore)}
	return g.applyIDs(o, op.Clone(ids.shape()), ids)
}

// ArgMax is the place of the first maximum of the last axis: the best class of scores [..., V], as ids [...].
func (g *Graph) ArgMax(x Node) Node {
	if !g.floats("ArgMax", x) {
		return Node{}
	}
	if x.Rank() < 1 {
		return g.failf("ArgMax", "want at least one dimension, found a scalar")
	}
	return g.applyIDs(op.ArgMax{}, op.Without(x.shape(), x.Rank()-1), x)
}

// SameIDs is 1 where an id of ids [...] equals one of others [S], and 0 elsewhere, [..., S].
func (g *Graph) SameIDs(ids, others Node) Node {
	if !g.ids("SameIDs", ids) || !g.ids("SameIDs", others) {
		return Node{}
	}
	if others.Rank() != 1 {
		return g.failf("SameIDs", "want ids [...] and others [S], found %v and %v", ids.shape(), others.shape())
	}
	return g.apply(op.SameIDs{}, append(op.Clone(ids.shape()), others.Dim(0)), ids, others)
}

// Candidates are ids that a run has drawn. Graph.LogUniform draws some; the zero Candidates hold an invalid node.
type Candidates struct {
	IDs  Node // [N], all different
	draw Node
	of   int // ids to draw from
}

// LogUniform draws n different ids from 0 to classes-1, small ones more often: p(id) = log((id+2)/(id+1)) / log(classes+1),
// nearly Zipf's law for a vocabulary that begins with its most frequent words. It draws again until it has n of them. (TensorFlow's
// log_uniform_candidate_sampler with unique=True.) The run's seed decides, see Program.Seed.
func (g *Graph) LogUniform(n, classes int) Candidates {
	if g.err != nil || !g.validShape("LogUniform", []int{max(classes, n)}) {
		return Candidates{}
	}
	if n < 1 || n >= classes {
		g.failf("LogUniform", "%d of %d ids; want at least 1 and fewer than there are", n, classes)
		return Candidates{}
	}
	draw := g.applyIDs(op.LogUniform{N: n, Classes: classes}, []int{n + 1})
	return Candidates{g.applyIDs(op.FirstIDs{}, []int{n}, draw), draw, classes}
}

// LogCount is the logarithm of the expected number, at most 1, of each of some ids [...] among the candidates, given how
// often it took to draw: a sampled softmax subtracts it. ids must be below the number of classes, but for pad, which
// counts as id 0.
func (c Candidates) LogCount(g *Graph, ids Node, pad int) Node {
	if !g.ids("LogCount", ids) || !g.ids("LogCount", c.draw) {
		return Node{}
	}
	return g.apply(op.LogUniformCount{Classes: c.of, Pad: op.Exempt(pad)}, op.Clone(ids.shape()), ids, c.draw)
}

func init() {
	constant[*op.ClusterIDs]()
	constant[op.ArgMax]()
	constant[op.SameIDs]()
	constant[op.LogUniform]()
	constant[op.FirstIDs]()
	constant[op.LogUniformCount]()
}
