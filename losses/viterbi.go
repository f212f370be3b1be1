package losses

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// Tags finds the best sequence of tags for each sequence of emissions [T, B, K] (Viterbi, 1967), and its score. The weights
// are those that Apply made in a scope of the store, "" for none; lengths [B] may be nil, for T each. An emission of -Inf
// excludes a tag. Among equal scores, smaller tags win, from the end on. Emissions that are nil or a view, or that hold NaN
// or +Inf inside a sequence, are an error.
func (CRF) Tags(p *graph.Params, scope string, emissions *tensor.Dense, lengths []int) (tags [][]int, scores []float64, err error) {
	if err := dense.CheckFloats(emissions); err != nil {
		return nil, nil, errors.Wrap(err, "losses: CRF: emissions")
	}
	shape := emissions.Shape()
	if len(shape) != 3 {
		return nil, nil, errors.Errorf("losses: CRF: want emissions [T, B, K], found %v", []int(shape))
	}
	if p == nil {
		return nil, nil, errors.New("losses: CRF: the store of the parameters is nil")
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
		*w.to = float64s(weights.Of(q))
	}
	x := float64s(emissions)
	for i, e := range x {
		if t, b := i/k/batch, i/k%batch; e != e || math.IsInf(e, 1) {
			if lengths == nil || t < lengths[b] {
				return nil, nil, errors.Errorf("losses: CRF: the emission of tag %d at step %d of sequence %d is %v", i%k, t, b, e)
			}
		}
	}
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
