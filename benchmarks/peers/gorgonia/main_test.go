package main

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// TestLearns trains a small model on one batch until it knows it by heart: the loss starts near that of guessing, ln V,
// and a network whose gradients were wrong, or added up from step to step, would not get so far.
func TestLearns(t *testing.T) {
	w := work.Work{Kind: work.Train, Cell: "lstm", B: 2, T: 4, I: 16, H: 16, L: 2, V: 7}
	trainer, err := newTrainer(w)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.machine.Close()
	var first, last float64
	for i := range 300 {
		if last, err = trainer.step(); err != nil {
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
