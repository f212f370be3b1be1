package datasets

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A byte-level tokenizer's files are JSON and so cannot hold any byte as it is. GPT-2 (Radford et al., 2019) writes each
// byte as a printable character: the printable ones of Latin-1 as themselves, the 68 others as U+0100, U+0101, ... in
// their order. A space is Ġ, a newline Ċ.
var (
	byteRunes [256]rune
	runeBytes = map[rune]byte{}
	alphabet  []byte // all bytes, by their characters
)

func init() {
	others := rune(256)
	var late []byte
	for b := range 256 {
		printable := '!' <= b && b <= '~' || 0xa1 <= b && b <= 0xac || 0xae <= b
		if printable {
			byteRunes[b] = rune(b)
			alphabet = append(alphabet, byte(b))
		} else {
			byteRunes[b] = others
			others++
			late = append(late, byte(b))
		}
		runeBytes[byteRunes[b]] = byte(b)
	}
	alphabet = append(alphabet, late...)
}

// toPrintable writes bytes as a tokenizer's file has them.
func toPrintable(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(byteRunes[s[i]])
	}
	return b.String()
}

// fromPrintable returns the bytes of a token in a tokenizer's file. A token with a character that stands for no byte is
// no sequence of bytes but a text, as added tokens may be.
func fromPrintable(s string) (bytes string, ok bool) {
	var b strings.Builder
	for _, r := range s {
		c, ok := runeBytes[r]
		if !ok {
			return s, false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// The classes of characters that cut a text into words for byte-pair encoding.
const (
	otherClass = iota
	letterClass
	numberClass
	spaceClass
)

var asciiClass = func() (class [utf8.RuneSelf]uint8) {
	for r := range rune(utf8.RuneSelf) {
		class[r] = runeClass(r)
	}
	return class
}()

func runeClass(r rune) uint8 {
	switch {
	case unicode.IsLetter(r):
		return letterClass
	case unicode.IsNumber(r):
		return numberClass
	case unicode.IsSpace(r):
		return spaceClass
	}
	return otherClass
}

// classAt returns the class and the length of the character at s[i:].
func classAt(s string, i int) (class uint8, size int) {
	if c := s[i]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return runeClass(r), n
}

// nextPiece returns the length of the first piece of s, which is not empty: what GPT-2's regular expression
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// matches there. Its alternatives cover every text, so pieces, joined, are the text.
func nextPiece(s string) int {
	if n := contraction(s); n > 0 {
		return n
	}
	start := 0
	if s[0] == ' ' && len(s) > 1 {
		start = 1 // a space goes with what follows, unless that is a blank
	}
	class, size := classAt(s, start)
	if class == spaceClass {
		return blanks(s)
	}
	end := start + size
	for end < len(s) {
		c, n := classAt(s, end)
		if c != class {
			break
		}
		end += n
	}
	return end
}

// contraction returns the length of the English ending at the start of s: 's 't 'm 'd 're 've 'll.
func contraction(s string) int {
	if s[0] != '\'' || len(s) < 2 {
		return 0
	}
	switch s[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(s) > 2 {
		switch s[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

// blanks returns the length of a run of white space at the start of s, without its last character if something follows
// and the run is longer than that: the last may be the space that goes with the next word.
func blanks(s string) int {
	end, last := 0, 0
	for end < len(s) {
		c, n := classAt(s, end)
		if c != spaceClass {
			if end > last {
				return end - last
			}
			return end
		}
		end += n
		last = n
	}
	return end
}
