package train

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// What sacreBLEU gives, see testdata/record_metrics.py.
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

func TestTextMetricsAgainstSacreBLEU(t *testing.T) {
	data, err := os.ReadFile("testdata/sacrebleu.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []scored
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
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
		if got, want := EditDistance(a, b), slow(a, b); got != want {
			t.Errorf("%v to %v: %d, want %d", a, b, got, want)
		}
	}
}

func TestErrorRate(t *testing.T) {
	var words, letters, phonemes ErrorRate
	words.AddWords("the cat sat", "the cat sat down")
	words.AddWords("a b", "a b")
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
	var empty ErrorRate
	empty.Add([]string{"x"}, nil)
	if empty.Edits != 1 || empty.Rate() != 0 {
		t.Errorf("%+v, rate %g", empty, empty.Rate())
	}
}
