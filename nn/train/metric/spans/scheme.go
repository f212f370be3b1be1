// Package spans reads tags that mark spans of words, such as names or phrases: the schemes IOB1, IOB2, BIOES and BILOU are
// recognised, checked, converted to each other, and judged by the spans that they mark, as seqeval does.
//
//	scheme := spans.Recognize(sentences)             // spans.IOB2, say
//	scheme.Spans([]string{"B-PER", "I-PER", "O"})    // one span of type PER, words 0 and 1
//	scheme.Check(sentences)                          // tags that cannot follow each other, and where
//	scheme.Convert(spans.BIOES, tags)                // the same spans, other tags
//	score := spans.NewScore(scheme, false)           // precision, recall and F1 of spans
//
// It takes plain slices and knows nothing of networks.
package spans

import (
	"strings"

	"github.com/pkg/errors"
)

// Scheme says how tags mark spans. A tag is O outside of spans, or a letter, a hyphen and the span's type: B-PER. A letter
// alone marks a span of the type _.
type Scheme int

// The schemes.
const (
	None  Scheme = iota // tags mark no spans: each is a class of its own, such as a part of speech
	IOB1                // I inside; B where a span follows another of its type at once (Ramshaw and Marcus, 1995)
	IOB2                // B begins every span, I goes on: CoNLL-2002 and later, also called BIO
	BIOES               // B begins, I goes on, E ends a span of several words, S is one of a single word; also called IOBES
	BILOU               // the same with L for E, and U for S
)

var names = []string{"none", "iob1", "iob2", "bioes", "bilou"}

// letters are those with which the tags of a scheme may begin.
var letters = []string{"", "OBI", "OBI", "OBIES", "OBILU"}

// Names are the names of the schemes, as Named takes them.
func Names() []string { return append([]string{}, names...) }

// Named finds a scheme by its name, in small letters or capitals; "bio" is IOB2, "iobes" BIOES.
func Named(name string) (Scheme, error) {
	name = strings.ToLower(name)
	switch name {
	case "bio":
		return IOB2, nil
	case "iobes":
		return BIOES, nil
	}
	for i, n := range names {
		if n == name {
			return Scheme(i), nil
		}
	}
	return None, errors.Errorf("spans: there is no scheme %q; want one of %s", name, strings.Join(names, ", "))
}

func (s Scheme) String() string {
	if s < 0 || int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// letters are those of the scheme's tags, none of a Scheme that is none.
func (s Scheme) letters() string {
	if s < 0 || int(s) >= len(letters) {
		return ""
	}
	return letters[s]
}

// untyped is the type of spans whose tags are letters alone.
const untyped = "_"

// outside is the tag of words in no span.
const outside = "O"

// tag is a tag taken apart.
type tag struct {
	letter byte
	kind   string
}

// parse takes a tag apart. It is no tag of spans if its letter is none of those of some scheme, or if something else than a
// hyphen follows it.
func parse(text string) (t tag, ok bool) {
	switch {
	case text == outside:
		return tag{'O', ""}, true
	case len(text) == 1 && strings.Contains("BIESLU", text):
		return tag{text[0], untyped}, true
	case len(text) > 2 && text[1] == '-' && strings.IndexByte("BIESLU", text[0]) >= 0:
		return tag{text[0], text[2:]}, true
	}
	return tag{}, false
}

// write is the tag of a letter and a span's type.
func write(letter byte, kind string) string {
	if kind == untyped {
		return string(letter)
	}
	return string(letter) + "-" + kind
}

// Recognize tells the scheme of sentences by their tags. If one of them marks no span, or if none does, it is None. Between
// IOB1 and IOB2 it is the one with fewer faults, and IOB2 if they have as many.
func Recognize(sentences [][]string) Scheme {
	seen := map[byte]bool{}
	for _, sentence := range sentences {
		for _, text := range sentence {
			t, ok := parse(text)
			if !ok {
				return None
			}
			seen[t.letter] = true
		}
	}
	switch ends, lasts := seen['E'] || seen['S'], seen['L'] || seen['U']; {
	case ends && lasts, !ends && !lasts && !seen['B'] && !seen['I']:
		return None
	case ends:
		return BIOES
	case lasts:
		return BILOU
	}
	if IOB1.Check(sentences).Count < IOB2.Check(sentences).Count {
		return IOB1
	}
	return IOB2
}
