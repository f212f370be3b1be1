package metric

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What sacreBLEU gives, and Python's lower case and blanks; see testdata/record_metrics.py.
type recorded struct {
	Cases  []scored
	Lower  [][2]string // a text, and its lower case
	Blanks string      // every rune that Python splits at
}

type scored struct {
	Hyp       []string
	Refs      [][]string // [set][sentence]
	BLEU      recordedBLEU
	BLEULower recordedBLEU `json:"bleu_lower"`
	BLEUNone  recordedBLEU `json:"bleu_none"`
	BLEUChar  recordedBLEU `json:"bleu_char"`
	ChrF      float64
	ChrFPlus  float64 `json:"chrf++"`
}

type recordedBLEU struct {
	Score float64
	Line  string
}

func readRecorded(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func TestTextMetricsAgainstSacreBLEU(t *testing.T) {
	var want recorded
	readRecorded(t, "sacrebleu.json", &want)
	if len(want.Cases) < 150 {
		t.Fatalf("%d cases", len(want.Cases))
	}
	for i, c := range want.Cases {
		add := func(f func(string, ...string) error) {
			t.Helper()
			for j, h := range c.Hyp {
				var refs []string
				for _, set := range c.Refs {
					refs = append(refs, set[j])
				}
				if err := f(h, refs...); err != nil {
					t.Fatal(err)
				}
			}
		}
		for name, b := range map[string]struct {
			metric *BLEU
			want   recordedBLEU
		}{
			"13a": {&BLEU{}, c.BLEU}, "lower": {&BLEU{Lowercase: true}, c.BLEULower},
			"none": {&BLEU{Tokenize: TokenizeNone}, c.BLEUNone}, "char": {&BLEU{Tokenize: TokenizeChar}, c.BLEUChar},
		} {
			add(b.metric.Add)
			got := b.metric.Score()
			if math.Abs(got.Score-b.want.Score) > 1e-9 || got.String() != b.want.Line {
				t.Errorf("case %d, %s: %s, sacreBLEU says %s", i, name, got, b.want.Line)
			}
		}
		plain, plus := &ChrF{}, &ChrF{Words: 2}
		add(plain.Add)
		add(plus.Add)
		if math.Abs(plain.Score()-c.ChrF) > 1e-9 || math.Abs(plus.Score()-c.ChrFPlus) > 1e-9 {
			t.Errorf("case %d: %v and %v, sacreBLEU says %g and %g", i, plain, plus, c.ChrF, c.ChrFPlus)
		}
	}
	if err := (&BLEU{Tokenize: "magic"}).Add("a", "b"); err == nil || !strings.Contains(err.Error(), `by "magic"`) {
		t.Errorf("error %v", err)
	}
	if (&BLEU{}).Add("a") == nil || (&ChrF{}).Add("a") == nil {
		t.Error("a hypothesis without a reference was accepted")
	}
	for _, order := range []int{-1, 7, math.MaxInt, math.MinInt} {
		m := &ChrF{Words: order}
		if err := m.Add("a", "b"); err == nil || !strings.Contains(err.Error(), "want 0 to 6") || m.Score() != 0 || m.String() == "" {
			t.Errorf("order %d: error %v, %s", order, err, m)
		}
	}
	changes := &ChrF{}
	if err := changes.Add("a b", "a b"); err != nil {
		t.Fatal(err)
	}
	changes.Words = 2
	if err := changes.Add("a b", "a b"); err == nil || !strings.Contains(err.Error(), "up to 2 after sentences with 0") {
		t.Errorf("error %v", err)
	}
}

// Lower case and blanks are Python's, letter by letter and in random words.
func TestLettersAreThoseOfPython(t *testing.T) {
	var want recorded
	readRecorded(t, "sacrebleu.json", &want)
	if len(want.Lower) < 400 || want.Blanks == "" {
		t.Fatal("nothing was recorded")
	}
	for _, c := range want.Lower {
		if got := lower(c[0]); got != c[1] {
			t.Errorf("%+q becomes %+q, want %+q", c[0], got, c[1])
		}
	}
	for r := range unicode.MaxRune + 1 {
		if got, want := blank(r), strings.ContainsRune(want.Blanks, r) && r != utf8.RuneError; got != want {
			t.Errorf("%U is a blank: %v, want %v", r, got, want)
		}
	}
}

// Distances against the recursive definition.
func TestEditDistance(t *testing.T) {
	var slow func(a, b []string) int
	slow = func(a, b []string) int {
		switch {
		case len(a) == 0:
			return len(b)
		case len(b) == 0:
			return len(a)
		case a[0] == b[0]:
			return slow(a[1:], b[1:])
		}
		return 1 + min(slow(a[1:], b), slow(a, b[1:]), slow(a[1:], b[1:]))
	}
	seed := uint64(1)
	random := func() []string {
		out := []string{}
		for seed = seed*6364136223846793005 + 1; seed>>33%6 != 0 && len(out) < 7; seed = seed*6364136223846793005 + 1 {
			out = append(out, string(rune('a'+seed>>40%3)))
		}
		return out
	}
	for range 500 {
		a, b := random(), random()
		want := slow(a, b)
		if got := EditDistance(a, b); got != want {
			t.Errorf("%v to %v: %d, want %d", a, b, got, want)
		}
		var hypothesis, reference []string
		mistakes := 0
		for _, e := range Edits(a, b) {
			if e.Kind != EditInsert {
				reference = append(reference, e.Reference)
			}
			if e.Kind != EditDelete {
				hypothesis = append(hypothesis, e.Hypothesis)
			}
			if (e.Kind == EditNone) != (e.Reference == e.Hypothesis) {
				t.Errorf("%v to %v: %+v", a, b, e)
			}
			if e.Kind != EditNone {
				mistakes++
			}
		}
		if mistakes != want || !slices.Equal(hypothesis, a) || !slices.Equal(reference, b) {
			t.Errorf("%v to %v: %+v, want %d mistakes", a, b, Edits(a, b), want)
		}
	}
}

func TestFormatEdits(t *testing.T) {
	show := func(hypothesis, reference string) string {
		return FormatEdits(Edits(words(hypothesis), words(reference)))
	}
	for want, got := range map[string]string{
		"reference   the *** cat sat\nhypothesis  the hat now sat\n                I   S\n": show("the hat now sat", "the cat sat"),
		"reference   một hai\nhypothesis  *** hai\n            D\n":                         show("hai", "một hai"),
		"reference\nhypothesis\n\n": show("", ""),
	} {
		if got != want {
			t.Errorf("found\n%swant\n%s", got, want)
		}
	}
}

func TestErrorRate(t *testing.T) {
	var words, letters, phonemes ErrorRate
	words.AddWords("the cat sat", "the cat sat down")
	words.AddWords("a b", "a b")
	if words.Deletions != 1 || words.Insertions != 0 || words.Substitutions != 0 {
		t.Errorf("%+v; want one word deleted", words)
	}
	if words.Rate() != 1.0/6 || words.SentenceRate() != 0.5 {
		t.Errorf("WER %g, %g of the sentences; want 1/6 and 1/2", words.Rate(), words.SentenceRate())
	}
	letters.AddCharacters("Tiê\u0301ng", "Tiếng") // decomposed: one character, though not the same bytes
	if letters.Length != 5 || letters.Edits != 1 {
		t.Errorf("%+v; want 1 edit in 5 characters", letters)
	}
	phonemes.Add([]string{"T", "OW"}, []string{"T", "AH", "M"}, []string{"T", "OW", "M"})
	if phonemes.Edits != 1 || phonemes.Length != 3 {
		t.Errorf("%+v; want the nearer reference", phonemes)
	}
	var none, inserted, right, nearer ErrorRate
	inserted.AddWords("a b", "")
	right.AddWords("", "")
	nearer.Add([]string{"x"}, nil, []string{"x", "y"})
	if none.Rate() != 0 || !math.IsInf(inserted.Rate(), 1) || inserted.Edits != 2 || right.Rate() != 0 || right.Wrong != 0 {
		t.Errorf("rates %g, %g and %g of %+v", none.Rate(), inserted.Rate(), right.Rate(), inserted)
	}
	if nearer.Edits != 1 || nearer.Length != 2 {
		t.Errorf("%+v; want half of the words wrong, not all of none", nearer)
	}
}

// A kind that a caller made up is shown as it is, and takes the room that it needs.
func TestFormatEditsOfOtherKinds(t *testing.T) {
	got := FormatEdits([]Edit{{Kind: "wrong", Reference: "a", Hypothesis: "b"}, {Kind: "S", Reference: "c", Hypothesis: "d"}})
	if want := "reference   a     c\nhypothesis  b     d\n            wrong S\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}
