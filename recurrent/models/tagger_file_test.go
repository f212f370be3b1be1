package models

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/testutil"
)

// savedTagger writes a new tagger, and reads what its file has.
func savedTagger(t *testing.T, c TagConfig) ([]graph.Named, map[string]string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tagger")
	if err := newTags(t, Config{Tag: c, Layers: 2}).Save(path); err != nil {
		t.Fatal(err)
	}
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	return list, metadata
}

// sensibleOfTags are values of the next test that a tagger's configuration may have, beside those of all kinds.
var sensibleOfTags = map[string]string{
	"tags": `"word"`, "tag_format": `"word"`, "tag_column": `"word"`, "word_column": `"word"`, "file_scheme": `"word"`,
	"softmax": "true", // the weights of a CRF, which nobody reads then, do no harm
}

// Every field of a configuration, made wrong in every way, gives an error that names the file and the field; in little
// memory.
func TestConfigurationOfATaggerIsInput(t *testing.T) {
	for _, config := range []TagConfig{{}, {Characters: SpellingConv}} {
		list, metadata := savedTagger(t, config)
		for _, field := range jsonNames(reflect.TypeFor[taggerFields]()) {
			for _, value := range []string{"-5", "0", "1000000000", "100000000000000", "1e300", "null", `"word"`, "true", "[]", "{}", "1.5"} {
				own := maps.Clone(metadata)
				own[taggerKey] = testutil.WithField(t, own[taggerKey], field, value)
				const path = "some.safetensors"
				var err error
				used := testutil.Allocated(func() { _, err = parseFile(path, list, own) })
				fine := strings.Fields(sensible[field] + " " + sensibleOfTags[field])
				switch {
				case slices.Contains(fine, value):
					if err != nil {
						t.Errorf("%s %s: %v", field, value, err)
					}
				case err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(strings.TrimPrefix(err.Error(), path), field):
					t.Errorf("%s %s: %v; want an error that names the file and the field", field, value, err)
				}
				if used > 16<<20 {
					t.Errorf("%s %s: loading took %d MiB", field, value, used>>20)
				}
			}
		}
	}
}

func TestDamagedTaggers(t *testing.T) {
	entry := func(key, value string) func([]graph.Named, map[string]string) []graph.Named {
		return func(list []graph.Named, metadata map[string]string) []graph.Named {
			metadata[key] = value
			return list
		}
	}
	without := func(name string) func([]graph.Named, map[string]string) []graph.Named {
		return func(list []graph.Named, _ map[string]string) []graph.Named {
			return slices.DeleteFunc(list, func(t graph.Named) bool { return t.Name == name })
		}
	}
	config := func(field, value string) func([]graph.Named, map[string]string) []graph.Named {
		return func(list []graph.Named, metadata map[string]string) []graph.Named {
			metadata[taggerKey] = testutil.WithField(t, metadata[taggerKey], field, value)
			return list
		}
	}
	for _, c := range []struct {
		want string
		edit func([]graph.Named, map[string]string) []graph.Named
	}{
		{"is no model of this library", entry(taggerKey, "")},
		{"its tagger is null", entry(taggerKey, "null")},
		{"its words is null", entry(wordsKey, "null")},
		{"its characters cannot be read", entry(charactersKey, "")},
		{"its words have no <unk> as number 1", entry(wordsKey, `{"kind":"label","tokens":["a","b"]}`)},
		{"its words are of kind character and its characters of kind character; want label and character",
			entry(wordsKey, `{"kind":"character","specials":true,"tokens":["<pad>","<unk>","<s>","</s>","a"]}`)},
		{"its configuration has vocabulary 5, its weights embedding.weight have the shape",
			entry(wordsKey, `{"kind":"label","specials":true,"tokens":["<pad>","<unk>","<s>","</s>","a"]}`)},
		{"its configuration has characters 5, its weights characters.weight have the shape",
			entry(charactersKey, `{"kind":"character","specials":true,"tokens":["<pad>","<unk>","<s>","</s>","a"]}`)},
		{`its tags have "O" before "B-X"; want each once, in order`, entry(tagsKey, `["O","B-X","I-X"]`)},
		{`its tags are ["O"]; want two at least`, entry(tagsKey, `["O"]`)},
		{"its tags have one that is empty", entry(tagsKey, `["","a","b"]`)},
		{"its configuration has tags 2, its weights head.bias have the shape [3]", entry(tagsKey, `["a","b"]`)},
		{"the weights characters.weight are missing", without("characters.weight")},
		{"the weights crf.transitions are missing", without("crf.transitions")},
		{"its weights do not fit its configuration", without("crf.end_transitions")},
		{"its weights do not fit its configuration", without("spelling.weight_hh_l0_reverse")},
		{"its weights do not fit its configuration", config("one_way", "true")},
		{"the weights spelling.bias are missing", config("characters", `"conv"`)},
		{"its configuration has layers 2, its weights are those of 1", without("rnn.weight_ih_l1")},
	} {
		list, metadata := savedTagger(t, TagConfig{})
		path := filepath.Join(t.TempDir(), "damaged")
		if err := graph.WriteSafetensors(path, c.edit(list, metadata), metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}
