package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// begun is what became of a weight.
func begun(t *testing.T, list []Begun, name string) Begun {
	t.Helper()
	i := slices.IndexFunc(list, func(b Begun) bool { return b.Name == name })
	if i < 0 {
		t.Fatalf("nothing of %s in %+v", name, list)
	}
	return list[i]
}

// Labels that both know keep their rows of the head, whatever their order; all that does not depend on them is kept.
func TestBeginWithOtherLabels(t *testing.T) {
	from := smallClassifier(t, Config{Tokens: "word"}) // bad, good, so
	to, err := NewClassifierOf(from.Config(), from.Tokenizer(), []string{"good", "awful", "so"})
	if err != nil {
		t.Fatal(err)
	}
	if err := to.draw(); err != nil {
		t.Fatal(err)
	}
	fresh := slices.Clone(to.params.Get("head.weight").Value().Float32s())
	list, err := Begin(to, from)
	if err != nil {
		t.Fatal(err)
	}
	if b := begun(t, list, "head.weight"); b.Kept != 2 || b.Rows != 3 || b.Whole() {
		t.Errorf("%+v", b)
	}
	if b := begun(t, list, "embedding.weight"); !b.Whole() {
		t.Errorf("%+v", b)
	}
	width := len(fresh) / 3
	had, has := from.params.Get("head.weight").Value().Float32s(), to.params.Get("head.weight").Value().Float32s()
	for i, want := range [][]float32{fresh[:width], had[width : 2*width], had[2*width:]} { // awful, good, so
		if !slices.Equal(has[i*width:(i+1)*width], want) {
			t.Errorf("row %d of the head is %v; want %v", i, has[i*width:(i+1)*width], want)
		}
	}
	same, err := NewClassifierOf(from.Config(), from.Tokenizer(), from.Labels())
	if err != nil {
		t.Fatal(err)
	}
	list, err = Begin(same, from)
	if err != nil || slices.ContainsFunc(list, func(b Begun) bool { return !b.Whole() }) {
		t.Errorf("%+v, %v", list, err)
	}
	a, _ := from.Predict([]string{"a dull film"})
	b, _ := same.Predict([]string{"a dull film"})
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v; want %v", b, a)
	}
}

// A text with other characters, a wider and a deeper network: what fits is kept.
func TestBeginWithOtherTokensAndNetworks(t *testing.T) {
	from, err := NewLanguageModel(Config{Hidden: 6, Embed: 4, Layers: 1, Seed: 3}, fox)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("zyx the quick éditor\n", 20)
	for name, c := range map[string]struct {
		config Config
		rows   bool // of tokens are kept
		kept   []string
		anew   []string
		left   []string
	}{
		"other text":   {Config{Hidden: 6, Embed: 4, Layers: 1}, true, []string{"lstm.weight_hh_l0", "lstm.bias_ih_l0"}, nil, nil},
		"two layers":   {Config{Hidden: 6, Embed: 4, Layers: 2}, true, []string{"lstm.weight_hh_l0"}, []string{"lstm.weight_hh_l1"}, nil},
		"wider":        {Config{Hidden: 8, Embed: 4, Layers: 1}, false, nil, []string{"lstm.weight_hh_l0", "head.weight"}, nil},
		"another cell": {Config{Hidden: 6, Embed: 4, Layers: 1, Cell: "gru"}, true, nil, []string{"gru.weight_hh_l0"}, []string{"lstm.weight_hh_l0"}},
	} {
		to, err := NewLanguageModel(c.config, text)
		if err != nil {
			t.Fatal(err)
		}
		list, err := Begin(to, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.kept {
			if !begun(t, list, w).Whole() {
				t.Errorf("%s: %s is not kept", name, w)
			}
		}
		for _, w := range c.anew {
			if b := begun(t, list, w); b.Kept != 0 || b.Left {
				t.Errorf("%s: %+v", name, b)
			}
		}
		for _, w := range c.left {
			if !begun(t, list, w).Left {
				t.Errorf("%s: %s is not left out", name, w)
			}
		}
		shared := 0
		for i, token := range tokensIn(to.vocab) {
			j, ok := from.vocab.ID(token)
			if !ok {
				continue
			}
			shared++
			had := from.params.Get(embeddingWeight).Value().Float32s()[4*j : 4*j+4]
			if has := to.params.Get(embeddingWeight).Value().Float32s()[4*i : 4*i+4]; !slices.Equal(had, has) {
				t.Errorf("%s: the row of %q is %v; want %v", name, token, has, had)
			}
			if h, g := from.params.Get("head.bias").Value().Float32s()[j], to.params.Get("head.bias").Value().Float32s()[i]; h != g {
				t.Errorf("%s: the bias of %q is %g; want %g", name, token, g, h)
			}
		}
		if b := begun(t, list, embeddingWeight); b.Kept != shared || b.Rows != to.vocab.Len() || shared == b.Rows {
			t.Errorf("%s: %+v; want %d", name, b, shared)
		}
	}
	if _, err := Begin(from, smallClassifier(t, Config{})); err == nil || !strings.Contains(err.Error(), "a language model cannot begin with the weights of a classifier") {
		t.Error(err)
	}
	if _, err := Begin(nil, from); err == nil {
		t.Error("no model")
	}
}

// Frozen weights keep their bits through a training, the others do not; a checkpoint remembers which they were.
func TestFreeze(t *testing.T) {
	for pattern, frozen := range map[string][]string{
		"embedding":     {"embedding.weight"},
		"rnn.*_reverse": {"rnn.weight_ih_l0_reverse", "rnn.weight_hh_l0_reverse", "rnn.bias_ih_l0_reverse", "rnn.bias_hh_l0_reverse"},
		"head.bias":     {"head.bias"},
	} {
		m := smallClassifier(t, Config{Tokens: "word", Epochs: 2, Freeze: []string{pattern}})
		if err := m.draw(); err != nil {
			t.Fatal(err)
		}
		had := map[string][]float32{}
		for _, w := range m.params.Tensors("") {
			had[w.Name] = slices.Clone(w.Value.Float32s())
		}
		e := Examples{Texts: []string{"a dull film", "wonderful evening", "boring", "what a film"}, Labels: []string{"bad", "good", "bad", "so"}}
		path := t.TempDir() + "/m"
		if _, err := m.Fit(context.Background(), e, e, Run{Checkpoint: path}); err != nil {
			t.Fatal(err)
		}
		for name, before := range had {
			if still := slices.Equal(before, m.params.Get(name).Value().Float32s()); still != slices.Contains(frozen, name) {
				t.Errorf("%s: %s stayed: %v", pattern, name, still)
			}
		}
		trains, all := Trains(m.params)
		for _, name := range frozen {
			trains += len(had[name])
		}
		if trains != all {
			t.Errorf("%s: %d of %d weights", pattern, trains, all)
		}
		loaded, err := LoadClassifier(path)
		if err != nil || !slices.Equal(loaded.Config().Freeze, []string{pattern}) {
			t.Errorf("%v, %v", loaded.Config().Freeze, err)
		}
	}
	for pattern, want := range map[string]string{
		"rnn.gate": `Config.Freeze "rnn.gate" is the name of no weight; the model has embedding.weight`, "*": "want something left to train",
		"[": `Config.Freeze "["; want the name of a weight`,
	} {
		m := smallClassifier(t, Config{})
		c := m.Config()
		c.Freeze = []string{pattern}
		other, err := m.With(c)
		if err == nil {
			_, err = other.Loop(Examples{Texts: []string{"a", "b"}, Labels: []string{"bad", "good"}}, Examples{}, Run{})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", pattern, err, want)
		}
	}
}

func TestSetVectors(t *testing.T) {
	m := smallClassifier(t, Config{Tokens: "word"})
	if err := m.draw(); err != nil {
		t.Fatal(err)
	}
	words := Words(m)
	v := &datasets.WordVectors{Width: 5, Values: make([][]float32, len(words))}
	before := slices.Clone(m.params.Get(embeddingWeight).Value().Float32s())
	given := 0
	for i, w := range words {
		if w == "dull" || w == "film" {
			v.Values[i] = []float32{1, 2, 3, 4, float32(i)}
			given++
		}
	}
	if given < 2 {
		t.Fatalf("%q", words)
	}
	if err := SetVectors(m, v); err != nil {
		t.Fatal(err)
	}
	for i := range words {
		want := before[5*i : 5*i+5]
		if v.Values[i] != nil {
			want = v.Values[i]
		}
		if got := m.params.Get(embeddingWeight).Value().Float32s()[5*i : 5*i+5]; !slices.Equal(got, want) {
			t.Errorf("%q: %v; want %v", words[i], got, want)
		}
	}
	for want, f := range map[string]func() error{
		"Config.Embed 5; want 7":  func() error { return SetVectors(m, &datasets.WordVectors{Width: 7, Values: v.Values}) },
		"for each of the model's": func() error { return SetVectors(m, &datasets.WordVectors{Width: 5}) },
		"tokens are no words":     func() error { return SetVectors(smallClassifier(t, Config{}), v) },
		`the vector of "dull" has 1 num`: func() error {
			bad := &datasets.WordVectors{Width: 5, Values: slices.Clone(v.Values)}
			for i, w := range words {
				if w == "dull" {
					bad.Values[i] = []float32{1}
				}
			}
			return SetVectors(m, bad)
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if Words(nil) != nil {
		t.Error("words of no model")
	}
}
