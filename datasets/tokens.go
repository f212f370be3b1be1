package datasets

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// nextCharacter returns the first user-perceived character of s, a grapheme cluster (Unicode Standard Annex 29). An
// ASCII byte before another is one by itself, unless the two are \r\n.
func nextCharacter(s string) string {
	if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf && s[0] != '\r') {
		return s[:1]
	}
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(s, -1)
	return cluster
}

// nextWord returns the first token of s on the level of words: a word, a number or a punctuation mark by Unicode's
// word boundaries (Annex 29), together with one space before it; or else a single space, newline or other blank. The
// tokens of a text, joined, are the text.
func nextWord(s string) string {
	if s[0] != ' ' || len(s) == 1 || s[1] == ' ' || s[1] == '\n' || s[1] == '\t' {
		if s[0] == ' ' { // uniseg joins runs of spaces
			return s[:1]
		}
		word, _, _ := uniseg.FirstWordInString(s, -1)
		return word
	}
	word, _, _ := uniseg.FirstWordInString(s[1:], -1)
	return s[:1+len(word)]
}
