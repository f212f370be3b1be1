package models

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
)

// fox is a text that a model learns in a blink.
var fox = strings.Repeat("the quick brown fox jumps over the lazy dog\n", 40)

// opinions are examples that a classifier learns in a blink.
func opinions(n int) Examples {
	rng := rand.New(rand.NewPCG(1, 1))
	words := map[string][]string{"positive": strings.Fields("wonderful lovely great moving"), "negative": strings.Fields("dull awful boring weak")}
	var e Examples
	for i := range n {
		label := []string{"positive", "negative"}[i%2]
		e.Texts = append(e.Texts, fmt.Sprintf("the %s was %s", []string{"film", "story", "music"}[rng.IntN(3)], words[label][rng.IntN(4)]))
		e.Labels = append(e.Labels, label)
	}
	return e
}

// tiny is a configuration of little work.
func tiny(c Config) Config {
	c.Hidden, c.Embed, c.Batch = 8, 6, 4
	if c.Pool == "" && c.Tokens != BytePairs {
		c.Seq = 8
	}
	return c
}

func newLanguage(t *testing.T, c Config) *LanguageModel {
	t.Helper()
	m, err := NewLanguageModel(tiny(c), fox)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newClasses(t *testing.T, c Config) *Classifier {
	t.Helper()
	e := opinions(60)
	m, err := NewClassifier(tiny(c), e.Texts, e.Labels)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// same compares all weights.
func same(t *testing.T, what string, a, b *graph.Params) {
	t.Helper()
	if a.Len() != b.Len() {
		t.Fatalf("%s: %d and %d weights", what, a.Len(), b.Len())
	}
	for i := range a.Len() {
		x := a.At(i)
		if y := b.Get(x.Name()); y == nil || !slices.Equal(x.Value().Float32s(), y.Value().Float32s()) {
			t.Errorf("%s: %s differs", what, x.Name())
		}
	}
}

// Every cell trains, saves and loads, in both kinds of model, and what was loaded says the same.
func TestEveryCellInAFile(t *testing.T) {
	dir := t.TempDir()
	for i, cell := range Cells() {
		language := newLanguage(t, Config{Cell: cell, Steps: 3, Layers: 2, Dropout: 0.1})
		result, err := language.Fit(context.Background(), fox, Run{})
		if err != nil || result.Step != 3 {
			t.Fatalf("%s: %d steps, %v", cell, result.Step, err)
		}
		path := filepath.Join(dir, cell)
		if err := language.Save(path); err != nil {
			t.Fatal(err)
		}
		m, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		back := m.(*LanguageModel)
		same(t, cell, language.Params(), back.Params())
		if back.Config().Cell != cell || back.Trained() || back.Kind() != KindLanguage {
			t.Errorf("%s: %+v", cell, back.Config())
		}
		want, err1 := language.Predict([]string{"the quick", "dog"})
		got, err2 := back.Predict([]string{"the quick", "dog"})
		if err1 != nil || err2 != nil || !slices.Equal(want, got) || want[0].Tokens != 8 || want[0].LogProb() >= 0 {
			t.Errorf("%s: %v, %v; %v, %v", cell, want, got, err1, err2)
		}

		classes := newClasses(t, Config{Cell: cell, OneWay: i%2 == 0, Layers: 2, Steps: 3, Tokens: "word"})
		if _, err := classes.Fit(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
			t.Fatalf("%s: %v", cell, err)
		}
		if err := classes.Save(path); err != nil {
			t.Fatal(err)
		}
		loaded, err := LoadClassifier(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, cell, classes.Params(), loaded.Params())
		before, err1 := classes.Predict([]string{"the film was great"})
		after, err2 := loaded.Predict([]string{"the film was great"})
		if err1 != nil || err2 != nil || !slices.Equal(before[0].Probabilities, after[0].Probabilities) {
			t.Errorf("%s: %v, %v; %v, %v", cell, before, after, err1, err2)
		}
	}
}

// The table of cells counts the weights that a network really has.
func TestDemandCountsWeights(t *testing.T) {
	for _, cell := range Cells() {
		for _, layers := range []int{1, 3} {
			for _, m := range []Model{
				newLanguage(t, Config{Cell: cell, Layers: layers}),
				newClasses(t, Config{Cell: cell, Layers: layers, Tokens: "word"}),
				newClasses(t, Config{Cell: cell, Layers: layers, Tokens: "word", Pool: "attention", OneWay: true}),
			} {
				if err := m.Save(filepath.Join(t.TempDir(), "m")); err != nil { // draws the weights
					t.Fatal(err)
				}
				if d := m.Demand(); d.Weights != float64(m.Params().Elements()) || d.Least != 16*d.Weights || d.Likely <= d.Least {
					t.Errorf("%v, %s: %+v; the network has %d weights", m.Kind(), m.Config().Network(m.Kind()), d, m.Params().Elements())
				}
			}
		}
	}
}

// A cell whose weights have other shapes where its input is as wide as its state is found in a file either way.
func TestInputsAsWideAsTheState(t *testing.T) {
	for _, embed := range []int{8, 6} {
		m, err := NewLanguageModel(Config{Cell: "sru", Layers: 2, Hidden: 8, Embed: embed}, fox)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		if d := m.Demand(); d.Weights != float64(m.Params().Elements()) {
			t.Errorf("embedding %d: %+v; the network has %d weights", embed, d, m.Params().Elements())
		}
		back, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		rows := 24 // of W_n, W_f, W_r
		if embed != 8 {
			rows = 32 // and W_x
		}
		if found := back.(*LanguageModel).Params().Get("sru.weight_ih_l0").Value().Shape(); found[0] != rows || found[1] != embed {
			t.Errorf("weight_ih %v; want [%d %d]", found, rows, embed)
		}
	}
}

// stopAt cancels a run after a step.
func stopAt(step int, cancel func()) train.Observer {
	return train.Observer{OnStep: func(p train.Progress) error {
		if p.Step == step {
			cancel()
		}
		return nil
	}}
}

// A run that was stopped and resumed ends with the weights of one that was not.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	stopped := func(step int) (context.Context, Run) {
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		return ctx, Run{Checkpoint: filepath.Join(dir, fmt.Sprint(t.Name(), step)), Observers: []train.Observer{stopAt(step, cancel)}}
	}
	c := Config{Epochs: 3, Layers: 1, Dropout: 0.1}
	whole, part := newLanguage(t, c), newLanguage(t, c)
	if _, err := whole.Fit(context.Background(), fox, Run{}); err != nil {
		t.Fatal(err)
	}
	ctx, run := stopped(20)
	if _, err := part.Fit(ctx, fox, run); err == nil {
		t.Fatal("the run was not stopped")
	}
	again, err := LoadLanguageModel(run.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	result, err := again.Resume(context.Background(), fox, Run{})
	if err != nil || result.Epoch != 3 || !again.Trained() {
		t.Fatalf("%+v, %v", result, err)
	}
	same(t, "language model", whole.Params(), again.Params())

	c = Config{Epochs: 4, Dropout: 0.2, Patience: 3}
	all, some := newClasses(t, c), newClasses(t, c)
	if _, err := all.Fit(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
		t.Fatal(err)
	}
	ctx, run = stopped(25)
	if _, err := some.Fit(ctx, opinions(60), Examples{}, run); err == nil {
		t.Fatal("the run was not stopped")
	}
	rest, err := LoadClassifier(run.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rest.Resume(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
		t.Fatal(err)
	}
	same(t, "classifier", all.Params(), rest.Params())
	if _, err := all.Resume(context.Background(), opinions(60), Examples{}, Run{}); err == nil {
		t.Error("a model that was never saved was resumed")
	}
}
