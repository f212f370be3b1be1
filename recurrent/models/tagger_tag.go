package models

import (
	"math"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// Tag finds the tags of the words of sentences. If the tags mark spans, tags that cannot follow each other in their scheme
// never do: the best of all sequences that the scheme allows is found (Viterbi), with a CRF and without one. A word that is
// empty is an error.
func (m *Tagger) Tag(sentences [][]string) ([][]string, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	found, err := m.best(Sentences{Words: sentences})
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(found))
	for i, ids := range found {
		out[i] = make([]string, len(ids))
		for j, id := range ids {
			out[i][j] = m.tags[id]
		}
	}
	return out, nil
}

// best are the numbers of the best tags of sentences.
func (m *Tagger) best(s Sentences) ([][]int, error) {
	read, err := m.read(s)
	if err != nil {
		return nil, err
	}
	out := make([][]int, s.Len())
	if s.Count() == 0 {
		return out, nil
	}
	if err := m.draw(); err != nil {
		return nil, err
	}
	allowed, all, err := m.chains()
	if err != nil {
		return nil, err
	}
	err = m.everyEmission(read, func(b *datasets.Batch, emissions *tensor.Dense) error {
		found, scores, err := losses.CRF{}.Tags(allowed, "", emissions, b.Lengths)
		if err != nil {
			return err
		}
		var free [][]int
		for i, example := range b.Examples {
			if math.IsInf(scores[i], -1) { // the tags that the model knows cannot make a sentence of this length
				if free == nil {
					if free, _, err = (losses.CRF{}).Tags(all, "", emissions, b.Lengths); err != nil {
						return err
					}
				}
				found[i] = free[i]
			}
			out[example] = found[i]
		}
		return nil
	})
	return out, err
}

// everyEmission computes the scores of the tags of all sentences, batch by batch.
func (m *Tagger) everyEmission(r *readSentences, use func(b *datasets.Batch, emissions *tensor.Dense) error) error {
	const together = 64
	source, err := m.batches(&readSentences{words: r.words, spelt: r.spelt, spellings: r.spellings},
		datasets.Batching{Size: together, Pool: len(r.words)}, false)
	if err != nil {
		return err
	}
	return m.lent.with(func(f *graph.Func) error {
		for {
			in, ok := source.Next()
			if !ok {
				return nil
			}
			out, err := f.Run(in...)
			if err != nil {
				return err
			}
			if err := use(source.last, out[0]); err != nil {
				return err
			}
		}
	})
}

// chains are the transitions by which tags are chosen: with those excluded that the scheme of the tags does not allow, and
// with all. Without a CRF they are zero.
func (m *Tagger) chains() (allowed, all *graph.Params, err error) {
	k := len(m.tags)
	if all, err = m.chain(make([]float64, k*k), make([]float64, k), make([]float64, k)); err != nil {
		return nil, nil, err
	}
	between, start, end := make([]float64, k*k), make([]float64, k), make([]float64, k)
	scheme := m.Scheme()
	exclude := func(to *float64, before, after string) {
		if !scheme.Follows(before, after) {
			*to = math.Inf(-1)
		}
	}
	for i, tag := range m.tags {
		exclude(&start[i], "", tag)
		exclude(&end[i], tag, "")
		for j, next := range m.tags {
			exclude(&between[i*k+j], tag, next)
		}
	}
	allowed, err = m.chain(between, start, end)
	return allowed, all, err
}

// chain is a store of transitions: those of the CRF, if there is one, and what is added to them.
func (m *Tagger) chain(between, start, end []float64) (*graph.Params, error) {
	k := len(m.tags)
	p := graph.NewParams64(1)
	for _, w := range []struct {
		name  string
		add   []float64
		shape []int
	}{{"transitions", between, []int{k, k}}, {"start_transitions", start, []int{k}}, {"end_transitions", end, []int{k}}} {
		if own := m.params.Get(crfScope + "." + w.name); own != nil && !m.config.Tag.Softmax {
			for i, v := range dense.Float64s(weights.Of(own)) {
				w.add[i] += v
			}
		}
		if _, err := p.Add(w.name, graph.Floats64(w.add, w.shape...)); err != nil {
			return nil, err
		}
	}
	return p, nil
}
