package models

import (
	"github.com/pkg/errors"
	"github.com/rivo/uniseg"
)

// TagBaseline tags words without looking at their neighbours: what a Tagger has to be better than. A word has the tag that
// it had most often. One that the sentences lack has the tag that was most frequent among words that came once and share
// its ending: the longest that there was, of up to four characters, then that of all words. NewTagBaseline makes one.
type TagBaseline struct {
	words, endings map[string]string
	other          string
}

// longestEnding is how many characters of an unknown word are looked at.
const longestEnding = 4

// NewTagBaseline counts the tags of sentences.
func NewTagBaseline(s Sentences) (*TagBaseline, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Count() == 0 {
		return nil, errors.New("models: there are no sentences to count tags in")
	}
	words, endings, all := tally{}, tally{}, tally{}
	for i, sentence := range s.Words {
		for j, word := range sentence {
			words.add(word, s.Tags[i][j])
			all.add("", s.Tags[i][j])
		}
	}
	for word, tags := range words {
		n := 0
		for _, count := range tags {
			n += count
		}
		if n > 1 {
			continue
		}
		for tag := range tags {
			for _, ending := range endingsOf(word) {
				endings.add(ending, tag)
			}
		}
	}
	return &TagBaseline{words.best(), endings.best(), all.best()[""]}, nil
}

// Tag is the tag of each of some words.
func (b *TagBaseline) Tag(words []string) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = b.one(word)
	}
	return out
}

func (b *TagBaseline) one(word string) string {
	if tag, ok := b.words[word]; ok {
		return tag
	}
	for _, ending := range endingsOf(word) {
		if tag, ok := b.endings[ending]; ok {
			return tag
		}
	}
	return b.other
}

// endingsOf are the endings of a word, the longest first.
func endingsOf(word string) []string {
	var starts []int
	for at, g := 0, uniseg.NewGraphemes(word); g.Next(); at += len(g.Str()) {
		starts = append(starts, at)
	}
	var out []string
	for n := min(longestEnding, len(starts)); n > 0; n-- {
		out = append(out, word[starts[len(starts)-n]:])
	}
	return out
}

// tally counts tags, of something each.
type tally map[string]map[string]int

func (t tally) add(of, tag string) {
	if t[of] == nil {
		t[of] = map[string]int{}
	}
	t[of][tag]++
}

// best is the most frequent tag of each, the first of equals.
func (t tally) best() map[string]string {
	out := make(map[string]string, len(t))
	for of, tags := range t {
		best, most := "", 0
		for tag, n := range tags {
			if n > most || n == most && tag < best {
				best, most = tag, n
			}
		}
		out[of] = best
	}
	return out
}
