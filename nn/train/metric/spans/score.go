package spans

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/texttable"
)

// Score compares the spans that were found with those that there are: one counts if its words and its type are right.
// NewScore makes one. Add the sentences of a test set, then ask. The figures are seqeval's: zero where nothing was found or
// nothing was to be found.
type Score struct {
	scheme Scheme
	strict bool
	counts map[string]*counts // of each type

	words, right int
}

// counts are those of the spans of a type.
type counts struct{ right, found, there int }

// NewScore counts spans. In strict mode, which needs a scheme, spans are read as Scheme.Spans does, which is seqeval's mode
// "strict" with that scheme; else as Lenient does, which is seqeval's default and that of conlleval.
func NewScore(s Scheme, strict bool) *Score {
	return &Score{scheme: s, strict: strict, counts: map[string]*counts{}}
}

// Add counts the spans of a sentence. Nothing is counted if the numbers of tags differ, or if one is none of the scheme in
// strict mode.
func (s *Score) Add(truth, predicted []string) error {
	if s.counts == nil {
		return errors.New("spans: Score: want one that NewScore made")
	}
	if len(truth) != len(predicted) {
		return errors.Errorf("spans: Score: %d tags for %d words", len(predicted), len(truth))
	}
	there, err := s.read(truth)
	if err != nil {
		return err
	}
	found, err := s.read(predicted)
	if err != nil {
		return err
	}
	known := map[Span]bool{}
	for _, v := range there {
		known[v] = true
		s.of(v.Type).there++
	}
	for _, v := range found {
		c := s.of(v.Type)
		c.found++
		if known[v] {
			c.right++
		}
	}
	s.words += len(truth)
	for i := range truth {
		if truth[i] == predicted[i] {
			s.right++
		}
	}
	return nil
}

func (s *Score) read(tags []string) ([]Span, error) {
	if s.strict {
		return s.scheme.Spans(tags)
	}
	return Lenient(tags), nil
}

func (s *Score) of(kind string) *counts {
	c := s.counts[kind]
	if c == nil {
		c = new(counts)
		s.counts[kind] = c
	}
	return c
}

// Types are those of all spans so far, in order.
func (s *Score) Types() []string { return slices.Sorted(maps.Keys(s.counts)) }

// get are the counts of a type, which may be none.
func (s *Score) get(kind string) counts {
	if c := s.counts[kind]; c != nil {
		return *c
	}
	return counts{}
}

// Precision is the share of a type's spans found that are right.
func (s *Score) Precision(kind string) float64 { return s.get(kind).precision() }

// Recall is the share of a type's spans that were found.
func (s *Score) Recall(kind string) float64 { return s.get(kind).recall() }

// F1 is the harmonic mean of a type's precision and recall.
func (s *Score) F1(kind string) float64 { return s.get(kind).f1() }

// Support is the number of a type's spans.
func (s *Score) Support(kind string) int { return s.get(kind).there }

// Found is how many spans of a type were found, rightly or not.
func (s *Score) Found(kind string) int { return s.get(kind).found }

// Accuracy is the share of words with the right tag; 0 of none.
func (s *Score) Accuracy() float64 { return share(s.right, s.words) }

// Average are precision, recall and F1 over all types.
type Average struct{ Precision, Recall, F1 float64 }

// Micro counts all spans alike: what people mean by span F1.
func (s *Score) Micro() Average {
	var all counts
	for _, c := range s.counts {
		all.right, all.found, all.there = all.right+c.right, all.found+c.found, all.there+c.there
	}
	return Average{all.precision(), all.recall(), all.f1()}
}

// Macro counts all types alike.
func (s *Score) Macro() Average { return s.mean(func(counts) float64 { return 1 }) }

// Weighted counts a type as often as it has spans.
func (s *Score) Weighted() Average { return s.mean(func(c counts) float64 { return float64(c.there) }) }

func (s *Score) mean(weight func(counts) float64) Average {
	var a Average
	total := 0.0
	for _, kind := range s.Types() {
		c := s.get(kind)
		w := weight(c)
		total += w
		a.Precision += float64(w * c.precision())
		a.Recall += float64(w * c.recall())
		a.F1 += float64(w * c.f1())
	}
	if total == 0 {
		return Average{}
	}
	return Average{a.Precision / total, a.Recall / total, a.F1 / total}
}

func (c counts) precision() float64 { return share(c.right, c.found) }
func (c counts) recall() float64    { return share(c.right, c.there) }

func (c counts) f1() float64 { return share(2*c.right, c.found+c.there) }

func share(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// String is a table of the types with precision, recall, F1 and support, their averages below.
func (s *Score) String() string {
	rows := [][]string{{"", "precision", "recall", "F1", "support"}}
	total := 0
	for _, kind := range s.Types() {
		c := s.get(kind)
		total += c.there
		rows = append(rows, []string{kind, figure(c.precision()), figure(c.recall()), figure(c.f1()), fmt.Sprint(c.there)})
	}
	for _, v := range []struct {
		name string
		Average
	}{{"all spans", s.Micro()}, {"mean of types", s.Macro()}} {
		rows = append(rows, []string{v.name, figure(v.Precision), figure(v.Recall), figure(v.F1), fmt.Sprint(total)})
	}
	return texttable.Aligned(rows)
}

func figure(v float64) string { return fmt.Sprintf("%.3f", v) }
