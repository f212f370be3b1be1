package model

import (
	"slices"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// TestTrainerLearns trains every kind of model, small.
func TestTrainerLearns(t *testing.T) {
	for _, direction := range []string{"", "bi"} {
		for _, cell := range work.Cells {
			w := work.Work{Kind: work.Train, Cell: direction + cell, B: 4, T: 5, I: 6, H: 8, L: 2, V: 9}
			trainer := NewTrainer(w, Cell(w))
			for range 30 {
				if err := trainer.Step(); err != nil {
					t.Fatalf("%v: %v", w, err)
				}
			}
			if err := work.Falls(trainer.First, trainer.Last); err != nil {
				t.Errorf("%v: %v", w, err)
			}
		}
	}
}

// TestParameters holds the models to PyTorch's names, so that the peers' models have as many weights.
func TestParameters(t *testing.T) {
	w, err := work.Parse("Train/bigru/B2T3I5H7L2V11")
	if err != nil {
		t.Fatal(err)
	}
	trainer := NewTrainer(w, Cell(w))
	if err := trainer.Step(); err != nil {
		t.Fatal(err)
	}
	want := map[string][]int{
		"embedding.weight": {11, 5}, "head.weight": {11, 14}, "head.bias": {11},
	}
	for _, suffix := range []string{"", "_reverse"} {
		for k, in := range map[string]int{"_l0": 5, "_l1": 14} {
			want["rnn.weight_ih"+k+suffix] = []int{21, in}
			want["rnn.weight_hh"+k+suffix] = []int{21, 7}
			want["rnn.bias_ih"+k+suffix] = []int{21}
			want["rnn.bias_hh"+k+suffix] = []int{21}
		}
	}
	if n := trainer.params.Len(); n != len(want) {
		t.Errorf("found %d parameters, want %d: %v", n, len(want), trainer.params)
	}
	for name, shape := range want {
		if p := trainer.params.Get(name); p == nil || !slices.Equal(p.Shape(), shape) {
			t.Errorf("%s: want shape %v in %v", name, shape, trainer.params)
		}
	}
}

// TestGeneratorCarriesItsState compares tokens written one a call with the model unrolled over what it wrote.
func TestGeneratorCarriesItsState(t *testing.T) {
	const steps = 12
	for _, cell := range work.Cells {
		w := work.Work{Kind: work.Generate, Cell: cell, B: 1, T: 1, I: 16, H: 24, L: 2, V: 50}
		gen, err := NewGenerator(w)
		if err != nil {
			t.Fatal(err)
		}
		var written []int
		for range steps {
			if err := gen.Next(); err != nil {
				t.Fatal(err)
			}
			written = append(written, gen.token)
		}
		if slices.Max(written) == slices.Min(written) {
			t.Errorf("%s: always token %d; the test would not see a lost state", cell, written[0])
		}
		read := w
		read.T = steps
		ids := append([]int{0}, written[:steps-1]...)
		logits, err := graph.NewFunc(graph.NewParams(1), Logits(read, Cell(read))).Run(graph.Ints(ids, steps, 1))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range written {
			got, err := decode.Sampler{Greedy: true}.Sample(logits[0].Float32s()[i*w.V:(i+1)*w.V], nil)
			if got != want || err != nil {
				t.Errorf("%s: token %d is %d one at a time, %d unrolled", cell, i, want, got)
			}
		}
	}
}
