package models

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// Weights are those of scikit-learn's compute_class_weight, or those that are named; others are refused.
func TestClassWeights(t *testing.T) {
	labels, count := []string{"a", "b", "c d"}, []int{6, 3, 1}
	for setting, want := range map[string][]float64{
		"": nil, Balanced: {10. / 18, 10. / 9, 10. / 3}, "a=2": {2, 1, 1}, "c d=0.5, a=3": {3, 1, 0.5},
	} {
		got, err := Config{ClassWeights: setting}.classWeights(labels, count)
		if err != nil || !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("%q: %v, %v; want %v", setting, got, err, want)
		}
	}
	for setting, want := range map[string]string{
		"even": "want none, balanced, or label=weight", "a=x": `"x" of the label "a"; want a number above 0`, "a=0": "above 0", "a=inf": "above 0",
		"a=1,a=2": "twice", "z=1": `the label "z"; want some of a, b, c d`,
	} {
		var setErr *ConfigError
		if _, err := (Config{ClassWeights: setting}).classWeights(labels, count); !errors.As(err, &setErr) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", setting, err, want)
		}
	}
	if got, err := (Config{ClassWeights: Balanced}).classWeights(labels, nil); got != nil || err != nil {
		t.Error(got, err)
	}
}

// The loss is the weighted mean of -log p, and a rare label is found more often with balanced weights than without.
func TestClassWeightsInTheLoss(t *testing.T) {
	e := opinions(40)
	var rare Examples
	kept := 0
	for i := range e.Texts {
		if e.Labels[i] == "positive" {
			if kept++; kept > 4 {
				continue
			}
		}
		rare.Texts, rare.Labels = append(rare.Texts, e.Texts[i]), append(rare.Labels, e.Labels[i])
	}
	c := tiny(Config{Tokens: "word", ClassWeights: Balanced, Steps: 1})
	m, err := NewClassifier(c, rare.Texts, rare.Labels)
	if err != nil {
		t.Fatal(err)
	}
	if m.ClassWeights() != nil {
		t.Error("weights before anything was counted")
	}
	if _, err := m.Loop(rare, rare, Run{}); err != nil {
		t.Fatal(err)
	}
	w := m.ClassWeights()
	n := float64(rare.Len())
	if want := []float64{n / (2 * (n - 4)), n / 8}; !slices.Equal(w, want) {
		t.Fatalf("%v; want %v", w, want)
	}
	ids, err := m.encode(rare.Texts[:8])
	if err != nil {
		t.Fatal(err)
	}
	rows, err := m.probabilities(ids)
	if err != nil {
		t.Fatal(err)
	}
	truth, err := m.labelIDs(rare.Pick([]int{0, 1, 2, 3, 4, 5, 6, 7}))
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for _, text := range ids {
		steps = max(steps, len(text))
	}
	in, lengths := make([]int, steps*8), make([]int, 8)
	sum, total := 0., 0.
	for i, text := range ids {
		lengths[i] = len(text)
		for s, id := range text {
			in[s*8+i] = id
		}
		sum -= w[truth[i]] * math.Log(rows[i][truth[i]])
		total += w[truth[i]]
	}
	out, err := m.Loss().Run(graph.Ints(in, steps, 8), graph.Ints(lengths), graph.Ints(truth))
	if err != nil {
		t.Fatal(err)
	}
	if got := graph.Scalar(out[0]); math.Abs(got-sum/total) > 1e-5 {
		t.Errorf("loss %v; want %v", got, sum/total)
	}
	if _, err := NewClassifier(Config{ClassWeights: "none of them=2"}, rare.Texts, rare.Labels); err == nil {
		t.Error("a label that there is not")
	}
	if _, err := m.Fit(context.Background(), rare, rare, Run{}); err != nil {
		t.Error(err)
	}
}
