package datasets_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

const smallTreebank = "# sent_id = 1\n# text = I eat\n1\tI\t_\tPRON\tPRP\tCase=Nom\t2\tnsubj\t_\t_\n2\teat\t_\tVERB\t_\t_\t0\troot\t_\t_\n\n" +
	"1\tNo\t_\tINTJ\t_\t_\t0\troot\t_\t_\n"

func tagged(words, tags string, line int) datasets.TaggedSentence {
	return datasets.TaggedSentence{Line: line, Words: strings.Fields(words), Tags: strings.Fields(tags)}
}

func TestTagged(t *testing.T) {
	small := []datasets.TaggedSentence{tagged("I eat", "PRON VERB", 3), tagged("No", "INTJ", 6)}
	for _, c := range []struct {
		name, text     string
		how            datasets.Tagged
		format, column string
		want           []datasets.TaggedSentence
	}{
		{"a.conllu", smallTreebank, datasets.Tagged{}, "conllu", "upos", small},
		{"a.txt", smallTreebank, datasets.Tagged{}, "conllu", "upos", small},
		{"a.txt", "\ufeff" + strings.ReplaceAll(smallTreebank, "\n", "\r\n"), datasets.Tagged{}, "conllu", "upos", small},
		{"a.conllu", smallTreebank, datasets.Tagged{Column: "feats"}, "conllu", "feats",
			[]datasets.TaggedSentence{tagged("I eat", "Case=Nom _", 3), tagged("No", "_", 6)}},
		{"a.txt", smallTreebank, datasets.Tagged{Format: "tsv", Words: "2", Column: "8"}, "tsv", "8", nil},
		{"a.txt", conll2003, datasets.Tagged{}, "conll", "4",
			[]datasets.TaggedSentence{tagged("EU rejects", "B-ORG O", 3), tagged("#", "O", 7), tagged("Peter", "B-PER", 11)}},
		{"a.txt", conll2003, datasets.Tagged{Column: "2"}, "conll", "2",
			[]datasets.TaggedSentence{tagged("EU rejects", "NNP VBZ", 3), tagged("#", "NN", 7), tagged("Peter", "NNP", 11)}},
		{"a.txt", conll2003, datasets.Tagged{Column: "last", Words: "2"}, "conll", "4",
			[]datasets.TaggedSentence{tagged("NNP VBZ", "B-ORG O", 3), tagged("NN", "O", 7), tagged("NNP", "B-PER", 11)}},
		{"a.tsv", "New York\tB\nis\tO\n\n#\tO", datasets.Tagged{}, "tsv", "2",
			[]datasets.TaggedSentence{{1, []string{"New York", "is"}, []string{"B", "O"}}, tagged("#", "O", 4)}},
		{"a.txt", "{\"tokens\": [\"a b\", \"c\"], \"ner_tags\": [3, \"O\"]}\n{\"tokens\": [], \"ner_tags\": []}\n", datasets.Tagged{}, "jsonl", "ner_tags",
			[]datasets.TaggedSentence{{1, []string{"a b", "c"}, []string{"3", "O"}}}},
		{"a.jsonl", `{"w": ["a"], "t": ["X"]}`, datasets.Tagged{Words: "w", Column: "t"}, "jsonl", "t", []datasets.TaggedSentence{tagged("a", "X", 1)}},
		{"a.txt", "a\nb\n\nc\n", datasets.Tagged{Untagged: true}, "conll", "", []datasets.TaggedSentence{{1, []string{"a", "b"}, nil}, {4, []string{"c"}, nil}}},
		{"a.jsonl", `{"words": ["a"]}`, datasets.Tagged{Untagged: true}, "jsonl", "", []datasets.TaggedSentence{{1, []string{"a"}, nil}}},
		{"a.conllu", "1\tNo\t_\t_\t_\t_\t0\troot\t_\t_\n", datasets.Tagged{Untagged: true}, "conllu", "", []datasets.TaggedSentence{{1, []string{"No"}, nil}}},
	} {
		got, err := c.how.Read(strings.NewReader(c.text), c.name)
		if c.want == nil { // a comment has no tab
			wantError(t, err, "a.txt, line 3: 10 columns; want 1 as in the first line")
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got.Format != c.format || got.Column != c.column || !reflect.DeepEqual(got.Sentences, c.want) {
			t.Errorf("%q: %s, column %s, %+v; want %s, %s, %+v", c.text, got.Format, got.Column, got.Sentences, c.format, c.column, c.want)
		}
	}
}

func TestTaggedRefuses(t *testing.T) {
	for _, c := range []struct {
		text, want string
		how        datasets.Tagged
	}{
		{"", "a.txt has no tagged words: want CoNLL-U", datasets.Tagged{}},
		{"\n\n", "a.txt has no tagged words", datasets.Tagged{}},
		{"-DOCSTART- O\n\n", "a.txt has no sentences", datasets.Tagged{Format: "conll"}},
		{"one\nword\n", "a.txt has one column; want words and tags", datasets.Tagged{}},
		{"a b\nc\n", "a.txt, line 2: 1 columns; want 2", datasets.Tagged{}},
		{"a b\n", `a.txt has 2 columns; want the column of the tags as a number from 1 to 2, or last, found "3"`, datasets.Tagged{Column: "3"}},
		{"a b\n", `column of the words as a number from 1 to 2, or last, found "upos"`, datasets.Tagged{Words: "upos"}},
		{"a b\n", "words and tags are both column 1", datasets.Tagged{Column: "1"}},
		{"a\t\n", `a.txt, line 1: the word "a" has no tag in column 2`, datasets.Tagged{}},
		{"a\tb\n\tc\n", "a.txt, line 2: a word is empty", datasets.Tagged{}},
		{smallTreebank, `column "lemma" of CoNLL-U; want upos, xpos or feats`, datasets.Tagged{Column: "lemma"}},
		{smallTreebank, `CoNLL-U has a column for its words; want none given, found "2"`, datasets.Tagged{Words: "2"}},
		{"1\tNo\t_\t_\t_\t_\t0\troot\t_\t_\n", "the column upos is empty; want upos, xpos or feats", datasets.Tagged{}},
		{`{"a": 1}`, "line 1: no field tokens, words for the words; there are a", datasets.Tagged{}},
		{`{"tokens": ["a"], "x": 1}`, "no field tags, ner_tags, pos_tags, labels for the tags; there are tokens, x", datasets.Tagged{}},
		{`{"tokens": ["a"], "x": 1}`, "no field y for the tags", datasets.Tagged{Column: "y", Untagged: true}},
		{`{"tokens": ["a"], "tags": []}`, `1 words in "tokens", 0 tags in "tags"`, datasets.Tagged{}},
		{`{"tokens": "a b", "tags": []}`, `field "tokens" is "a b"; want a list of texts`, datasets.Tagged{}},
		{`{"tokens": [""], "tags": ["O"]}`, `field "tokens" has "" as number 1; want a text`, datasets.Tagged{}},
		{`{"tokens": ["a"], "tags": [null]}`, `field "tags" has null as number 1`, datasets.Tagged{}},
		{"{\"tokens\": [\"a\"], \"tags\": [\"O\"]}\n{}", `line 2: field "tokens" is missing`, datasets.Tagged{}},
		{"\x00\xff\xfe\x01", "not UTF-8", datasets.Tagged{}},
		{"a b\n", `the format "csv" of tagged words; want one of conllu, conll, tsv, jsonl`, datasets.Tagged{Format: "csv"}},
	} {
		_, err := c.how.Read(strings.NewReader(c.text), "a.txt")
		wantError(t, err, c.want)
	}
	if _, err := (datasets.Tagged{}).Open(filepath.Join(t.TempDir(), "absent")); !os.IsNotExist(causeOf(err)) {
		t.Error(err)
	}
	if _, err := (datasets.Tagged{}).Read(nil, "nothing"); err == nil {
		t.Error("a reader that is nil")
	}
}

// causeOf is the innermost error.
func causeOf(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

func ExampleTagged() {
	file, err := datasets.Tagged{}.Read(strings.NewReader("EU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\n"), "train.txt")
	if err != nil {
		panic(err)
	}
	fmt.Println(file.Format, "column", file.Column, file.Sentences[0].Words, file.Sentences[0].Tags)
	// Output: conll column 3 [EU rejects] [B-ORG O]
}

func FuzzTagged(f *testing.F) {
	for _, s := range []string{smallTreebank, conll2003, "a\tb\r\n\r\n", `{"tokens": ["a"], "tags": [1]}`, "{", "\xff\xfea\x00"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, untagged bool) {
		got, err := datasets.Tagged{Untagged: untagged, MaxSentence: 1 << 10}.Read(strings.NewReader(s), "input")
		if err != nil {
			wantPlace(t, err)
			return
		}
		for _, one := range got.Sentences {
			if len(one.Words) == 0 || one.Tags != nil && len(one.Tags) != len(one.Words) || one.Tags == nil && !untagged {
				t.Fatalf("%q and %q", one.Words, one.Tags)
			}
		}
	})
}
