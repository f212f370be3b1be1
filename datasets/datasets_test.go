package datasets_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/unroll-go/unroll/datasets"
)

func TestKingJames(t *testing.T) {
	c, err := datasets.KingJames()
	if err != nil {
		t.Fatal(err)
	}
	verses := 0
	for _, line := range strings.Split(c.Text, "\n") {
		if line != "" {
			verses++
		}
	}
	if verses != 31102 || !strings.HasPrefix(c.Text, "In the beginning God created") || c.Licence == "" {
		t.Error(verses, c.Licence, c.Text[:40])
	}
	v, err := datasets.Characters(c.Text)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := v.Encode(c.Text)
	if err != nil || len(ids) != len(c.Text) {
		t.Fatal(len(ids), len(c.Text), err)
	}
}

// shared opens a file of the measuring data that may lie beside the checkout.
func shared(t *testing.T, name string) datasets.Corpus {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skip("not there: ", name)
	}
	c, err := datasets.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRealTexts(t *testing.T) {
	for name, want := range map[string]struct{ characters, distinct int }{
		"tinyshakespeare/input.txt": {1115394, 65},
		"kieu/kieu.txt":             {104805, 129},
	} {
		t.Run(name, func(t *testing.T) {
			c := shared(t, name)
			v, err := datasets.Characters(c.Text)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := v.Encode(c.Text)
			if err != nil {
				t.Fatal(err)
			}
			if v.Len() != want.distinct || len(ids) != want.characters {
				t.Errorf("%d characters, %d distinct; want %+v", len(ids), v.Len(), want)
			}
			if back, err := v.Decode(ids); err != nil || back != c.Text {
				t.Error("decoding gives another text", err)
			}
		})
	}
}

func TestCharactersAreWhatReadersSee(t *testing.T) {
	for text, want := range map[string][]string{
		"Truyện":             {"T", "r", "u", "y", "ệ", "n"},
		"Truye\u0323\u0302n": {"T", "r", "u", "y", "ệ", "n"}, // the same, typed with combining marks
		"a\u0302\u0301b":     {"ấ", "b"},
		"👩‍🚀!":               {"👩‍🚀", "!"},
		"🇻🇳🇫🇷":               {"🇻🇳", "🇫🇷"},
		"x\u0303y":           {"x\u0303", "y"}, // no composed form exists
		"\u0301a":            {"\u0301", "a"},
		"a\r\nb\rc":          {"a", "\n", "b", "\r", "c"},
		"ngữ":                {"n", "g", "ữ"},
		"각":                  {"각"},
	} {
		v, err := datasets.Characters(text)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := v.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range ids {
			s, err := v.Token(id)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, s)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	text := "The cat, the dog.\nThe  bird's nest; 3.14 đẹp quá!\n"
	v, err := datasets.Words(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := v.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, id := range ids {
		s, _ := v.Token(id)
		got = append(got, s)
	}
	want := []string{"The", " cat", ",", " the", " dog", ".", "\n", "The", " ", " bird's", " nest", ";", " 3.14", " đẹp", " quá", "!", "\n"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if back, err := v.Decode(ids); err != nil || back != text {
		t.Errorf("%q %v", back, err)
	}
	small, err := datasets.Words("a a a a b b b c c d", 3)
	if err != nil {
		t.Fatal(err)
	}
	if small.Len() != 3 {
		t.Error(small.Len())
	}
	ids, err = small.Encode(" a b zebra a")
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := small.Decode(ids); text != " a b<unk> a" {
		t.Errorf("%q", text)
	}
}

func TestVocabularyJSON(t *testing.T) {
	v, err := datasets.Characters("Kiều \"\\\n\u2028")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	w := new(datasets.Vocabulary)
	if err := json.Unmarshal(saved, w); err != nil {
		t.Fatal(err)
	}
	a, _ := v.Encode("ềK\n")
	b, _ := w.Encode("ềK\n")
	if !slices.Equal(a, b) || w.Kind() != datasets.Character || w.Len() != v.Len() {
		t.Error(a, b)
	}
	for want, bad := range map[string]string{
		`kind "x"`:                     `{"kind":"x","tokens":["a"]}`,
		"at least one token":           `{"kind":"character","tokens":[]}`,
		`tokens 0 and 1 of`:            `{"kind":"character","tokens":["a","a"]}`,
		"token 1 of the vocabulary is": `{"kind":"character","tokens":["a",""]}`,
		"token 0 of a word vocabulary": `{"kind":"word","tokens":["a"]}`,
		"vocabulary:":                  `{"kind":`,
	} {
		if err := new(datasets.Vocabulary).UnmarshalJSON([]byte(bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestRead(t *testing.T) {
	c, err := datasets.Read(strings.NewReader("\ufeffa\r\ne\u0301"), "x")
	if err != nil || c.Text != "a\né" {
		t.Errorf("%q %v", c.Text, err)
	}
	for want, text := range map[string]string{
		"x is empty": "",
		"x is not UTF-8: byte 0xff at offset 5, line 2": "ab\ncd\xff",
	} {
		if _, err := datasets.Read(strings.NewReader(text), "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, err := datasets.ReadFile(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("an absent file was read")
	}
	v, err := datasets.Characters("abc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Encode("abx"); err == nil || !strings.Contains(err.Error(), `character "x", number 3 of the text`) {
		t.Error(err)
	}
	if _, err := v.Decode([]int{0, 3}); err == nil || !strings.Contains(err.Error(), "id 3; the vocabulary has 0 to 2") {
		t.Error(err)
	}
	if _, err := datasets.Characters(""); err == nil {
		t.Error("a vocabulary of nothing")
	}
	if _, err := datasets.Words("", 0); err == nil {
		t.Error("a vocabulary of nothing")
	}
}

// Every target is the next input of its lane, lanes follow the text, and no more is left out than promised.
func TestWindows(t *testing.T) {
	for _, c := range []struct{ n, T, B int }{{2, 1, 1}, {100, 7, 3}, {101, 10, 10}, {1000, 1, 300}, {999, 50, 4}, {64, 9, 7}} {
		ids := make([]int, c.n)
		for i := range ids {
			ids[i] = i
		}
		w, err := datasets.NewWindows(ids, c.T, c.B)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		last := make([]int, c.B) // the last target of each lane
		for k := 0; w.Next(); k++ {
			if w.Position() != k+1 {
				t.Fatal(w.Position(), k)
			}
			for i, id := range w.Inputs {
				b := i % c.B
				if w.Targets[i] != id+1 || k+i/c.B > 0 && id != last[b] {
					t.Fatalf("%+v: window %d, place %d: input %d, target %d, last target %d", c, k, i, id, w.Targets[i], last[b])
				}
				last[b] = w.Targets[i]
				seen++
			}
		}
		if seen != w.Len()*c.T*c.B || c.n-seen > c.B*c.T+c.B {
			t.Errorf("%+v: %d of %d tokens in %d windows", c, seen, c.n, w.Len())
		}
		want := slices.Clone(w.Inputs)
		if err := w.Seek(w.Len() - 1); err != nil || !w.Next() || !slices.Equal(w.Inputs, want) || w.Next() {
			t.Error("Seek to the last window gives another", err)
		}
		if w.Seek(w.Len()+1) == nil || w.Seek(-1) == nil {
			t.Error("Seek past the ends was accepted")
		}
		if err := w.Seek(0); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(1, func() { w.Next() }); n != 0 {
			t.Error(n, "allocations")
		}
	}
	for want, f := range map[string]func() error{
		"need 7 tokens, found 6": func() error { _, err := datasets.NewWindows(make([]int, 6), 3, 2); return err },
		"0 steps":                func() error { _, err := datasets.NewWindows(make([]int, 6), 0, 2); return err },
		"train fraction 1":       func() error { _, _, err := datasets.Split(make([]int, 6), 1); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	a, b, err := datasets.Split([]int{1, 2, 3, 4, 5}, 0.8)
	if err != nil || !slices.Equal(a, []int{1, 2, 3, 4}) || !slices.Equal(b, []int{5}) {
		t.Error(a, b, err)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"Kiều", "a\u0301\r\n👩‍🚀", " \t  x, y", "\u200d\ufe0f", "\ufeff\ufeffa"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		normal := datasets.Normalize(text)
		if normal == "" {
			return
		}
		for _, make := range []func(string) (*datasets.Vocabulary, error){datasets.Characters,
			func(s string) (*datasets.Vocabulary, error) { return datasets.Words(s, 0) }} {
			v, err := make(text)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := v.Encode(text)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := v.Decode(ids); err != nil || back != normal {
				t.Fatalf("%q came back as %q, %v", normal, back, err)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	c, err := datasets.KingJames()
	if err != nil {
		b.Fatal(err)
	}
	v, err := datasets.Characters(c.Text)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(c.Text)))
	for b.Loop() {
		if _, err := v.Encode(c.Text); err != nil {
			b.Fatal(err)
		}
	}
}
