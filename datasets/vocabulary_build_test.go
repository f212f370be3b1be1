package datasets_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

func listOf(t testing.TB, v *datasets.Vocabulary) []string {
	t.Helper()
	var list []string
	for id := range v.Len() {
		token, err := v.Token(id)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, token)
	}
	return list
}

func TestBuilderCountsAcrossTexts(t *testing.T) {
	for _, c := range []struct {
		b     datasets.VocabularyBuilder
		texts []string
		want  []string
	}{
		{datasets.VocabularyBuilder{}, []string{"ba", "ac"}, []string{"a", "b", "c"}},
		{datasets.VocabularyBuilder{MinCount: 2}, []string{"ba", "acc"}, []string{"a", "c"}},
		{datasets.VocabularyBuilder{Limit: 2}, []string{"zba", "azz"}, []string{"a", "z"}},
		{datasets.VocabularyBuilder{Kind: datasets.Word, MinCount: 2}, []string{"x y", "x y z", "q y"}, []string{"<unk>", " <unk>", " y", "x"}},
		{datasets.VocabularyBuilder{Kind: datasets.Label}, []string{"HH AH0 L OW1", " AH0\tL\nAH0"}, []string{"AH0", "L", "HH", "OW1"}},
		{datasets.VocabularyBuilder{Kind: datasets.Label, MinCount: 2, Limit: 1}, []string{"a b b a a c"}, []string{"a"}},
	} {
		for _, text := range c.texts {
			if err := c.b.Add(text); err != nil {
				t.Fatal(err)
			}
		}
		v, err := c.b.Vocabulary()
		if err != nil {
			t.Fatal(err)
		}
		if got := listOf(t, v); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.texts, got, c.want)
		}
	}
	for want, b := range map[string]datasets.VocabularyBuilder{
		`kind "syllable"`:       {Kind: "syllable"},
		"limit of 1 words":      {Kind: datasets.Word, Limit: 1},
		"limit of -1":           {Limit: -1},
		"minimum count of -2":   {MinCount: -2},
		"at least one token":    {MinCount: 9},
		"want 1 or more, or 0 ": {Kind: datasets.Label, Limit: -5},
	} {
		if err := b.Add("a b"); err != nil {
			t.Fatal(err)
		}
		_, err := b.Vocabulary()
		wantError(t, err, want)
	}
	var b datasets.VocabularyBuilder
	_, err := b.Vocabulary()
	wantError(t, err, "empty text")
	wantError(t, b.Add("\xff"), "not UTF-8")
	wantError(t, b.AddTokens("a", ""), "is empty")
}

func TestSpecials(t *testing.T) {
	ws, err := words(t, "the cat the", 0).WithSpecials()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := listOf(t, ws), []string{"<pad>", "<unk>", "<s>", "</s>", " <unk>", " cat", " the", "the"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	ids := encode(t, ws, "the dog; the")
	if want := []int{7, 4, 1, 6}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	if text, err := ws.Decode(append([]int{2}, append(ids, 3, 0, 0)...)); err != nil || text != "the <unk><unk> the" {
		t.Errorf("%q %v", text, err)
	}
	chars, err := characters(t, "ab").WithSpecials()
	if err != nil {
		t.Fatal(err)
	}
	if ids := encode(t, chars, "abc<pad>"); !slices.Equal(ids, []int{4, 5, 1, 1, 1, 4, 1, 1}) {
		t.Error(ids)
	}
	if again, err := chars.WithSpecials(); err != nil || again.Len() != chars.Len() {
		t.Error("specials twice", err)
	}
	for _, v := range []*datasets.Vocabulary{ws, chars} {
		saved := saveAndLoad(t, v)
		if !slices.Equal(listOf(t, saved), listOf(t, v)) || !slices.Equal(encode(t, saved, "qa the"), encode(t, v, "qa the")) {
			t.Error("another vocabulary after loading")
		}
	}
	wantError(t, json.Unmarshal([]byte(`{"kind":"label","specials":true,"tokens":["a"]}`), new(datasets.Vocabulary)), "does not begin with the special tokens")
	plain, err := datasets.Labels([]string{"<pad>"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = plain.WithSpecials()
	wantError(t, err, `both "<pad>"`)
}

func TestLabels(t *testing.T) {
	v, err := datasets.Labels([]string{"Vie\u0302\u0323t", "New York", "B"})
	if err != nil {
		t.Fatal(err)
	}
	if v.Kind() != datasets.Label || !slices.Equal(encode(t, v, "B \n Việt"), []int{2, 0}) {
		t.Error(v.Kind(), listOf(t, v))
	}
	if ids, err := v.EncodeTokens([]string{"New York", "Vi\u1ec7t"}); err != nil || !slices.Equal(ids, []int{1, 0}) {
		t.Error(ids, err)
	}
	if text, err := v.Decode([]int{2, 1}); err != nil || text != "B New York" {
		t.Error(text, err)
	}
	_, err = v.EncodeTokens([]string{"B", "C"})
	wantError(t, err, `token 1, "C", is not in the vocabulary`)
	_, err = v.Encode("B C")
	wantError(t, err, `"C"`)
	_, err = datasets.Labels(nil)
	wantError(t, err, "at least one token")
	_, err = datasets.Labels([]string{"a", "a"})
	wantError(t, err, `both "a"`)
	if got := saveAndLoad(t, v); got.Kind() != datasets.Label || got.Len() != 3 {
		t.Error(got.Kind())
	}
}

// Vocabularies saved before there was a token for unknown words with a space before them work as they did.
func TestOldWordVocabulary(t *testing.T) {
	v := new(datasets.Vocabulary)
	if err := json.Unmarshal([]byte(`{"kind":"word","tokens":["<unk>"," a","b"]}`), v); err != nil {
		t.Fatal(err)
	}
	if ids := encode(t, v, "b a zebra"); !slices.Equal(ids, []int{2, 1, 0}) {
		t.Error(ids)
	}
}
