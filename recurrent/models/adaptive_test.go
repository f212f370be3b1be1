package models

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// A language model with an adaptive softmax trains, saves, loads, evaluates and generates as others do, also with the lazy
// optimiser, and its loss is that of the probabilities that it gives.
func TestAdaptiveLanguageModel(t *testing.T) {
	for _, optimizer := range []string{"adam", sparseAdam} {
		c := tiny(Config{Adaptive: []int{8, 15}, Epochs: 3, Rate: 0.02, Optimizer: optimizer})
		c.Hidden = 32
		m, err := NewLanguageModel(c, fox)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Fit(context.Background(), fox, Run{})
		if err != nil {
			t.Fatal(err)
		}
		if r.TrainLoss > 3 {
			t.Errorf("%s: loss %v", optimizer, r.TrainLoss)
		}
		if got, want := m.Demand().Weights, float64(m.Params().Elements()); got != want {
			t.Errorf("demand of %v weights, there are %v", got, want)
		}
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := LoadLanguageModel(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "loaded", m.Params(), again.Params())
		var texts [2]string
		var likely [2]float64
		for i, m := range []*LanguageModel{m, again} {
			if texts[i], err = m.Generate(context.Background(), "the ", Generation{Length: 30, Seed: 3}); err != nil {
				t.Fatal(err)
			}
			l, err := m.Predict([]string{"the lazy dog"})
			if err != nil {
				t.Fatal(err)
			}
			likely[i] = l[0].LogProb()
		}
		if texts[0] != texts[1] || likely[0] != likely[1] {
			t.Errorf("the model gives %q, %v; loaded %q, %v", texts[0], likely[0], texts[1], likely[1])
		}
		ids, err := again.Vocabulary().Encode("the lazy dog")
		if err != nil {
			t.Fatal(err)
		}
		state, err := again.State(1)
		if err != nil {
			t.Fatal(err)
		}
		n := len(ids) - 1
		out, err := again.Next().Run(append([]*tensor.Dense{graph.Ints(ids[:n], n, 1)}, state...)...)
		if err != nil {
			t.Fatal(err)
		}
		logp, v := out[0].Float32s(), again.Vocabulary().Len()
		sum, mass := 0.0, 0.0
		for i, id := range ids[1:] {
			sum += float64(logp[i*v+id])
		}
		for _, l := range logp[:v] {
			mass += math.Exp(float64(l))
		}
		if math.Abs(sum-likely[1]) > 1e-4 || math.Abs(mass-1) > 1e-5 {
			t.Errorf("log-probabilities add up to %v, want %v; probabilities to %v", sum, likely[1], mass)
		}
		for _, ending := range []string{formatKerasModel, formatKeras} {
			if err := m.Export(path + ending); err == nil || !strings.Contains(err.Error(), "no layer like an adaptive softmax") {
				t.Errorf("error %v", err)
			}
		}
	}
}

func TestAdaptiveBadUse(t *testing.T) {
	for want, c := range map[string]Config{
		"Config.Adaptive [8 8]; want cutoffs above 0":                {Adaptive: []int{8, 8}},
		"Config.Adaptive [0]; want cutoffs above 0":                  {Adaptive: []int{0}},
		"Config.Adaptive [500]; want cutoffs below the size of the ": {Adaptive: []int{500}},
		"Config.Adaptive [8 15]; want 1 cutoffs at most, as each cl": {Adaptive: []int{8, 15}},
	} {
		if _, err := NewLanguageModel(tiny(c), fox); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	e := opinions(10)
	if _, err := NewClassifier(tiny(Config{Adaptive: []int{8}}), e.Texts, e.Labels); err == nil || !strings.Contains(err.Error(), "a classifier has few labels") {
		t.Errorf("error %v", err)
	}
	m := newLanguage(t, Config{Adaptive: []int{8}})
	c := m.Config()
	c.Adaptive = []int{9}
	if _, err := m.With(c); err == nil || !strings.Contains(err.Error(), "Adaptive [9]; want [8]: a model keeps its network") {
		t.Errorf("error %v", err)
	}
}
