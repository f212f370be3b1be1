package datasets

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// slowCharacters and slowWords cut a text by uniseg alone, in one pass from its start, with the state that it carries.

func slowCharacters(text string) (out []string) {
	for g := uniseg.NewGraphemes(text); g.Next(); {
		out = append(out, g.Str())
	}
	return out
}

func slowWords(text string) (out []string) {
	for state := -1; len(text) > 0; {
		var w string
		w, text, state = uniseg.FirstWordInString(text, state)
		out = append(out, w)
	}
	return out
}

func cut(text string, next func(string) string) (out []string) {
	for len(text) > 0 {
		t := next(text)
		out, text = append(out, t), text[len(t):]
	}
	return out
}

// withoutBlanks cuts words at their blanks, and drops these: they alone are cut otherwise than Annex 29 says, which
// joins runs of them.
func withoutBlanks(words []string) (out []string) {
	for _, w := range words {
		out = append(out, strings.FieldsFunc(w, unicode.IsSpace)...)
	}
	return out
}

func checkCuts(t *testing.T, text string) {
	t.Helper()
	if got, want := cut(text, nextCharacter), slowCharacters(text); !slices.Equal(got, want) {
		t.Fatalf("characters of %+q: %+q, want %+q", text, got, want)
	}
	got := cut(text, nextWord)
	if strings.Join(got, "") != text {
		t.Fatalf("the words of %+q, joined, are another text: %+q", text, got)
	}
	if want := slowWords(text); !slices.Equal(withoutBlanks(got), withoutBlanks(want)) {
		t.Fatalf("words of %+q: %+q, want %+q", text, got, want)
	}
	for _, w := range got {
		if nextWord(w) != w {
			t.Fatalf("the word %+q of %+q is cut again when alone", w, text)
		}
	}
}

// pieces are what the rules of Annex 29 tell apart.
var pieces = []string{"a", "Z", "7", "_", "'", ".", ",", ":", ";", "\"", "!", "-", " ", "  ", "\t", "\n", "\r", "\r\n", "\x00", "\x7f",
	"é", "ệ", "\u0301", "\u0323", "\u200d", "\u200c", "\ufe0f", "\u00ad", "\u00a0", "\u2028", "\u3000", "\u2019", "\u00b7", "\u203f",
	"א", "ב", "ア", "字", "ก", "ำ", "각", "\u1100", "\u1161", "\u11a8", "न", "ि", "\u094d", "🇻", "🇳", "👩", "🚀", "🏽", "\u0600", "\u034f"}

func TestFastPathsCutAsUnicodeSays(t *testing.T) {
	for _, a := range pieces {
		for _, b := range pieces {
			for _, c := range pieces {
				checkCuts(t, a+b+c)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			// Half of them ASCII, or the fast paths would hardly be taken.
			b.WriteString(pieces[r.IntN([]int{20, len(pieces)}[r.IntN(2)])])
		}
		checkCuts(t, b.String())
	}
}

func FuzzCuts(f *testing.F) {
	for _, s := range []string{"don't 3.14 a.b", "x: y;z", "a\u0301 b'\u0301c", "👩‍🚀 🇻🇳🇫🇷", "snake_case' s,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) {
			checkCuts(t, text)
		}
	})
}
