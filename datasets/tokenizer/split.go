package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// splitter is a chain of cuts of a text into words.
type splitter []func(word string, first bool) []string

// split cuts words; first tells that they begin the whole text.
func (s splitter) split(words []string, first bool) []string {
	for _, cut := range s {
		var next []string
		for i, w := range words {
			if w != "" {
				next = append(next, cut(w, first && i == 0)...)
			}
		}
		words = next
	}
	return words
}

func splitterOf(p *part, change func(part) part) (splitter, error) {
	var out splitter
	for _, p := range flatten(p, func(p part) []part { return p.PreTokenizers }) {
		cut, err := change(p).splitter()
		if err != nil {
			return nil, err
		}
		out = append(out, cut)
	}
	return out, nil
}

// gpt2 is what ByteLevel cuts by (Radford et al., 2019).
const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

func (p part) splitter() (func(word string, first bool) []string, error) {
	switch p.Type {
	case "ByteLevel":
		return p.byteLevel()
	case "Split":
		f, err := p.Pattern.finder()
		if err != nil {
			return nil, err
		}
		how, err := behaviorOf(p.Behavior)
		return func(w string, _ bool) []string { return how(w, matches(w, f.next, p.Invert)) }, err
	case "Metaspace":
		return p.metaspace()
	case "Whitespace":
		f, err := newFinder(`\w+|[^\w\s]+`)
		return func(w string, _ bool) []string { return removed(w, matches(w, f.next, true)) }, err
	case "WhitespaceSplit":
		return byRune(unicode.IsSpace, removed), nil
	case "BertPreTokenizer":
		blank, marks := byRune(unicode.IsSpace, removed), byRune(isPunctuation, isolated)
		return func(w string, first bool) []string {
			return splitter{blank, marks}.split([]string{w}, first)
		}, nil
	case "Digits":
		if p.Individual {
			return byRune(unicode.IsNumber, isolated), nil
		}
		return byRune(unicode.IsNumber, contiguous), nil
	case "Punctuation":
		how, err := behaviorOf(p.Behavior)
		return byRune(isPunctuation, how), err
	}
	return nil, unknown(p, "ByteLevel, Split, Metaspace, Whitespace, WhitespaceSplit, BertPreTokenizer, Digits or Punctuation")
}

// byteLevel cuts as GPT-2 does, and writes bytes as printable characters.
func (p part) byteLevel() (func(word string, first bool) []string, error) {
	f, err := newFinder(gpt2)
	prefix, cuts := or(p.AddPrefixSpace, true), or(p.UseRegex, true)
	return func(w string, _ bool) []string {
		if prefix && !strings.HasPrefix(w, " ") {
			w = " " + w
		}
		words := []string{w}
		if cuts {
			words = isolated(w, matches(w, f.next, false))
		}
		for i, w := range words {
			words[i] = printable(w)
		}
		return words
	}, err
}

// metaspace writes spaces as a printable character, puts one before the text, and cuts before each.
func (p part) metaspace() (func(word string, first bool) []string, error) {
	mark := p.Replacement
	if utf8.RuneCountInString(mark) != 1 {
		return nil, errors.Errorf("Metaspace has the replacement %q; want one character", mark)
	}
	scheme := p.PrependScheme
	if scheme == "" {
		scheme = "never"
		if or(p.AddPrefixSpace, true) {
			scheme = "always"
		}
	}
	if scheme != "always" && scheme != "first" && scheme != "never" {
		return nil, errors.Errorf("Metaspace has the prepend_scheme %q; want always, first or never", scheme)
	}
	cuts := or(p.Split, true)
	return func(w string, first bool) []string {
		w = strings.ReplaceAll(w, " ", mark)
		if (scheme == "always" || scheme == "first" && first) && !strings.HasPrefix(w, mark) {
			w = mark + w
		}
		if !cuts {
			return []string{w}
		}
		return withNext(w, matches(w, func(s string, from int) (int, int, bool) {
			at := strings.Index(s[from:], mark)
			return from + at, from + at + len(mark), at >= 0
		}, false))
	}, nil
}

// span is a part of a text that a pattern matches, or one between matches.
type span struct {
	start, end int
	match      bool
}

// matches are the spans of a text, in order; with invert, matches are those between.
func matches(s string, next func(s string, from int) (start, end int, ok bool), invert bool) []span {
	var out []span
	at := 0
	for {
		start, end, ok := next(s, at)
		if !ok {
			break
		}
		if start > at {
			out = append(out, span{at, start, invert})
		}
		out = append(out, span{start, end, !invert})
		at = end
	}
	if at < len(s) {
		out = append(out, span{at, len(s), invert})
	}
	return out
}

// byRune cuts at characters of a kind.
func byRune(is func(rune) bool, how func(string, []span) []string) func(word string, first bool) []string {
	return func(w string, _ bool) []string {
		return how(w, matches(w, func(s string, from int) (int, int, bool) {
			at := strings.IndexFunc(s[from:], is)
			if at < 0 {
				return 0, 0, false
			}
			_, n := utf8.DecodeRuneInString(s[from+at:])
			return from + at, from + at + n, true
		}, false))
	}
}

// behaviorOf is what becomes of matches.
func behaviorOf(name string) (func(s string, spans []span) []string, error) {
	switch name {
	case "Removed":
		return removed, nil
	case "Isolated", "":
		return isolated, nil
	case "MergedWithPrevious":
		return withPrevious, nil
	case "MergedWithNext":
		return withNext, nil
	case "Contiguous":
		return contiguous, nil
	}
	return nil, errors.Errorf("the behavior %q is not supported; want Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
		name)
}

// removed leaves matches out.
func removed(s string, spans []span) (out []string) {
	for _, p := range spans {
		if !p.match {
			out = append(out, s[p.start:p.end])
		}
	}
	return out
}

// isolated has matches as words.
func isolated(s string, spans []span) (out []string) {
	for _, p := range spans {
		out = append(out, s[p.start:p.end])
	}
	return out
}

// contiguous has matches in a row as one word.
func contiguous(s string, spans []span) (out []string) {
	was := false
	for i, p := range spans {
		if i > 0 && p.match == was {
			out[len(out)-1] += s[p.start:p.end]
		} else {
			out = append(out, s[p.start:p.end])
		}
		was = p.match
	}
	return out
}

// withPrevious puts a match to the word before it.
func withPrevious(s string, spans []span) (out []string) {
	was := false
	for _, p := range spans {
		if p.match && !was && len(out) > 0 {
			out[len(out)-1] += s[p.start:p.end]
		} else {
			out = append(out, s[p.start:p.end])
		}
		was = p.match
	}
	return out
}

// withNext puts a match to the word after it.
func withNext(s string, spans []span) (out []string) {
	was := false
	for _, p := range spans {
		if !p.match && was {
			out[len(out)-1] += s[p.start:p.end]
		} else {
			out = append(out, s[p.start:p.end])
		}
		was = p.match
	}
	return out
}
