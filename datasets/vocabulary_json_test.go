package datasets_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

func saveAndLoad(t *testing.T, v *datasets.Vocabulary) *datasets.Vocabulary {
	t.Helper()
	saved, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	loaded := new(datasets.Vocabulary)
	if err := json.Unmarshal(saved, loaded); err != nil {
		t.Fatalf("%s: %v", saved, err)
	}
	return loaded
}

func TestVocabularyJSON(t *testing.T) {
	text := "Kiều \"\\\n\u2028<&>\x00\x7f👩‍🚀x\u0303\ufffd"
	for _, v := range []*datasets.Vocabulary{characters(t, text), words(t, text, 0)} {
		w := saveAndLoad(t, v)
		if w.Kind() != v.Kind() || w.Len() != v.Len() {
			t.Error(w.Kind(), w.Len())
		}
		if a, b := encode(t, v, text), encode(t, w, text); !slices.Equal(a, b) {
			t.Error(a, b)
		}
	}
	saved, err := json.Marshal(characters(t, "b\na"))
	if want := `{"kind":"character","tokens":["\n","a","b"]}`; err != nil || string(saved) != want {
		t.Errorf("%s, %v; want %s", saved, err, want)
	}
}

func TestVocabularyJSONRefuses(t *testing.T) {
	for bad, want := range map[string]string{
		`{"kind":"x","tokens":["a"]}`:                       `kind "x"`,
		`{"tokens":["a"]}`:                                  `kind ""`,
		`{"kind":"character"}`:                              "at least one token",
		`{"kind":"character","tokens":[]}`:                  "at least one token",
		`{"kind":"character","tokens":["a","b","a"]}`:       `tokens 0 and 2 of the vocabulary are both "a"`,
		`{"kind":"character","tokens":["a",""]}`:            "token 1 of the vocabulary is empty",
		`{"kind":"character","tokens":["a",null]}`:          "token 1 of the vocabulary is empty",
		`{"kind":"character","tokens":["e\u0301"]}`:         "token 0 of the vocabulary, \"e\\u0301\", is not in normalisation form C",
		`{"kind":"character","tokens":["\ud800","\ud801"]}`: "tokens 0 and 1", // halves of surrogates are all U+FFFD
		`{"kind":"word","tokens":["a"]}`:                    `token 0 of a word vocabulary is "a"; want "<unk>"`,
		`{"kind":"character","tokens":[1]}`:                 "vocabulary: json",
		`{"kind":"character","tokens":{"a":0}}`:             "vocabulary: json",
		`{"kind":`:                                          "vocabulary:",
		`[]`:                                                "vocabulary: json",
		`null`:                                              `kind ""`,
	} {
		v := characters(t, "xyz")
		wantError(t, v.UnmarshalJSON([]byte(bad)), want)
		if ids := encode(t, v, "zyx"); !slices.Equal(ids, []int{2, 1, 0}) {
			t.Errorf("%s was refused, but it changed the vocabulary", bad)
		}
	}
}

func FuzzVocabularyJSON(f *testing.F) {
	f.Add([]byte(`{"kind":"character","tokens":["\n","a","ệ"]}`))
	f.Add([]byte(`{"kind":"word","tokens":["<unk>"," a","."]}`))
	f.Add([]byte(`{"kind":"word","tokens":["<unk>","<unk>"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v := new(datasets.Vocabulary)
		if v.UnmarshalJSON(data) != nil {
			return
		}
		w := saveAndLoad(t, v)
		for id := range v.Len() {
			a, err := v.Token(id)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := w.Token(id); err != nil || a != b {
				t.Fatalf("token %d: %q and %q, %v", id, a, b, err)
			}
			if back, ok := v.ID(a); !ok || back != id {
				t.Fatalf("token %d, %q, has the id %d", id, a, back)
			}
		}
	})
}
