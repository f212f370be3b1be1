package datasets_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/unroll-go/unroll/datasets"
	"golang.org/x/text/unicode/norm"
)

func TestRealTexts(t *testing.T) {
	for name, want := range map[string]struct{ characters, distinct int }{
		"tinyshakespeare/input.txt": {1115394, 65},
		"kieu/kieu.txt":             {104805, 129},
	} {
		t.Run(name, func(t *testing.T) {
			c := shared(t, name)
			v := characters(t, c.Text)
			ids := encode(t, v, c.Text)
			if v.Len() != want.distinct || len(ids) != want.characters {
				t.Errorf("%d characters, %d distinct; want %+v", len(ids), v.Len(), want)
			}
			if !slices.Equal(encode(t, v, norm.NFD.String(c.Text)), ids) {
				t.Error("decomposed (NFD), it has other ids")
			}
			for _, v := range []*datasets.Vocabulary{v, words(t, c.Text, 0)} {
				if back, err := v.Decode(encode(t, v, c.Text)); err != nil || back != c.Text {
					t.Error(v.Kind(), "decoding gives another text", err)
				}
			}
		})
	}
}

func TestCharactersAreWhatReadersSee(t *testing.T) {
	for text, want := range map[string][]string{
		"Truyện":                {"T", "r", "u", "y", "ệ", "n"},
		"Truye\u0323\u0302n":    {"T", "r", "u", "y", "ệ", "n"}, // the same, typed with combining marks
		"a\u0302\u0301b":        {"ấ", "b"},
		"👩‍🚀!":                  {"👩‍🚀", "!"},
		"👩‍👩‍👧‍👦👍🏽":             {"👩‍👩‍👧‍👦", "👍🏽"},
		"🇻🇳🇫🇷🇻":                 {"🇻🇳", "🇫🇷", "🇻"},
		"x\u0303y":              {"x\u0303", "y"}, // no composed form exists
		"\u0301a":               {"\u0301", "a"},  // a mark with nothing to sit on
		"\n\u0301":              {"\n", "\u0301"},
		" \u0301":               {" \u0301"},
		"a\r\nb\rc":             {"a", "\n", "b", "\r", "c"},
		"ngữ":                   {"n", "g", "ữ"},
		"\u1100\u1161\u11a8":    {"각"},
		"e":                     {"e"},
		"a\x00b":                {"a", "\x00", "b"},
		"\ufffd":                {"\ufffd"}, // valid UTF-8, whatever damaged it before
		strings.Repeat("ก็", 2): {"ก็", "ก็"},
		"\u200d":                {"\u200d"},
		"Đ\u00ad":               {"Đ", "\u00ad"},
		"1\ufe0f\u20e3":         {"1\ufe0f\u20e3"},
	} {
		if got := tokens(t, characters(t, text), text); !slices.Equal(got, want) {
			t.Errorf("%+q: %+q, want %+q", text, got, want)
		}
	}
}

func TestComposedAndDecomposedAreOne(t *testing.T) {
	text := "Trăm năm trong cõi người ta, Truyện Kiều"
	composed, decomposed := norm.NFC.String(text), norm.NFD.String(text)
	if composed == decomposed {
		t.Fatal("nothing to compare")
	}
	for _, build := range []func(string) *datasets.Vocabulary{
		func(s string) *datasets.Vocabulary { return characters(t, s) },
		func(s string) *datasets.Vocabulary { return words(t, s, 0) },
	} {
		a, b := build(composed), build(decomposed)
		ids := encode(t, a, composed)
		for _, other := range [][]int{encode(t, a, decomposed), encode(t, b, composed), encode(t, b, decomposed)} {
			if !slices.Equal(ids, other) {
				t.Errorf("%s: %v and %v", a.Kind(), ids, other)
			}
		}
	}
}

func TestIDsAreInTheOrderPromised(t *testing.T) {
	v := characters(t, "bệ a\nB")
	want := []string{"\n", " ", "B", "a", "b", "ệ"}
	for id, token := range want {
		if got, err := v.Token(id); err != nil || got != token {
			t.Errorf("character %d is %q, want %q", id, got, token)
		}
	}
	w := words(t, "b b a b. c a b", 0)
	want = []string{datasets.Unknown, " " + datasets.Unknown, " b", " a", " c", ".", "b"}
	for id, token := range want {
		if got, err := w.Token(id); err != nil || got != token {
			t.Errorf("word %d is %q, want %q", id, got, token)
		}
	}
	if v.Len() != 6 || w.Len() != len(want) || v.Kind() != datasets.Character || w.Kind() != datasets.Word {
		t.Error(v.Len(), w.Len(), v.Kind(), w.Kind())
	}
	if _, ok := v.ID("z"); ok {
		t.Error("z has an id")
	}
}

func TestWords(t *testing.T) {
	text := "The cat, the dog.\nThe  bird's nest; 3.14 đẹp quá!\n"
	want := []string{"The", " cat", ",", " the", " dog", ".", "\n", "The", " ", " bird's", " nest", ";", " 3.14", " đẹp", " quá", "!", "\n"}
	if got := tokens(t, words(t, text, 0), text); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	blanks := "a \tb \r c \u00a0d  \n e "
	want = []string{"a", " ", "\t", "b", " ", "\r", " c", " ", "\u00a0", "d", " ", " ", "\n", " e", " "}
	if got := tokens(t, words(t, blanks, 0), blanks); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Pieces are what the ids stand for, one each, and joined they are the text, with the words that are not known.
func TestPieces(t *testing.T) {
	const text = "the cat isn't the café's:  a dog\n"
	v, err := datasets.Words("the cat the cat", 4)
	if err != nil {
		t.Fatal(err)
	}
	c, err := datasets.Characters(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []*datasets.Vocabulary{v, c} {
		pieces := v.Pieces(text)
		ids, err := v.Encode(text)
		if err != nil || len(ids) != len(pieces) || strings.Join(pieces, "") != text {
			t.Fatalf("%d pieces %q for %d ids, %v", len(pieces), pieces, len(ids), err)
		}
		for i, id := range ids {
			if token, _ := v.Token(id); token != pieces[i] && !strings.Contains(token, datasets.Unknown) {
				t.Errorf("piece %d is %q, its token %q", i, pieces[i], token)
			}
		}
	}
	labels, err := datasets.Labels([]string{"a", "b"})
	if got := labels.Pieces(" b  a"); err != nil || len(got) != 2 || got[0] != "b" {
		t.Errorf("%q, %v", got, err)
	}
	if got := new(datasets.Vocabulary).Pieces(""); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestUnknownWords(t *testing.T) {
	v := words(t, "a a a a b b b c c d", 4) // <unk>, " <unk>", " a", " b"; the first a, without a space, is rare
	if v.Len() != 4 {
		t.Error(v.Len())
	}
	ids := encode(t, v, " a b zebra a!")
	if want := []int{2, 3, 1, 2, 0}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	if text, err := v.Decode(ids); err != nil || text != " a b <unk> a<unk>" {
		t.Errorf("%q %v", text, err)
	}
	// The text of the unknown token is not the unknown token.
	v = words(t, "<unk> <unk>", 0)
	if ids := encode(t, v, "<unk> <unk>"); slices.Contains(ids, 0) || slices.Contains(ids, 1) {
		t.Error(ids)
	}
	for _, limit := range []int{-1, 1} {
		_, err := datasets.Words("a b", limit)
		wantError(t, err, "want 2 or more, or 0 for none")
	}
}

func TestVocabularyRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":           "empty text",
		"\ufeff":     "empty text",
		"ab\nc\xffd": "not UTF-8: byte 0xff at offset 4, line 2",
	} {
		_, err := datasets.Characters(text)
		wantError(t, err, want)
		_, err = datasets.Words(text, 0)
		wantError(t, err, want)
	}
	v := characters(t, "abc\n")
	for text, want := range map[string]string{
		"abx":           `character "x", number 3 of the text, in line 1, is not`,
		"a\r\nb\n\nệab": `character "ệ", number 6 of the text, in line 4, is not`,
		"a\u0303":       `character "ã", number 1 of`, // no hiding behind a letter that is known
		"c\u0303":       `number 1 of`,
		"a\xe1":         "not UTF-8: byte 0xe1 at offset 1, line 1",
	} {
		ids, err := v.Encode(text)
		wantError(t, err, want)
		if ids != nil {
			t.Error("an error, and ids")
		}
	}
	for id, want := range map[int]string{
		-1: "id -1, number 2 of those to decode; the vocabulary has 4 tokens",
		4:  "id 4, number 2 of those",
	} {
		_, err := v.Decode([]int{0, id})
		wantError(t, err, want)
		_, err = v.Token(id)
		wantError(t, err, "the vocabulary has 4 tokens, counted from 0")
	}
	zero := new(datasets.Vocabulary)
	_, err := zero.Encode("a")
	wantError(t, err, "empty vocabulary")
	_, err = zero.Token(0)
	wantError(t, err, "has 0 tokens")
	if ids := encode(t, v, ""); len(ids) != 0 {
		t.Error(ids)
	}
}

// FuzzRoundTrip checks that a vocabulary of a text gives it back, from memory and from its saved form, and that the
// normalised text has the ids of the text.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"Kiều", "a\u0301\r\n👩‍🚀", " \t  x, y", "\u200d\ufe0f", "\ufeff\ufeffa", "a\r\r\nb", "don't <unk> 3.14",
		"a" + strings.Repeat("\u0301", 70), "\u0344", "\u2028 \u00a0", "\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal := datasets.Normalize(text)
		if !utf8.ValidString(text) || normal == "" {
			_, err := datasets.Characters(text)
			_, err2 := datasets.Words(text, 0)
			if err == nil || err2 == nil {
				t.Fatalf("a vocabulary of %q", text)
			}
			return
		}
		for _, v := range []*datasets.Vocabulary{characters(t, text), words(t, text, 0)} {
			ids := encode(t, v, text)
			if back, err := v.Decode(ids); err != nil || back != normal {
				t.Fatalf("%+q came back as %+q, %v", normal, back, err)
			}
			if again := encode(t, v, normal); !slices.Equal(ids, again) {
				t.Fatalf("%+q: %v, normalised %v", text, ids, again)
			}
			if v.Kind() == datasets.Word && slices.Contains(ids, 0) {
				t.Fatalf("%+q has an unknown word", text)
			}
			if loaded := saveAndLoad(t, v); !slices.Equal(ids, encode(t, loaded, text)) {
				t.Fatalf("%+q has other ids after loading", text)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	c := kingJames(b)
	for _, v := range []*datasets.Vocabulary{characters(b, c.Text), words(b, c.Text, 0)} {
		b.Run(v.Kind(), func(b *testing.B) {
			b.SetBytes(int64(len(c.Text)))
			b.ReportAllocs()
			for b.Loop() {
				encode(b, v, c.Text)
			}
		})
	}
}
