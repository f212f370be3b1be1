package model

import (
	"math"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// TestTrainerLearns trains every kind of model, small.
func TestTrainerLearns(t *testing.T) {
	cells := []string{work.Fifth}
	for _, cell := range work.Cells {
		cells = append(cells, cell, "bi"+cell)
	}
	for _, kind := range []string{work.Train, work.Ragged} {
		for _, cell := range cells {
			w := work.Work{Kind: kind, Cell: cell, B: 4, T: 9, I: 6, H: 8, L: 2, V: 9}
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

// TestRaggedLeavesPaddingOut compares the loss of a ragged batch with the mean over its sequences' own tokens.
func TestRaggedLeavesPaddingOut(t *testing.T) {
	w := work.Work{Kind: work.Ragged, Cell: "bilstm", B: 3, T: 9, I: 6, H: 8, L: 2, V: 9}
	p, batch := graph.NewParams(1), Batch(w)
	out, err := graph.NewFunc(p, Loss(w, Cell(w))).Run(batch...)
	if err != nil {
		t.Fatal(err)
	}
	total, alone := 0.0, w
	alone.Kind, alone.B = work.Train, 1
	for b, length := range w.Lengths() {
		column := func(d *tensor.Dense) *tensor.Dense {
			ids := make([]int, length)
			for i := range ids {
				ids[i] = d.Ints()[i*w.B+b]
			}
			return graph.Ints(ids, length, 1)
		}
		one, err := graph.NewFunc(p, Loss(alone, Cell(alone))).Run(column(batch[0]), column(batch[1]))
		if err != nil {
			t.Fatal(err)
		}
		total += float64(length) * graph.Scalar(one[0])
	}
	if got, want := graph.Scalar(out[0]), total/float64(w.Tokens()); math.Abs(got-want) > 1e-6 {
		t.Errorf("the loss of a ragged batch is %v, of its sequences alone %v", got, want)
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
