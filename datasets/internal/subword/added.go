package subword

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Added is a token that is found in the text before it is cut into words, as tokenizer.json has it.
type Added struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no letter or digit is beside it
	LStrip     bool   `json:"lstrip"`      // takes the white space before it
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"` // looked for in the normalised text
	Special    bool   `json:"special"`    // decoding leaves it out
}

// Matcher finds added tokens: the leftmost, and of several there, the longest.
type Matcher struct {
	byFirst [256][]Added // by their first bytes, longest first
	any     bool
}

// NewMatcher makes one of tokens, none of which is empty.
func NewMatcher(tokens []Added) Matcher {
	var m Matcher
	for _, t := range tokens {
		first := t.Content[0]
		m.byFirst[first] = append(m.byFirst[first], t)
		m.any = true
	}
	for _, list := range m.byFirst {
		sort.SliceStable(list, func(i, j int) bool { return len(list[i].Content) > len(list[j].Content) })
	}
	return m
}

// at returns the token that text[i:] begins with.
func (m *Matcher) at(text string, i int) *Added {
	list := m.byFirst[text[i]]
	for k := range list {
		if strings.HasPrefix(text[i:], list[k].Content) {
			return &list[k]
		}
	}
	return nil
}

// Split hands a text's pieces to give, in order: added tokens with their ids, and what is between them with -1. No
// piece is empty.
func (m *Matcher) Split(text string, give func(piece string, id int)) {
	done := 0
	for i := 0; m.any && i < len(text); {
		t := m.at(text, i)
		if t == nil {
			i++
			continue
		}
		start, end := i, i+len(t.Content)
		i = end
		if t.SingleWord && (wordBefore(text[:start]) || wordAfter(text[end:])) {
			continue
		}
		if t.LStrip {
			start = len(strings.TrimRightFunc(text[:start], unicode.IsSpace))
		}
		if t.RStrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		start, end = max(start, done), max(end, done) // the token before may have taken the blanks between
		if start > done {
			give(text[done:start], -1)
		}
		give(text[start:end], t.ID)
		done = end
	}
	if done < len(text) {
		give(text[done:], -1)
	}
}

func wordBefore(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && wordRune(r)
}

func wordAfter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && wordRune(r)
}

// wordRune is Unicode's \w (Technical Standard 18, annex C).
func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.Is(unicode.M, r) || unicode.Is(unicode.Nd, r) || unicode.Is(unicode.Pc, r) ||
		unicode.Is(unicode.Nl, r) || unicode.Is(unicode.Other_Alphabetic, r) || unicode.Is(unicode.Join_Control, r)
}
