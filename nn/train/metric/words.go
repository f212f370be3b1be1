package metric

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// sacreBLEU is written in Python, whose ideas of blanks and of lower case are not Go's.

// blank says whether Python's str.split splits at a rune: at Unicode's white space, and at the four separators of ASCII.
func blank(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// words cuts a sentence at blanks.
func words(s string) []string { return strings.FieldsFunc(s, blank) }

// lower is Unicode's full mapping, which strings.ToLower is not: a sigma at the end of a word is ς, İ becomes i with a
// dot.
func lower(s string) string { return cases.Lower(language.Und).String(s) }
