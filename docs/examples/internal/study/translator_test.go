package study

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// TestTranslatorReverses: from examples of words spelled backwards to words that it has not seen, and where it looks.
func TestTranslatorReverses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	var words, backwards [][]string
	seen := map[string]bool{}
	for len(words) < 700 {
		w := make([]string, 3+r.IntN(3))
		for i := range w {
			w[i] = string(rune('a' + r.IntN(5)))
		}
		if seen[strings.Join(w, "")] {
			continue
		}
		seen[strings.Join(w, "")] = true
		b := slices.Clone(w)
		slices.Reverse(b)
		words, backwards = append(words, w), append(backwards, b)
	}
	vocabulary, err := Vocabulary(words, 0)
	if err != nil {
		t.Fatal(err)
	}
	tr := NewTranslator(vocabulary, vocabulary, Size{Embedding: 16, Hidden: 48, Attention: recurrent.LuongGeneral}, 1)
	pairs, err := tr.Pairs(words, backwards)
	if err != nil {
		t.Fatal(err)
	}
	fit := Pairs{pairs.Source[:600], pairs.Target[:600]}
	check := Pairs{pairs.Source[600:], pairs.Target[600:]}
	if _, err := tr.Fit(Course{Epochs: 12, Batch: 20, Rate: 0.01, Seed: 1}, fit, check); err != nil {
		t.Fatal(err)
	}
	for _, beam := range []int{1, 3} {
		found, err := tr.Translate(decode.Search{Max: 10, Beam: beam}, check.Source)
		if err != nil {
			t.Fatal(err)
		}
		right := 0
		for i, h := range found {
			if slices.Equal(h.Tokens, check.Target[i]) {
				right++
			}
			if len(h.Attention) != len(h.Tokens) {
				t.Fatalf("attention for %d of %d tokens", len(h.Attention), len(h.Tokens))
			}
		}
		t.Logf("beam %d: %d of %d words", beam, right, len(found))
		if right < 95 {
			t.Errorf("beam %d: %d of %d words are reversed; want 95 or more", beam, right, len(found))
		}
	}
	letters, err := tr.Tokens(check.Target[0])
	if err != nil || !slices.Equal(letters, backwards[600]) {
		t.Errorf("tokens %v, error %v; want %v", letters, err, backwards[600])
	}
	if _, err := tr.Tokens([]int{vocabulary.Len()}); err == nil {
		t.Error("no error for an id that is no token's")
	}
}

// TestVocabulary: rare tokens become the unknown one, which has a place of its own.
func TestVocabulary(t *testing.T) {
	v, err := Vocabulary([][]string{{"a", "b", "a"}, {"b", "c"}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := Encode(v, [][]string{{"a", "c", "d"}})
	if err != nil {
		t.Fatal(err)
	}
	if v.Len() != 4+2 || ids[0][0] == ids[0][1] || ids[0][1] != ids[0][2] {
		t.Errorf("%d tokens, ids %v; want 4 special ones and 2, and one id for all others", v.Len(), ids)
	}
}
