package losses

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// CRF is a linear-chain conditional random field (Lafferty et al., 2001) on top of a tagger's scores: it learns which
// tags follow each other, and scores whole sequences of tags (Collobert et al., 2011; Lample et al., 2016).
//
//	score(y) = start[y_0] + Σ_t emission[t, y_t] + Σ_t transition[y_{t-1}, y_t] + end[y_last]
//
// Parameters, zero at the start: transitions [K, K] from a tag, by row, to the next, start_transitions [K] and
// end_transitions [K], as in the Python package pytorch-crf.
type CRF struct {
	// Lengths [B], ids, of the sequences, 0 to T; the zero Node means that all are T long.
	Lengths graph.Node
}

// Apply maps emissions [T, B, K], a tagger's scores before any softmax, and tags, ids [T, B], to the mean over the batch
// of -log p(tags), a scalar, in nats. A sequence of length 0 contributes 0. With lengths, tags at padding may be -1 or any
// tag; any other, and a -1 inside a sequence, is an error when the program runs.
func (l CRF) Apply(g *graph.Graph, emissions, tags graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if emissions.Rank() != 3 || !tags.IsIDs() || !slices.Equal(emissions.Shape()[:2], tags.Shape()) {
		return g.Failf("CRF", "want emissions [T, B, K] and tags [T, B], found %v and %v", emissions.Shape(), tags.Shape())
	}
	mask, ok := l.mask(g, emissions)
	if !ok {
		return graph.Node{}
	}
	w, batch := newChain(g, emissions.Dim(2)), emissions.Dim(1)
	mask = l.verify(g, mask, tags, emissions.Dim(2))
	if g.Err() != nil {
		return graph.Node{}
	}
	chosen := g.GatherPadded(identity(g, emissions.Dim(2)), tags, -1) // [T, B, K]: 1 at the tag
	each := g.Sub(w.total(g, emissions, mask), w.score(g, emissions, chosen, mask))
	if l.Lengths.Valid() {
		each = g.Where(nonEmpty(g, mask), each, g.Full(0))
	}
	return g.MeanOver(g.Sum(each), g.Full(float64(batch)))
}

// verify makes every run check the tags: each must be one of the k, or -1 at padding.
func (l CRF) verify(g *graph.Graph, mask, tags graph.Node, k int) graph.Node {
	batch := tags.Dim(1)
	ids := []graph.Node{tags}
	if l.Lengths.Valid() {
		ids = append(ids, l.Lengths)
	}
	return g.Verify("losses.CRF", mask, func(ids [][]int) error {
		for i, tag := range ids[0] {
			t, b := i/batch, i%batch
			inside := len(ids) == 1 || t < ids[1][b]
			switch {
			case tag >= 0 && tag < k || tag == -1 && !inside:
			case inside:
				return errors.Errorf("the tag at step %d of sequence %d is %d; want 0 to %d", t, b, tag, k-1)
			default:
				return errors.Errorf("the tag at step %d of sequence %d, which is padding, is %d; want -1 or 0 to %d", t, b, tag, k-1)
			}
		}
		return nil
	}, ids...)
}

// Marginals maps emissions [T, B, K] to the probability of every tag at every step, given all of the emissions,
// [T, B, K]; padding has zeros. It is the derivative of log Σ exp(score) with respect to the emissions, so the backward
// half of the forward-backward algorithm (Rabiner, 1989) is backpropagation. The parameters are Apply's.
func (l CRF) Marginals(g *graph.Graph, emissions graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if emissions.Rank() != 3 {
		return g.Failf("CRF", "want emissions [T, B, K], found %v", emissions.Shape())
	}
	mask, ok := l.mask(g, emissions)
	if !ok {
		return graph.Node{}
	}
	w := newChain(g, emissions.Dim(2))
	total := g.Sum(g.Where(nonEmpty(g, mask), w.total(g, emissions, mask), g.Full(0)))
	if g.Err() != nil {
		return graph.Node{}
	}
	return g.Grad(total, emissions)[0]
}

// mask is 1 at the steps inside the sequences, [T, B].
func (l CRF) mask(g *graph.Graph, emissions graph.Node) (graph.Node, bool) {
	if !l.Lengths.Valid() {
		return g.Full(1, emissions.Dim(0), emissions.Dim(1)), g.Err() == nil
	}
	return sequenceMask(g, "CRF", emissions, l.Lengths), g.Err() == nil
}

// nonEmpty is 1 for every sequence that has a step, [B], for a mask [T, B].
func nonEmpty(g *graph.Graph, mask graph.Node) graph.Node {
	return g.Reshape(g.Slice(mask, 0, 0, 1), mask.Dim(1))
}

func newChain(g *graph.Graph, k int) chain {
	return chain{
		between: g.Param("transitions", graph.Constant(0), k, k),
		start:   g.Param("start_transitions", graph.Constant(0), k),
		end:     g.Param("end_transitions", graph.Constant(0), k),
	}
}

// chain are the weights of a CRF.
type chain struct{ between, start, end graph.Node }

// score is the score of the given tags, [B].
func (w chain) score(g *graph.Graph, emissions, chosen, mask graph.Node) graph.Node {
	steps, batch := mask.Dim(0), mask.Dim(1)
	dot := func(a, b graph.Node) graph.Node { return g.Sum(g.Mul(a, b), -1) }
	step := func(x graph.Node, t int) graph.Node { return g.Reshape(g.Slice(x, 0, t, t+1), batch, -1) }
	// The mask falls from 1 to 0 behind each sequence's last step.
	next := g.Full(0, 1, batch)
	if steps > 1 {
		next = g.Concat(0, g.Slice(mask, 0, 1, steps), next)
	}
	last := g.Sub(mask, next)
	sum := g.Add(dot(step(chosen, 0), w.start), g.Sum(g.Mul(g.Where(mask, dot(chosen, emissions), g.Full(0)), mask), 0),
		g.Sum(g.Mul(dot(chosen, w.end), last), 0))
	if steps > 1 {
		moves := dot(g.MatMul(g.Slice(chosen, 0, 0, steps-1), w.between), g.Slice(chosen, 0, 1, steps)) // [T-1, B]
		sum = g.Add(sum, g.Sum(g.Mul(moves, g.Slice(mask, 0, 1, steps)), 0))
	}
	return sum
}

// total is log Σ exp(score) over all sequences of tags, [B]: the forward algorithm.
func (w chain) total(g *graph.Graph, emissions, mask graph.Node) graph.Node {
	into := g.Transpose(w.between) // [to, from]
	batch, k := mask.Dim(1), emissions.Dim(2)
	inside := g.Unstack(mask)
	var alpha graph.Node // [B, K]: log of the sum over all that end in a tag
	for t, e := range g.Unstack(emissions) {
		if t == 0 {
			alpha = g.Add(e, w.start)
			continue
		}
		ways := g.Add(g.Reshape(alpha, batch, 1, k), into) // [B, to, from]
		alpha = g.Where(inside[t], g.Add(g.LogSumExp(ways, -1), e), alpha)
	}
	return g.LogSumExp(g.Add(alpha, w.end), -1)
}

// identity is the matrix [n, n] with ones along its diagonal.
func identity(g *graph.Graph, n int) graph.Node {
	v := make([]float64, n*n)
	for i := range n {
		v[i*n+i] = 1
	}
	return g.Const(graph.Floats64(v, n, n))
}
