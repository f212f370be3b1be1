package models

import (
	"context"
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// Weights of fewer bits change what a model says a little, and go back to what they were.
func TestSetWeightFormat(t *testing.T) {
	m, l := newClasses(t, Config{Steps: 40}), newLanguage(t, Config{Steps: 40})
	if _, err := m.Fit(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Fit(context.Background(), fox, Run{}); err != nil {
		t.Fatal(err)
	}
	losses := func(w graph.WeightFormat) [2]float64 {
		for _, model := range []Model{m, l} {
			if err := model.SetWeightFormat(w); err != nil {
				t.Fatal(err)
			}
		}
		e, err := m.Evaluate(opinions(20))
		if err != nil {
			t.Fatal(err)
		}
		rest, err := l.EvaluateRest(fox)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Generate(context.Background(), "the ", Generation{Length: 5}); err != nil {
			t.Fatal(err)
		}
		return [2]float64{e.Loss, rest.Loss}
	}
	full := losses(graph.FullWeights)
	for w, bound := range map[graph.WeightFormat]float64{graph.BFloat16Weights: 0.003, graph.Int8Weights: 0.02} {
		for i, loss := range losses(w) {
			if off := math.Abs(loss/full[i] - 1); off > bound || off == 0 {
				t.Errorf("%v: loss %d is %v, with full weights %v", w, i, loss, full[i])
			}
		}
	}
	if again := losses(graph.FullWeights); again != full {
		t.Errorf("losses %v with full weights, and %v at first", again, full)
	}
	if err := m.SetWeightFormat(17); err == nil {
		t.Error("a format that there is not was taken")
	}
	if err := new(Classifier).SetWeightFormat(graph.Int8Weights); err == nil {
		t.Error("no model was taken")
	}
}
