package graph_test

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// reader is a language model of two layers: ids [T, B] and a state to logits and the next state.
func reader(hidden, tokens int) graph.Build {
	cell := recurrent.StackOf(2, recurrent.LSTM{Hidden: hidden})
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: tokens, Size: hidden}.Apply(g.Scope("embedding"), in[0])
		y, state := recurrent.Unroll(g.Scope("rnn"), cell, x, recurrent.Options{Initial: in[1:]})
		return append([]graph.Node{nn.Head{Classes: tokens}.Apply(g.Scope("head"), y)}, state...)
	}
}

// beginning is the state of such a model before the first token, [B, hidden] each.
func beginning(batch, hidden int) []*tensor.Dense {
	state := make([]*tensor.Dense, 4)
	for i := range state {
		state[i] = graph.Floats(make([]float32, batch*hidden), batch, hidden)
	}
	return state
}

// rounded is x in bfloat16, by its definition: the nearer of the two neighbours with 8 bits.
func rounded(x float32) float32 {
	fraction, exponent := math.Frexp(float64(x))
	return float32(math.Ldexp(math.RoundToEven(math.Ldexp(fraction, 8)), exponent-8))
}

// TestBFloat16Weights compares a function that rounds its weights with one over weights that are rounded.
func TestBFloat16Weights(t *testing.T) {
	const hidden, tokens, batch = 40, 70, 3
	p := graph.NewParams(1)
	f := graph.NewFunc(p, reader(hidden, tokens))
	if err := f.SetWeightFormat(graph.BFloat16Weights); err != nil {
		t.Fatal(err)
	}
	ids := graph.Ints([]int{3, 1, 4, 1, 5, 69, 2, 6, 0, 3, 5, 8}, 4, batch)
	in := append([]*tensor.Dense{ids}, beginning(batch, hidden)...)
	got, err := f.Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	before := append([]float32(nil), got[0].Float32s()...)
	for i := range p.Len() {
		if w := p.At(i); strings.Contains(w.Name(), "weight") && w.Name() != "embedding.weight" {
			for i, v := range w.Value().Float32s() {
				w.Value().Float32s()[i] = rounded(v)
			}
		}
	}
	want, err := graph.NewFunc(p, reader(hidden, tokens)).Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want[0].Float32s() {
		if math.Abs(float64(before[i]-v)) > 1e-6 {
			t.Fatalf("logit %d is %v with weights in bfloat16, %v with weights that were rounded", i, before[i], v)
		}
	}
	again, err := f.Run(in...) // rounding what is rounded changes nothing
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range again[0].Float32s() {
		if v != before[i] {
			t.Fatalf("logit %d is %v, and %v once the weights are rounded", i, before[i], v)
		}
	}
}

// TestReducedWeightsAreClose bounds what the formats change, and wants them to change something.
func TestReducedWeightsAreClose(t *testing.T) {
	const hidden, tokens, batch = 64, 50, 2
	ids := graph.Ints([]int{3, 1, 4, 1, 5, 9, 2, 6, 0, 3, 5, 8}, 6, batch)
	in := append([]*tensor.Dense{ids}, beginning(batch, hidden)...)
	f := graph.NewFunc(graph.NewParams(1), reader(hidden, tokens))
	logits := map[graph.WeightFormat][]float32{}
	for _, w := range []graph.WeightFormat{graph.FullWeights, graph.BFloat16Weights, graph.Int8Weights, graph.FullWeights} {
		if err := f.SetWeightFormat(w); err != nil {
			t.Fatal(err)
		}
		out, err := f.Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		old, fresh := logits[w], append([]float32(nil), out[0].Float32s()...)
		for i, v := range old {
			if fresh[i] != v {
				t.Fatalf("%v: logit %d was %v and is %v", w, i, v, fresh[i])
			}
		}
		logits[w] = fresh
	}
	for w, bound := range map[graph.WeightFormat]float64{graph.BFloat16Weights: 0.005, graph.Int8Weights: 0.02} {
		var off, norm float64
		for i, v := range logits[graph.FullWeights] {
			off += math.Pow(float64(logits[w][i]-v), 2)
			norm += float64(v) * float64(v)
		}
		if got := math.Sqrt(off / norm); got > bound || got < bound/100 {
			t.Errorf("%v: logits are off by %.2g, want below %g, and more than nothing", w, got, bound)
		}
	}
}

// TestStreamWithReducedWeights compares steps with the sequence, bit for bit, and forks with streams of their own.
func TestStreamWithReducedWeights(t *testing.T) {
	const hidden, tokens, steps = 48, 60, 5
	for _, w := range []graph.WeightFormat{graph.FullWeights, graph.BFloat16Weights, graph.Int8Weights} {
		f := graph.NewFunc(graph.NewParams(1), reader(hidden, tokens))
		if err := f.SetWeightFormat(w); err != nil {
			t.Fatal(err)
		}
		ids := []int{7, 1, 59, 0, 30}
		whole, err := f.Run(append([]*tensor.Dense{graph.Ints(ids, steps, 1)}, beginning(1, hidden)...)...)
		if err != nil {
			t.Fatal(err)
		}
		want := append([]float32(nil), whole[0].Float32s()...)
		first, err := f.Stream(beginning(1, hidden), graph.Ints([]int{0}, 1, 1))
		if err != nil {
			t.Fatal(err)
		}
		other, err := first.Fork()
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			if i == 2 { // the fork of a stream under way goes on from there
				if other, err = first.Fork(); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range []*graph.Stream{first, other} {
				out, err := s.Step(graph.Ints([]int{id}, 1, 1))
				if err != nil {
					t.Fatal(err)
				}
				for j, v := range out[0].Float32s() {
					if math.Float32bits(v) != math.Float32bits(want[i*tokens+j]) {
						t.Fatalf("%v: step %d, logit %d: %v, in the whole sequence %v", w, i, j, v, want[i*tokens+j])
					}
				}
			}
		}
	}
}

// TestForksShareAllButTheState counts the memory of a thousand.
func TestForksShareAllButTheState(t *testing.T) {
	const hidden, forks = 512, 1000
	f := graph.NewFunc(graph.NewParams(1), reader(hidden, 65))
	s, err := f.Stream(beginning(1, hidden), graph.Ints([]int{0}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Step(graph.Ints([]int{3}, 1, 1)); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := make([]*graph.Stream, forks)
	for i := range all {
		if all[i], err = s.Fork(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / forks
	if state := 4 * 4 * hidden; each < float64(state) || each > 1.5*float64(state) {
		t.Errorf("a fork takes %.0f bytes, its state %d", each, state)
	}
	t.Logf("%.0f bytes a fork", each)
	runtime.KeepAlive(all)
}

// TestGradProgramsStay: a training goes on with the program it has while its validation reads other weights.
func TestGradProgramsStay(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.MatMul(in[0], g.Param("w", graph.GlorotUniform(), 4, 4)))}
	})
	x := graph.Floats(make([]float32, 8), 2, 4)
	program := func(grad bool) *graph.Program {
		get := f.Program
		if grad {
			get = f.GradProgram
		}
		p, err := get(x)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	run, grad := program(false), program(true)
	if err := f.SetWeightFormat(graph.Int8Weights); err != nil {
		t.Fatal(err)
	}
	if program(true) != grad || program(false) == run {
		t.Error("another weight format keeps the program of Run, or drops that of Grad")
	}
}

func TestSetWeightFormatRefuses(t *testing.T) {
	build := func(_ *graph.Graph, in []graph.Node) []graph.Node { return in }
	if err := graph.NewFunc(graph.NewParams64(1), build).SetWeightFormat(graph.Int8Weights); err == nil {
		t.Error("a store of float64 was taken")
	}
	if err := graph.NewFunc(graph.NewParams(1), build).SetWeightFormat(9); err == nil {
		t.Error("a format that there is not was taken")
	}
	if err := (*graph.Func)(nil).SetWeightFormat(graph.Int8Weights); err == nil {
		t.Error("no function was taken")
	}
	for _, w := range []graph.WeightFormat{graph.FullWeights, graph.BFloat16Weights, graph.Int8Weights} {
		if got, err := graph.ParseWeightFormat(w.String()); got != w || err != nil {
			t.Errorf("%v was read as %v, %v", w, got, err)
		}
	}
	if _, err := graph.ParseWeightFormat("int4"); err == nil {
		t.Error("int4 was taken")
	}
	if s := graph.WeightFormat(77).String(); s != "unknown" {
		t.Errorf("a format that there is not is %q", s)
	}
}
