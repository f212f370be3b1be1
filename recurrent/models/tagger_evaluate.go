package models

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
)

// TagEvaluation is how good a tagger is.
type TagEvaluation struct {
	Sentences, Words int
	Loss             float64           // as in training, over the sentences whose tags the model knows; 0 if it knows none
	Confusion        *metric.Confusion // of the tags
	Spans            *spans.Score      // as seqeval's default mode counts; nil if the tags mark none
	Strict           *spans.Score      // as its strict mode counts

	UnknownWords   int // that the model has not seen, in small letters
	UnknownRight   int // of those, how many it has tagged rightly
	UnknownTags    int // words whose tags the model does not know: they count as wrong
	WholeSentences int // sentences without a mistake
}

// Evaluate compares the tags that the model finds for the words of sentences with those that they have.
func (m *Tagger) Evaluate(s Sentences) (*TagEvaluation, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Count() == 0 {
		return nil, errors.New("models: there are no sentences to evaluate with")
	}
	found, err := m.Tag(s.Words)
	if err != nil {
		return nil, err
	}
	e, err := CompareTags(s, found, m.Scheme())
	if err != nil {
		return nil, err
	}
	var known []int
	for i, words := range s.Words {
		strange := false
		for j, word := range words {
			if _, ok := m.words.ID(strings.ToLower(word)); !ok {
				e.UnknownWords++
				if found[i][j] == s.Tags[i][j] {
					e.UnknownRight++
				}
			}
			if _, ok := m.places[s.Tags[i][j]]; !ok {
				e.UnknownTags++
				strange = true
			}
		}
		if !strange && len(words) > 0 {
			known = append(known, i)
		}
	}
	if len(known) == 0 {
		return e, nil
	}
	e.Loss, err = m.loss(s.Pick(known))
	return e, err
}

// CompareTags compares tags that were found, by whatever means, with those that sentences have. The scheme is that of the
// tags; if it is spans.None, or if some tag is none of the scheme, spans are not counted strictly.
func CompareTags(s Sentences, found [][]string, scheme spans.Scheme) (*TagEvaluation, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if len(found) != s.Len() {
		return nil, errors.Errorf("models: tags for %d of %d sentences", len(found), s.Len())
	}
	all := s.AllTags()
	for _, tags := range found {
		all = append(all, tags...)
	}
	labels := distinct(all)
	e := &TagEvaluation{Sentences: s.Len(), Words: s.Count(), Confusion: metric.NewConfusion(labels...)}
	if scheme != spans.None {
		e.Spans, e.Strict = spans.NewScore(scheme, false), spans.NewScore(scheme, true)
	}
	for i, truth := range s.Tags {
		if len(found[i]) != len(truth) {
			return nil, errors.Errorf("%s has %d words, and %d tags were found", s.Place(i), len(truth), len(found[i]))
		}
		if slices.Equal(truth, found[i]) {
			e.WholeSentences++
		}
		if err := e.Confusion.Add(numbersOf(labels, truth), numbersOf(labels, found[i])); err != nil {
			return nil, err
		}
		if e.Spans == nil {
			continue
		}
		if err := e.Spans.Add(truth, found[i]); err != nil {
			return nil, err
		}
		if e.Strict != nil && e.Strict.Add(truth, found[i]) != nil {
			e.Strict = nil
		}
	}
	return e, nil
}

// numbersOf are the places of tags in a list that has them all, in order.
func numbersOf(labels, tags []string) []int {
	out := make([]int, len(tags))
	for i, tag := range tags {
		out[i], _ = slices.BinarySearch(labels, tag)
	}
	return out
}

// loss is the mean loss of sentences.
func (m *Tagger) loss(s Sentences) (float64, error) {
	read, err := m.read(s)
	if err != nil {
		return 0, err
	}
	if err := m.tag(read, s); err != nil {
		return 0, err
	}
	b, err := m.batches(read, datasets.Batching{Size: 64, Pool: s.Len()}, false)
	if err != nil {
		return 0, err
	}
	return train.Validate(m.Loss(), b, nil)
}
