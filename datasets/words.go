package datasets

import (
	"regexp"
	"strings"
)

// wordOrMark is a word, with what follows an apostrophe a word of its own, or one mark.
var wordOrMark = regexp.MustCompile(`['’]?[\p{L}\p{M}\p{N}]+|[^\s\p{Z}]`)

// CutWords cuts a text, after normalising it, into its words and marks, without the blanks between them: "I'm sure!" into
// I, 'm, sure and !. Few sentences are enough to learn such words from: I'm and you're share theirs with I and you. A
// Vocabulary of kind Word keeps the blanks instead, so that Decode gives the text back; JoinWords only guesses where they
// were.
func CutWords(text string) []string { return wordOrMark.FindAllString(Normalize(text), -1) }

// closed are the marks, and the words behind an apostrophe, that have no blank before them; opening those that have none
// after.
var (
	closed  = regexp.MustCompile(` ([.,;:?!…)\]}»”%]|['’]\pL)`)
	opening = regexp.MustCompile(`([(\[{«“¿¡]) `)
)

// JoinWords writes words and marks as a sentence: with blanks between, but none before a mark that closes something, nor
// after one that opens something.
func JoinWords(words []string) string {
	return opening.ReplaceAllString(closed.ReplaceAllString(strings.Join(words, " "), "$1"), "$1")
}
