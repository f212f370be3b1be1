package datasets_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

const conll2003 = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\n# NN O O\n\n-DOCSTART- -X- O O\n\nPeter  NNP\tB-NP B-PER"

func TestCoNLL(t *testing.T) {
	s := datasets.CoNLL{}.Read(strings.NewReader(conll2003), "x")
	var words, tags [][]string
	var lines []int
	for s.Next() {
		words, tags, lines = append(words, s.Column(0)), append(tags, s.Column(-1)), append(lines, s.Line())
	}
	if s.Err() != nil || s.Next() ||
		!reflect.DeepEqual(words, [][]string{{"EU", "rejects"}, {"#"}, {"Peter"}}) ||
		!reflect.DeepEqual(tags, [][]string{{"B-ORG", "O"}, {"O"}, {"B-PER"}}) || !reflect.DeepEqual(lines, []int{3, 7, 11}) {
		t.Errorf("%q %q %v %v", words, tags, lines, s.Err())
	}
	s = datasets.CoNLL{Separator: "\t", Comment: "# "}.Read(strings.NewReader("# id 1\nNew York\tB\n#\t\n"), "x")
	if !s.Next() || !reflect.DeepEqual(s.Column(0), []string{"New York", "#"}) || !reflect.DeepEqual(s.Column(1), []string{"B", ""}) || s.Line() != 2 {
		t.Error(s.Err())
	}
	if s.Column(2); s.Err() == nil {
		t.Error("a column too many")
	}
	for text, want := range map[string]string{
		"a b\nc\n":            "x, line 2: 1 columns; want 2 as in the first line",
		"a b\n\nc d e\n":      "x, line 3: 3 columns; want 2",
		"a b\naaaa bbbb\nc d": "x, line 2: a sentence of more than 10 bytes, from line 1 on",
	} {
		s := datasets.CoNLL{MaxSentence: 10}.Read(strings.NewReader(text), "x")
		for s.Next() {
		}
		wantError(t, s.Err(), want)
	}
	if _, err := (datasets.CoNLL{}).Open("absent"); err == nil {
		t.Error("a file that is not there")
	}
}

func ExampleCoNLL() {
	sentences := datasets.CoNLL{}.Read(strings.NewReader("EU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\n"), "train.txt")
	for sentences.Next() {
		fmt.Println(sentences.Column(0), sentences.Column(-1))
	}
	fmt.Println(sentences.Err())
	// Output:
	// [EU rejects] [B-ORG O]
	// [Peter] [B-PER]
	// <nil>
}

func FuzzCoNLL(f *testing.F) {
	for _, s := range []string{conll2003, "a\tb\r\r\n\rc d", "\n\n", "-DOCSTART-", "a\n\xff", "\v"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, tabs bool) {
		bounded(t, len(s), func() {
			c := datasets.CoNLL{MaxSentence: 1 << 10}
			if tabs {
				c.Separator = "\t"
			}
			r := c.Read(strings.NewReader(s), "input")
			line := 0
			for r.Next() {
				if len(r.Column(0)) == 0 || len(r.Column(0)) != len(r.Column(-1)) || r.Line() <= line {
					t.Fatalf("%q in line %d, after %d", r.Column(0), r.Line(), line)
				}
				line = r.Line()
			}
			wantPlace(t, r.Err())
		})
	})
}
