package spans_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/train/metric/spans"
)

// recorded is what seqeval says of some sentences, see testdata/record.py.
type recorded struct {
	Scheme           string
	Truth, Predicted [][]string
	Spans            [][][]any
	StrictSpans      [][][]any `json:"strict_spans"`
	Default, Strict  *figures
}

type figures struct {
	Precision, Recall, F1  []float64
	Support                []int
	Micro, Macro, Weighted [3]float64
}

func TestScoreIsSeqevals(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "seqeval.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	strictOnes := 0
	for _, c := range all {
		scheme, err := spans.Named(c.Scheme)
		if err != nil {
			t.Fatal(err)
		}
		for i, tags := range c.Truth {
			strict, err := scheme.Spans(tags)
			if err != nil {
				t.Fatal(err)
			}
			strictOnes += len(strict)
			if got, want := listed(strict), said(c.StrictSpans[i]); got != want {
				t.Errorf("%s, %q: strict spans %s, want %s", c.Scheme, tags, got, want)
			}
			if c.Spans != nil {
				if got, want := listed(spans.Lenient(tags)), said(c.Spans[i]); got != want {
					t.Errorf("%q: spans %s, want %s", tags, got, want)
				}
			}
		}
		for strict, want := range map[bool]*figures{true: c.Strict, false: c.Default} {
			if want != nil {
				s := spans.NewScore(scheme, strict)
				for i := range c.Truth {
					if err := s.Add(c.Truth[i], c.Predicted[i]); err != nil {
						t.Fatal(err)
					}
				}
				compare(t, s, want)
			}
		}
	}
	if len(all) < 240 || strictOnes < 400 {
		t.Errorf("%d cases with %d spans", len(all), strictOnes)
	}
}

func listed(list []spans.Span) string {
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "%s %d-%d ", v.Type, v.Start, v.End)
	}
	return b.String()
}

func said(list [][]any) string {
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "%v %v-%v ", v...)
	}
	return b.String()
}

func compare(t *testing.T, s *spans.Score, want *figures) {
	t.Helper()
	kinds := s.Types()
	if len(kinds) != len(want.Support) {
		t.Fatalf("types %q, want %d", kinds, len(want.Support))
	}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	for i, kind := range kinds {
		near("precision", s.Precision(kind), want.Precision[i])
		near("recall", s.Recall(kind), want.Recall[i])
		near("F1", s.F1(kind), want.F1[i])
		if s.Support(kind) != want.Support[i] {
			t.Errorf("support of %s: %d, want %d", kind, s.Support(kind), want.Support[i])
		}
	}
	for _, v := range []struct {
		name string
		got  spans.Average
		want [3]float64
	}{{"micro", s.Micro(), want.Micro}, {"macro", s.Macro(), want.Macro}, {"weighted", s.Weighted(), want.Weighted}} {
		near(v.name+" precision", v.got.Precision, v.want[0])
		near(v.name+" recall", v.got.Recall, v.want[1])
		near(v.name+" F1", v.got.F1, v.want[2])
	}
}

// marking are the schemes that mark spans.
var marking = []spans.Scheme{spans.IOB1, spans.IOB2, spans.BIOES, spans.BILOU}

// random draws spans that do not overlap among n words.
func random(r *rand.Rand, n int) (out []spans.Span) {
	for at := 0; at < n; {
		length := 1 + r.IntN(4)
		if end := at + length; r.IntN(2) == 0 && end <= n {
			out = append(out, spans.Span{Type: []string{"PER", "LOC", "_"}[r.IntN(3)], Start: at, End: end})
		}
		at += length
	}
	return out
}

func TestConversion(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		n := r.IntN(12)
		list := random(r, n)
		for _, from := range marking {
			tags, err := from.Tags(list, n)
			if err != nil {
				t.Fatal(err)
			}
			if f := from.Check([][]string{tags}); f.Count > 0 {
				t.Fatalf("%v wrote %q: %v", from, tags, f)
			}
			strict, err := from.Spans(tags)
			// seqeval's pattern of IOB1 finds no span that a B of another type follows.
			if err != nil || from != spans.IOB1 && !slices.Equal(strict, list) {
				t.Fatalf("%v of %q: %v, want %v", from, tags, strict, list)
			}
			if got := spans.Lenient(tags); !slices.Equal(got, list) {
				t.Fatalf("%v: %q read as %v, want %v", from, tags, got, list)
			}
			for _, to := range marking {
				got, err := from.Convert(to, tags)
				if err != nil {
					t.Fatal(err)
				}
				want, _ := to.Tags(list, n)
				if !slices.Equal(got, want) {
					t.Fatalf("%v to %v: %q gave %q, want %q", from, to, tags, got, want)
				}
			}
		}
	}
}

// A transition is allowed if and only if some marked sentence has it.
func TestFollowsIsWhatTagsWrite(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range marking {
		seen := map[[2]string]bool{}
		for range 20000 {
			n := 1 + r.IntN(8)
			tags, err := s.Tags(random(r, n), n)
			if err != nil {
				t.Fatal(err)
			}
			tags = append(append([]string{""}, tags...), "")
			for i := 1; i < len(tags); i++ {
				seen[[2]string{tags[i-1], tags[i]}] = true
			}
		}
		all := []string{"", "O"}
		for _, letter := range "BIESLU" {
			all = append(all, string(letter), string(letter)+"-PER", string(letter)+"-LOC")
		}
		for _, a := range all {
			for _, b := range all {
				if (a != "" || b != "") && s.Follows(a, b) != seen[[2]string{a, b}] {
					t.Errorf("%v: %q then %q: allowed %v, seen %v", s, a, b, s.Follows(a, b), seen[[2]string{a, b}])
				}
			}
		}
	}
}

func TestRecognize(t *testing.T) {
	for _, c := range []struct {
		tags string
		want spans.Scheme
	}{
		{"B-PER I-PER O B-PER", spans.IOB2},
		{"I-PER I-PER O B-PER", spans.IOB2}, // one fault either way
		{"I-PER I-PER O I-LOC", spans.IOB1},
		{"I-PER B-PER O", spans.IOB1},
		{"B-PER O", spans.IOB2},
		{"B-PER E-PER O", spans.BIOES},
		{"S-PER", spans.BIOES},
		{"U-PER O", spans.BILOU},
		{"B-PER L-PER", spans.BILOU},
		{"B I O", spans.IOB2},
		{"O O", spans.None},
		{"", spans.None},
		{"NOUN VERB O", spans.None},
		{"S-PER U-PER", spans.None},
		{"B- O", spans.None},
		{"-LRB- B-PER", spans.None},
	} {
		if got := spans.Recognize([][]string{strings.Fields(c.tags)}); got != c.want {
			t.Errorf("%q: %v, want %v", c.tags, got, c.want)
		}
	}
	if got := spans.Recognize(nil); got != spans.None {
		t.Error(got)
	}
}

func TestCheck(t *testing.T) {
	f := spans.BIOES.Check([][]string{{"O"}, {"B-X", "E-X", "I-X"}, {"B-X"}})
	want := spans.Faults{Count: 3, Sentence: 1, Word: 2, Before: "E-X", After: "I-X"}
	if f != want || f.String() != "3 impossible transitions, the first from E-X to I-X, at word 3 of sentence 2" {
		t.Errorf("%+v %v", f, f)
	}
	if f := spans.IOB2.Check([][]string{{"I-X"}}); f.String() != "1 impossible transitions, the first from the beginning to I-X, at word 1 of sentence 1" {
		t.Error(f)
	}
	if f := spans.BIOES.Check([][]string{{"B-X"}}); f.After != "" || f.Word != 1 || !strings.Contains(f.String(), "to the end") {
		t.Error(f)
	}
	if f := spans.None.Check([][]string{{"whatever"}}); f.Count != 0 || f.String() != "no faults" {
		t.Error(f)
	}
}

func TestRefusals(t *testing.T) {
	for name, err := range map[string]error{
		`"tags"; want one of none, iob1`: second(spans.Named("tags")),
		`tag 1 is "E-X", which iob2`:     second(spans.IOB2.Spans([]string{"O", "E-X"})),
		`tag 0 is "", which iob2`:        second(spans.IOB2.Convert(spans.BIOES, []string{""})),
		"none marks no spans":            second(spans.None.Tags(nil, 1)),
		"{X 1 3} among 2 words":          second(spans.IOB2.Tags([]spans.Span{{Type: "X", Start: 1, End: 3}}, 2)),
		"word 1 is in two spans":         second(spans.IOB2.Tags([]spans.Span{{"X", 0, 2}, {"Y", 1, 2}}, 2)),
		"-1 words":                       second(spans.IOB2.Tags(nil, -1)),
		"2 tags for 1 words":             spans.NewScore(spans.IOB2, true).Add([]string{"O"}, []string{"O", "O"}),
		`tag 0 is "Q", which bilou`:      spans.NewScore(spans.BILOU, true).Add([]string{"O"}, []string{"Q"}),
		"want one that NewScore made":    (&spans.Score{}).Add(nil, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
	if s := spans.Scheme(9); s.String() != "unknown" || !s.Follows("a", "b") {
		t.Error(s)
	}
	if got := second(spans.Scheme(-1).Spans([]string{"B-X"})); got != nil {
		t.Error(got)
	}
}

func second[T any](_ T, err error) error { return err }

func ExampleScore() {
	s := spans.NewScore(spans.IOB2, true)
	_ = s.Add([]string{"B-PER", "I-PER", "O", "B-LOC"}, []string{"B-PER", "I-PER", "O", "O"})
	fmt.Print(s)
	// Output:
	//                precision  recall     F1  support
	// LOC                0.000   0.000  0.000        1
	// PER                1.000   1.000  1.000        1
	// all spans          1.000   0.500  0.667        2
	// mean of types      0.500   0.500  0.500        2
}

func ExampleScheme_Convert() {
	tags, _ := spans.IOB1.Convert(spans.BIOES, []string{"I-PER", "I-PER", "B-PER", "O", "I-LOC"})
	fmt.Println(tags)
	// Output: [B-PER E-PER S-PER O S-LOC]
}
