package pretrained

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/tokenizer"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// small is a tiny Mamba with a tokenizer of 20 tokens.
func small(t *testing.T) *Model {
	t.Helper()
	m, err := Load(filepath.Join("testdata", "models", "mamba"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Tokenizer(); err == nil {
		t.Error("a folder without a tokenizer has one")
	}
	k, err := tokenizer.Load(filepath.Join("testdata", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetTokenizer(k); err != nil {
		t.Fatal(err)
	}
	return m
}

// Texts repeat with their seed, end where they should, and go on from a state as if there had been no break.
func TestGenerate(t *testing.T) {
	m := small(t)
	o := Generation{Length: 30, Seed: 3, Endless: true}
	one, err := m.Generate(context.Background(), "the rest", o)
	if err != nil || one == "" {
		t.Fatal(one, err)
	}
	var pieces strings.Builder
	o.Each = func(p string) error { pieces.WriteString(p); return nil }
	two, err := m.Generate(context.Background(), "the rest", o)
	if err != nil || two != one || pieces.String() != one {
		t.Errorf("%q, then %q in pieces %q, %v", one, two, pieces.String(), err)
	}
	s, err := m.Stream()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ReadText("the r"); err != nil {
		t.Fatal(err)
	}
	o.Each = nil
	if three, err := s.Generate(context.Background(), "est", o); err != nil || three != one {
		t.Errorf("in two parts: %q, %v; want %q", three, err, one)
	}
	ids, err := m.tokenizer.Encode(one)
	if err != nil {
		t.Fatal(err)
	}
	m.ends = ids[4:5] // a token that comes
	ended, err := m.Generate(context.Background(), "the rest", Generation{Length: 30, Seed: 3})
	if err != nil || len(ended) >= len(one) || !strings.HasPrefix(one, ended) {
		t.Errorf("%q, %v: it did not end where %q has token %d", ended, err, one, ids[4])
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Generate(done, "a", o); err == nil {
		t.Error("a generation that was called off went on")
	}
	if _, err := m.Generate(context.Background(), "a", Generation{Length: -1}); err == nil {
		t.Error("a negative length was taken")
	}
	if _, err := new(Model).Generate(context.Background(), "a", o); err == nil {
		t.Error("a model that was never loaded generates")
	}
}

// What Score says of a text is what the logits say, token by token.
func TestScore(t *testing.T) {
	m := small(t)
	const text = "the rest is noise. the end is near. and so on and on."
	list, err := m.Score([]string{text, "t"})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := m.tokenizer.Prompt(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Stream()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, id := range ids[:len(ids)-1] {
		logits, err := s.Read(id)
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for _, v := range logits {
			total += math.Exp(float64(v))
		}
		sum += math.Log(total) - float64(logits[ids[i+1]])
	}
	if l := list[0]; l.Tokens != len(ids)-1 || math.Abs(-l.LogProb()-sum) > 1e-4*sum || l.Bytes != len(text) {
		t.Errorf("%+v; want %d tokens, %g nats", l, len(ids)-1, sum)
	}
	if list[1].Tokens != 1 {
		t.Errorf("a text of one token after the first: %+v", list[1])
	}
	likely, err := m.Generate(context.Background(), "the rest", Generation{Length: 3, Endless: true, Sampler: decode.Sampler{Greedy: true}})
	if err != nil {
		t.Fatal(err)
	}
	if l, err := m.Ending("the rest", likely); err != nil || !l.Greedy {
		t.Errorf("%q is not what the model would write: %+v %v", likely, l, err)
	}
	if l, err := m.Ending("the rest", " uuuu"); err != nil || l.Greedy || l.Tokens < 4 {
		t.Errorf("an unlikely ending: %+v %v", l, err)
	}
	if err := m.SetWeightFormat(graph.Int8Weights); err != nil {
		t.Fatal(err)
	}
	rounded, err := m.Score([]string{text})
	if err != nil || rounded[0].Loss == list[0].Loss || math.Abs(rounded[0].Loss-list[0].Loss) > 0.3 {
		t.Errorf("with weights of 8 bits: %g %v; before %g", rounded[0].Loss, err, list[0].Loss)
	}
}

// What goes on after a text gets no space before it, as this tokenizer puts one before a text; after a special token, a
// text begins.
func TestTextsGoOn(t *testing.T) {
	m := small(t)
	data, err := os.ReadFile(filepath.Join("..", "..", "datasets", "tokenizer", "testdata", "unigram.json"))
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct{ Tokenizer json.RawMessage }
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	k, err := tokenizer.Parse(recorded.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetTokenizer(k); err != nil {
		t.Fatal(err)
	}
	begun, err := k.Encode("fox")
	if err != nil {
		t.Fatal(err)
	}
	goes, err := k.Continue("fox")
	if err != nil || slices.Equal(begun, goes) {
		t.Fatalf("%v and %v, %v; want two ways", begun, goes, err)
	}
	special := k.Specials()[0]
	for last, want := range map[int][]int{special: begun, 19: goes} {
		s, err := m.Stream()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(last); err != nil {
			t.Fatal(err)
		}
		if got, err := s.next("fox"); err != nil || !slices.Equal(got, want) {
			t.Errorf("after token %d: %v, %v; want %v", last, got, err, want)
		}
	}
}
