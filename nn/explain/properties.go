package explain

import (
	"strings"
	"unicode"
)

// Property is something that can be said of every place of a text, and that a unit may have learned to keep track of.
type Property struct {
	Name string
	Of   func(text []rune) []float64 // at every place, once its character was read
}

// Properties are those of texts that Follow is usually asked for: where in a line, a word and a sentence a character stands,
// what it is inside of, and what it is.
func Properties() []Property {
	return []Property{
		{"position in line", since(func(r rune) bool { return r == '\n' })},
		{"position in word", positionInWord},
		{"position in sentence", since(func(r rune) bool { return strings.ContainsRune(".!?", r) })},
		{"inside quotes", insideQuotes},
		{"inside parentheses", inside('(', ')')},
		{"depth of braces", depth('{', '}')},
		{"inside a comment", insideComment},
		{"indentation of the line", indentation},
		{"inside a capitalised word", capitalised},
		{"a blank", each(unicode.IsSpace)},
		{"the start of a line", each(func(r rune) bool { return r == '\n' })},
		{"punctuation", each(unicode.IsPunct)},
		{"a capital letter", each(unicode.IsUpper)},
		{"a digit", each(unicode.IsDigit)},
		{"a vowel", each(func(r rune) bool { return strings.ContainsRune("aeiouAEIOU", r) })},
	}
}

// each is 1 where a character is of some kind.
func each(is func(rune) bool) func([]rune) []float64 {
	return func(text []rune) []float64 {
		out := make([]float64, len(text))
		for i, r := range text {
			out[i] = one(is(r))
		}
		return out
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// since counts characters since the last of some kind.
func since(is func(rune) bool) func([]rune) []float64 {
	return func(text []rune) []float64 {
		out, n := make([]float64, len(text)), 0.0
		for i, r := range text {
			n++
			if is(r) {
				n = 0
			}
			out[i] = n
		}
		return out
	}
}

func positionInWord(text []rune) []float64 {
	return since(func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })(text)
}

// insideQuotes is 1 from a quotation mark on to the next one of its line. Only double ones count: a single one is an
// apostrophe as often as not.
func insideQuotes(text []rune) []float64 {
	out, open := make([]float64, len(text)), false
	for i, r := range text {
		switch r {
		case '"':
			open = !open
		case '“':
			open = true
		case '”', '\n':
			open = false
		}
		out[i] = one(open)
	}
	return out
}

// depth is how many brackets are open.
func depth(opens, closes rune) func([]rune) []float64 {
	return func(text []rune) []float64 {
		out, n := make([]float64, len(text)), 0.0
		for i, r := range text {
			switch r {
			case opens:
				n++
			case closes:
				n = max(n-1, 0)
			}
			out[i] = n
		}
		return out
	}
}

// inside is 1 where any bracket is open.
func inside(opens, closes rune) func([]rune) []float64 {
	return func(text []rune) []float64 {
		out := depth(opens, closes)(text)
		for i, v := range out {
			out[i] = min(v, 1)
		}
		return out
	}
}

// insideComment is 1 from // on to the end of its line.
func insideComment(text []rune) []float64 {
	out, open := make([]float64, len(text)), false
	for i, r := range text {
		switch {
		case r == '\n':
			open = false
		case r == '/' && i > 0 && text[i-1] == '/' && (i < 2 || text[i-2] != ':'): // https:// begins none
			open = true
		}
		out[i] = one(open)
	}
	return out
}

// indentation is how many tabs or blanks the line began with, so far.
func indentation(text []rune) []float64 {
	out, n, start := make([]float64, len(text)), 0.0, true
	for i, r := range text {
		switch {
		case r == '\n':
			n, start = 0, true
		case start && (r == '\t' || r == ' '):
			n++
		default:
			start = false
		}
		out[i] = n
	}
	return out
}

// capitalised is 1 inside words that begin with a capital letter.
func capitalised(text []rune) []float64 {
	out := make([]float64, len(text))
	for i, r := range text {
		switch {
		case !unicode.IsLetter(r):
		case i == 0 || !unicode.IsLetter(text[i-1]):
			out[i] = one(unicode.IsUpper(r))
		default:
			out[i] = out[i-1]
		}
	}
	return out
}
