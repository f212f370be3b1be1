package main

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// TestLearns trains small models on one batch until they know it by heart: the loss starts near that of guessing, ln V, and a
// network whose gradients were wrong, or added up from step to step, would not get so far.
func TestLearns(t *testing.T) {
	for _, cell := range []string{"lstm", "gru"} {
		w := work.Work{Kind: work.Train, Cell: cell, B: 2, T: 4, I: 16, H: 16, L: 2, V: 7}
		trainer := newTrainer(newModel(w), w)
		var first, last float64
		for i := range 400 {
			var err error
			if last, err = trainer.step(); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = last
			}
		}
		if math.Abs(first-math.Log(7)) > 0.2 || last > 0.5 {
			t.Errorf("%s: the loss went from %v to %v; want from ln 7 = 1.95 to below 0.5", cell, first, last)
		}
	}
}

// TestGenerates compares tokens with those of whole sequences: a generator that lost its state would differ.
func TestGenerates(t *testing.T) {
	for _, cell := range []string{"lstm", "gru"} {
		m := newModel(work.Work{Cell: cell, I: 8, H: 8, L: 2, V: 50})
		g := &generator{model: m}
		tokens := []int{0}
		for range 8 {
			if _, err := g.step(); err != nil {
				t.Fatal(err)
			}
			all := m.logits(tokens)
			want := argmax(all[len(all)-1].Value().Data().F64())
			if g.token != want {
				t.Fatalf("%s: after %v comes %d, want %d", cell, tokens, g.token, want)
			}
			tokens = append(tokens, want)
		}
	}
}

func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
