package main

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// TestLearns trains a small model on one batch until it knows it by heart: the loss starts near that of guessing, ln V, and a
// network whose gradients were wrong would not get so far.
func TestLearns(t *testing.T) {
	if plugin() == "" {
		t.Skip("UNROLL_PJRT names no plugin for XLA, without which GoMLX cannot train an LSTM")
	}
	step, err := newTrainer(work.Work{Kind: work.Train, Cell: "lstm", B: 2, T: 4, I: 16, H: 16, L: 2, V: 7})
	if err != nil {
		t.Fatal(err)
	}
	var first, last float64
	for i := range 400 {
		if last, err = step(); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = last
		}
	}
	if math.Abs(first-math.Log(7)) > 0.2 || last > 0.5 {
		t.Errorf("the loss went from %v to %v; want from ln 7 = 1.95 to below 0.5", first, last)
	}
}

// TestReads asks for logits with the backend that there is.
func TestReads(t *testing.T) {
	step, err := newReader(work.Work{Kind: work.Infer, Cell: "lstm", B: 2, T: 3, I: 4, H: 5, L: 2, V: 6})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := step(); err != nil {
			t.Fatal(err)
		}
	}
}
