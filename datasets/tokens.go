package datasets

import (
	"unicode"
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
	if s[0] != ' ' {
		return s[:wordLength(s)]
	}
	if r, _ := utf8.DecodeRuneInString(s[1:]); len(s) == 1 || unicode.IsSpace(r) {
		return s[:1] // one by one: Annex 29 would join runs of spaces
	}
	return s[:1+wordLength(s[1:])]
}

// wordLength returns the bytes up to the first word boundary after the start of s, which begins with no space. Most
// words are ASCII with ASCII behind them, and need no look at the tables of Unicode.
func wordLength(s string) int {
	n := 0
	for n < len(s) && joinsWords(s[n]) {
		n++
	}
	if n > 0 && endsWord(s[n:]) {
		return n
	}
	if n == 0 && s[0] < utf8.RuneSelf && s[0] != '\r' && (len(s) == 1 || s[1] < utf8.RuneSelf) {
		return 1 // punctuation
	}
	word, _, _ := uniseg.FirstWordInString(s, -1)
	return len(word)
}

// joinsWords says whether an ASCII byte is a letter, a digit or an underscore: no boundary is between any two of them
// (rules WB5, WB8 to WB10, WB13a and WB13b).
func joinsWords(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_'
}

// endsWord says whether a word of ASCII surely ends before rest. It does not before a combining mark (WB4), nor before
// a mark as in don't or 3.14 (WB6, WB7, WB11, WB12); those cases are left to the tables.
func endsWord(rest string) bool {
	if rest == "" {
		return true
	}
	switch rest[0] {
	case '\'', '.', ',', ':', ';':
		return len(rest) == 1 || rest[1] < utf8.RuneSelf && !joinsWords(rest[1])
	}
	return rest[0] < utf8.RuneSelf
}
