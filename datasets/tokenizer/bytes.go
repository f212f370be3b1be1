package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Byte-level tokenizers write each byte as a printable character: the printable ones of Latin-1 as themselves, the others as
// U+0100 and so on, in their order (Radford et al., 2019).
var (
	byteRunes [256]rune
	runeBytes = map[rune]byte{}
)

func init() {
	others := rune(256)
	for b := range 256 {
		byteRunes[b] = rune(b)
		if !('!' <= b && b <= '~' || 0xa1 <= b && b <= 0xac || 0xae <= b) {
			byteRunes[b] = others
			others++
		}
		runeBytes[byteRunes[b]] = byte(b)
	}
}

func printable(s string) string {
	var out strings.Builder
	for i := range len(s) {
		out.WriteRune(byteRunes[s[i]])
	}
	return out.String()
}

// fromPrintable returns the bytes of a token; one with a character that stands for no byte is a text.
func fromPrintable(s string) string {
	var out strings.Builder
	for _, r := range s {
		b, ok := runeBytes[r]
		if !ok {
			return s
		}
		out.WriteByte(b)
	}
	return out.String()
}

// lossy puts one U+FFFD in the place of each longest beginning of a character that does not end as one, as Unicode recommends.
func lossy(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r != utf8.RuneError || n > 1 {
			out.WriteString(s[:n])
			s = s[n:]
			continue
		}
		out.WriteRune(utf8.RuneError)
		for n = 1; n < 4 && n < len(s) && begins(s[:n+1]); n++ {
		}
		s = s[n:]
	}
	return out.String()
}

// begins tells whether bytes are the beginning of a character, without its end.
func begins(s string) bool {
	for _, rest := range []string{"\x80", "\xbf", "\x80\x80", "\xbf\xbf"} {
		if utf8.ValidString(s + rest) {
			return true
		}
	}
	return false
}
