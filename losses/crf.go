package losses

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// CRF is a linear-chain conditional random field (Lafferty et al., 2001) on top of a tagger's scores: it learns which
// tags follow each other, and judges whole sequences of tags (Collobert et al., 2011; Lample et al., 2016).
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
// of -log p(tags), a scalar, in nats. A sequence of length 0 contributes 0. Tags at padding may be -1 or any tag.
func (l CRF) Apply(g *graph.Graph, emissions, tags graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if emissions.Rank() != 3 || !tags.IsIDs() || !slices.Equal(emissions.Shape()[:2], tags.Shape()) {
		return g.Failf("CRF", "want emissions [T, B, K] and tags [T, B], found %v and %v", emissions.Shape(), tags.Shape())
	}
	steps, batch, k := emissions.Dim(0), emissions.Dim(1), emissions.Dim(2)
	mask := g.Full(1, steps, batch)
	if l.Lengths.Valid() {
		if l.Lengths.Rank() != 1 || l.Lengths.Dim(0) != batch {
			return g.Failf("CRF", "want lengths [%d], found %v", batch, l.Lengths.Shape())
		}
		mask = g.LengthMask(l.Lengths, steps)
	}
	w := chain{
		between: g.Param("transitions", graph.Zeros(), k, k),
		start:   g.Param("start_transitions", graph.Zeros(), k),
		end:     g.Param("end_transitions", graph.Zeros(), k),
	}
	chosen := g.GatherPadded(identity(g, k), tags, -1) // [T, B, K]: 1 at the tag
	some := g.Reshape(g.Slice(mask, 0, 0, 1), batch)   // whether a sequence has a step at all
	each := g.Sub(w.total(g, emissions, mask), w.score(g, emissions, chosen, mask))
	return g.Mean(g.Where(some, each, g.Full(0)))
}

// chain are the weights of a CRF.
type chain struct{ between, start, end graph.Node }

// score is the score of the given tags, [B].
func (w chain) score(g *graph.Graph, emissions, chosen, mask graph.Node) graph.Node {
	steps, batch := mask.Dim(0), mask.Dim(1)
	dot := func(a, b graph.Node) graph.Node { return g.SumAxis(g.Mul(a, b), -1) }
	step := func(x graph.Node, t int) graph.Node { return g.Reshape(g.Slice(x, 0, t, t+1), batch, -1) }
	// The mask falls from 1 to 0 behind each sequence's last step.
	next := g.Zeros(1, batch)
	if steps > 1 {
		next = g.Concat(0, g.Slice(mask, 0, 1, steps), next)
	}
	last := g.Sub(mask, next)
	sum := g.Add(dot(step(chosen, 0), w.start), g.SumAxis(g.Mul(g.Where(mask, dot(chosen, emissions), g.Full(0)), mask), 0),
		g.SumAxis(g.Mul(dot(chosen, w.end), last), 0))
	if steps > 1 {
		moves := dot(g.MatMul(g.Slice(chosen, 0, 0, steps-1), w.between), g.Slice(chosen, 0, 1, steps)) // [T-1, B]
		sum = g.Add(sum, g.SumAxis(g.Mul(moves, g.Slice(mask, 0, 1, steps)), 0))
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
		alpha = g.Where(inside[t], g.Add(g.LogSumExp(ways), e), alpha)
	}
	return g.LogSumExp(g.Add(alpha, w.end))
}

// Tags finds the best sequence of tags for each row of emissions [T, B, K] (Viterbi, 1967), and its score. The weights
// are those that Apply made in a scope of the store, "" for none; lengths may be nil. Among equal scores, smaller tags
// win from the end.
func (CRF) Tags(p *graph.Params, scope string, emissions *tensor.Dense, lengths []int) (tags [][]int, scores []float64, err error) {
	shape := emissions.Shape()
	if len(shape) != 3 {
		return nil, nil, errors.Errorf("losses: CRF: want emissions [T, B, K], found %v", []int(shape))
	}
	steps, batch, k := shape[0], shape[1], shape[2]
	if lengths != nil && len(lengths) != batch {
		return nil, nil, errors.Errorf("losses: CRF: %d lengths of %d sequences", len(lengths), batch)
	}
	v := viterbi{k: k}
	for _, w := range []struct {
		name  string
		shape []int
		to    *[]float64
	}{
		{"transitions", []int{k, k}, &v.between}, {"start_transitions", []int{k}, &v.start}, {"end_transitions", []int{k}, &v.end},
	} {
		name := w.name
		if scope != "" {
			name = scope + "." + name
		}
		q := p.Get(name)
		if q == nil {
			return nil, nil, errors.Errorf("losses: CRF: there is no parameter %s", name)
		}
		if !slices.Equal(q.Shape(), w.shape) {
			return nil, nil, errors.Errorf("losses: CRF: %s has shape %v; want %v", name, q.Shape(), w.shape)
		}
		*w.to = float64s(q.Value())
	}
	x := float64s(emissions)
	for b := range batch {
		n := steps
		if lengths != nil {
			n = lengths[b]
		}
		if n < 0 || n > steps {
			return nil, nil, errors.Errorf("losses: CRF: length %d of sequence %d; want 0 to %d", n, b, steps)
		}
		best, score := v.best(n, func(t int) []float64 { return x[(t*batch+b)*k:][:k] })
		tags, scores = append(tags, best), append(scores, score)
	}
	return tags, scores, nil
}

func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return t.Float64s()
	}
	out := make([]float64, t.Shape().TotalSize())
	for i, v := range t.Float32s() {
		out[i] = float64(v)
	}
	return out
}

// viterbi is the search for the best tags.
type viterbi struct {
	k                   int
	between, start, end []float64
}

func (v viterbi) best(steps int, emission func(t int) []float64) ([]int, float64) {
	if steps == 0 {
		return nil, 0
	}
	score := make([]float64, v.k)
	for i, e := range emission(0) {
		score[i] = v.start[i] + e
	}
	from := make([][]int, steps) // of each step and tag: the best tag before
	for t := 1; t < steps; t++ {
		next := make([]float64, v.k)
		from[t] = make([]int, v.k)
		for to, e := range emission(t) {
			top := math.Inf(-1)
			for i, s := range score {
				if s += v.between[i*v.k+to]; s > top {
					top, from[t][to] = s, i
				}
			}
			next[to] = top + e
		}
		score = next
	}
	last := 0
	for i := range score {
		if score[i] += v.end[i]; score[i] > score[last] {
			last = i
		}
	}
	tags := make([]int, steps)
	tags[steps-1] = last
	for t := steps - 1; t > 0; t-- {
		tags[t-1] = from[t][tags[t]]
	}
	return tags, score[last]
}
