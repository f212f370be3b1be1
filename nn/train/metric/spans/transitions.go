package spans

import (
	"fmt"
	"strings"
)

// Follows tells whether a tag may stand behind another. "" is the edge of a sentence: before its first tag, behind its last.
// In a scheme that is None everything may follow everything; in the others, what is no tag of the scheme may stand nowhere.
func (s Scheme) Follows(before, after string) bool {
	if s.letters() == "" {
		return true
	}
	a, ok1 := s.atEdge(before)
	b, ok2 := s.atEdge(after)
	if !ok1 || !ok2 {
		return false
	}
	same := a.kind == b.kind
	switch s {
	case IOB1: // a B needs a span of its type to stand apart from
		return b.letter != 'B' || same && a.letter != 'O'
	case IOB2:
		return b.letter != 'I' || same && a.letter != 'O'
	}
	open := a.letter == 'B' || a.letter == 'I'
	goes := b.letter == 'I' || b.letter == 'E' || b.letter == 'L'
	if open != goes {
		return false
	}
	return !open || same
}

// atEdge takes a tag of the scheme apart; the edge of a sentence is as an O.
func (s Scheme) atEdge(text string) (tag, bool) {
	if text == "" {
		return tag{'O', ""}, true
	}
	t, ok := parse(text)
	return t, ok && strings.IndexByte(s.letters(), t.letter) >= 0
}

// Faults are tags that cannot stand where they do.
type Faults struct {
	Count int // of pairs of neighbours that the scheme does not allow
	// The first: the sentence, and the word with the tag After; both are counted from 0. A word behind the last is the end
	// of the sentence, where After is "".
	Sentence, Word int
	Before, After  string
}

// String says how many there are, and what the first is.
func (f Faults) String() string {
	if f.Count == 0 {
		return "no faults"
	}
	name := func(tag, edge string) string {
		if tag == "" {
			return edge
		}
		return tag
	}
	return fmt.Sprintf("%d impossible transitions, the first from %s to %s, at word %d of sentence %d", f.Count,
		name(f.Before, "the beginning"), name(f.After, "the end"), f.Word+1, f.Sentence+1)
}

// Check counts the places where tags follow each other that cannot.
func (s Scheme) Check(sentences [][]string) Faults {
	var f Faults
	for i, sentence := range sentences {
		before := ""
		for j := range len(sentence) + 1 {
			after := ""
			if j < len(sentence) {
				after = sentence[j]
			}
			if !s.Follows(before, after) {
				if f.Count == 0 {
					f = Faults{Sentence: i, Word: j, Before: before, After: after}
				}
				f.Count++
			}
			before = after
		}
	}
	return f
}
