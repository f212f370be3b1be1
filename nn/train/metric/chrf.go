package metric

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// ChrF is the F-score of character n-grams up to 6, with recall counted twice (Popović, 2015), as sacreBLEU 2 computes
// it; with Words 2 it is chrF++, which adds n-grams of words. It suits languages in which BLEU's whole words are too
// coarse. Add the sentences of a test set, then ask for the Score.
type ChrF struct {
	Words int // order of word n-grams: 0 for chrF, 2 for chrF++; 6 at most. It stays as it is from the first Add on.

	counts []overlap // of each order
}

// overlap counts n-grams of a hypothesis, of its reference, and those that both have.
type overlap struct{ hypothesis, reference, both int }

const (
	chrfOrder = 6
	chrfBeta  = 2
)

// Add counts the n-grams of a hypothesis and of the reference that fits it best.
func (m *ChrF) Add(hypothesis string, references ...string) error {
	if len(references) == 0 {
		return errors.New("metric: chrF needs a reference")
	}
	if m.Words < 0 || m.Words > chrfOrder {
		return errors.Errorf("metric: chrF with word n-grams up to %d; want 0 to %d", m.Words, chrfOrder)
	}
	if m.counts != nil && len(m.counts) != chrfOrder+m.Words {
		return errors.Errorf("metric: chrF with word n-grams up to %d after sentences with %d", m.Words, len(m.counts)-chrfOrder)
	}
	h := m.grams(hypothesis)
	var best []overlap
	top := -1.0
	for _, r := range references {
		counts := make([]overlap, len(h))
		for i, wanted := range m.grams(r) {
			counts[i] = overlapOf(h[i], wanted)
		}
		if s := chrf(counts); s > top {
			best, top = counts, s
		}
	}
	if m.counts == nil {
		m.counts = make([]overlap, len(h))
	}
	for i, c := range best {
		m.counts[i].hypothesis += c.hypothesis
		m.counts[i].reference += c.reference
		m.counts[i].both += c.both
	}
	return nil
}

func overlapOf(hypothesis, reference map[string]int) overlap {
	var c overlap
	for gram, n := range hypothesis {
		c.hypothesis += n
		c.both += min(n, reference[gram])
	}
	for _, n := range reference {
		c.reference += n
	}
	if len(reference) == 0 { // an order that the reference is too short for does not count
		c.hypothesis = 0
	}
	return c
}

// grams counts the character n-grams without blanks, then the word n-grams, of each order.
func (m *ChrF) grams(s string) []map[string]int {
	letters := runes(s)
	var out []map[string]int
	for n := 1; n <= chrfOrder; n++ {
		out = append(out, ngrams(letters, n))
	}
	tokens := apart(s)
	for n := 1; n <= m.Words; n++ {
		out = append(out, ngrams(tokens, n))
	}
	return out
}

const chrfMarks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// apart splits a sentence at blanks, and from each word the mark at its end or else at its beginning.
func apart(s string) []string {
	var out []string
	for _, w := range words(s) {
		last := len(w) - 1
		switch {
		case utf8.RuneCountInString(w) == 1:
			out = append(out, w)
		case strings.IndexByte(chrfMarks, w[last]) >= 0:
			out = append(out, w[:last], w[last:])
		case strings.IndexByte(chrfMarks, w[0]) >= 0:
			out = append(out, w[:1], w[1:])
		default:
			out = append(out, w)
		}
	}
	return out
}

// Score is chrF over all sentences so far, 0 to 100.
func (m *ChrF) Score() float64 { return chrf(m.counts) }

func chrf(counts []overlap) float64 {
	precision, recall, orders := 0.0, 0.0, 0
	for _, c := range counts {
		if c.hypothesis > 0 && c.reference > 0 {
			precision += float64(c.both) / float64(c.hypothesis)
			recall += float64(c.both) / float64(c.reference)
			orders++
		}
	}
	if precision+recall == 0 {
		return 0
	}
	precision, recall = precision/float64(orders), recall/float64(orders)
	const weight = chrfBeta * chrfBeta
	return 100 * (1 + weight) * precision * recall / (weight*precision + recall)
}

// String names the metric with its score.
func (m *ChrF) String() string {
	return fmt.Sprintf("chrF%d%s = %.2f", chrfBeta, strings.Repeat("+", min(max(m.Words, 0), chrfOrder)), m.Score())
}
