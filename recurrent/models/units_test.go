package models

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/explain"
	"gorgonia.org/tensor"
)

// What is read in pieces is what a stream of single tokens goes through: the states are those of Next.
func TestRead(t *testing.T) {
	text := strings.Repeat("the (quick) brown fox\n", 30) // longer than two pieces
	m, err := NewLanguageModel(Config{Hidden: 5, Embed: 3, Layers: 2}, text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Layers) != 4 || strings.Join(r.Pieces, "") != text {
		t.Fatalf("%d layers, %d pieces", len(r.Layers), len(r.Pieces))
	}
	names := []string{"lstm.state_0_l0", "lstm.state_1_l0", "lstm.state_2_l0", "lstm.state_3_l0"}
	state, err := m.State(1)
	if err != nil {
		t.Fatal(err)
	}
	next := m.Next()
	ids, _ := m.vocab.Encode(text)
	for step, id := range ids {
		out, err := next.Run(append([]*tensor.Dense{graph.Ints([]int{id}, 1, 1)}, state...)...)
		if err != nil {
			t.Fatal(err)
		}
		state = clones(out[1:])
		for i, l := range r.Layers {
			if l.Name != names[i] {
				t.Fatalf("layer %d is %s; want %s", i, l.Name, names[i])
			}
			for h, u := range l.Units {
				if want := float64(state[i].Float32s()[h]); math.Abs(u[step]-want) > 1e-5 {
					t.Fatalf("%s, unit %d after %d tokens: %g; want %g", l.Name, h, step+1, u[step], want)
				}
			}
		}
	}
	for _, p := range explain.Properties() {
		if p.Name != "position in line" {
			continue
		}
		if y := r.Property(p); y[0] != 1 || y[21] != 0 || y[22] != 1 {
			t.Errorf("%v", y[:23])
		}
	}
}

// Every cell can be read, explained, and its gradients followed.
func TestLookInsideEveryCell(t *testing.T) {
	for _, cell := range textCells() {
		l, err := NewLanguageModel(Config{Cell: cell, Hidden: 4, Embed: 3, Layers: 2}, "abcab abc")
		if err != nil {
			t.Fatal(err)
		}
		if r, err := l.Read("abc a"); err != nil || len(r.Layers) == 0 || len(r.Layers[0].Units[0]) != 5 {
			t.Errorf("%s: %+v, %v", cell, r, err)
		}
		if e, err := l.Explain(context.Background(), "abc a", Explaining{ByToken: true}); err != nil || len(e.Pieces) != 5 || math.Abs(e.Gap) > 1e-3 {
			t.Errorf("%s: %+v, %v", cell, e, err)
		}
		if r, err := l.GradientFlow("abc a"); err != nil || len(r.States) == 0 {
			t.Errorf("%s: %+v, %v", cell, r, err)
		}
	}
}

func TestReadClassifier(t *testing.T) {
	m := smallClassifier(t, Config{Tokens: "word"})
	r, err := m.Read("a dull, zzz film")
	if err != nil || len(r.Pieces) != 5 || len(r.Layers) != 2 || len(r.Layers[1].Units[0]) != 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Pieces[3] != " zzz" {
		t.Errorf("%q", r.Pieces)
	}
}

// The report is of all steps, and repeats though the model drops activations in training.
func TestGradientFlow(t *testing.T) {
	m := smallClassifier(t, Config{Tokens: "word", Dropout: 0.5})
	l, err := NewLanguageModel(Config{Hidden: 5, Embed: 3, Dropout: 0.5}, "abcab abc")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := m.GradientFlow("what a dull film", "bad")
		if err != nil || len(r.States) != 2 || len(r.States[0].Norms) != 4 {
			t.Fatalf("%+v, %v", r, err)
		}
		e, err := m.Evaluate(Examples{Texts: []string{"what a dull film"}, Labels: []string{"bad"}})
		if err != nil || math.Abs(e.Loss-r.Loss) > 1e-6 {
			t.Errorf("loss %g; want %g, %v", r.Loss, e.Loss, err)
		}
		q, err := l.GradientFlow("abcab")
		if err != nil || len(q.States) != 4 || len(q.States[0].Norms) != 4 {
			t.Fatalf("%+v, %v", q, err)
		}
	}
	if _, err := m.GradientFlow("a", "best"); err == nil || !strings.Contains(err.Error(), `"best" is no label of the model; it knows bad, good, so`) {
		t.Error(err)
	}
	if _, err := l.GradientFlow("a"); err == nil || !strings.Contains(err.Error(), "want two at least") {
		t.Error(err)
	}
	if _, err := l.Read(""); err == nil {
		t.Error("read nothing")
	}
}
