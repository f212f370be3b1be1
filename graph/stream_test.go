package graph_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// sequence maps ids [T, B] and two layers' states to logits and the next states.
func sequence(g *graph.Graph, in []graph.Node) []graph.Node {
	x := nn.Embedding{Tokens: 20, Size: 9}.Apply(g.Scope("embedding"), in[0])
	cell := recurrent.StackOf(2, recurrent.LSTM{Hidden: 70})
	y, next := recurrent.Unroll(g.Scope("rnn"), cell, x, recurrent.Options{Initial: in[1:]})
	return append([]graph.Node{nn.Head{Classes: 20}.Apply(g.Scope("head"), y)}, next...)
}

// A stream gives the bits of the whole sequence, alone and in a batch, forgets nothing and allocates nothing.
func TestStream(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, sequence)
	for _, batch := range []int{1, 2, 5, 40} {
		const steps = 6
		ids := graphtest.RandomIDs(3, 20, steps, batch)
		var zeros []*tensor.Dense
		for range 4 {
			zeros = append(zeros, graph.Floats(make([]float32, batch*70), batch, 70))
		}
		whole, err := f.Run(append([]*tensor.Dense{ids}, zeros...)...)
		if err != nil {
			t.Fatal(err)
		}
		want := whole[0].Clone().(*tensor.Dense).Float32s()
		step := graph.Ints(make([]int, batch), 1, batch)
		s, err := f.Stream(zeros, step)
		if err != nil {
			t.Fatal(err)
		}
		for round := range 2 {
			for i := range steps {
				copy(step.Ints(), ids.Ints()[i*batch:])
				out, err := s.Step(step)
				if err != nil {
					t.Fatal(err)
				}
				for j, v := range out[0].Float32s() {
					if w := want[i*batch*20+j]; v != w {
						t.Fatalf("batch %d, round %d, step %d: logit %d is %v, %v in the sequence", batch, round, i, j, v, w)
					}
				}
			}
			if err := s.Reset(zeros...); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(20, func() { s.Step(step) }); n != 0 {
			t.Errorf("batch %d: %v allocations a step", batch, n)
		}
	}
}

// A stream keeps the weights it began with until it is refreshed.
func TestStreamRefresh(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, sequence)
	var zeros []*tensor.Dense
	for range 4 {
		zeros = append(zeros, graph.Floats(make([]float32, 70), 1, 70))
	}
	id := graph.Ints([]int{7}, 1, 1)
	s, err := f.Stream(zeros, id)
	if err != nil {
		t.Fatal(err)
	}
	first := func() float32 {
		t.Helper()
		if err := s.Reset(zeros...); err != nil {
			t.Fatal(err)
		}
		out, err := s.Step(id)
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Float32s()[0]
	}
	before := first()
	for i := range p.Len() {
		v := p.At(i).Value().Float32s()
		for j := range v {
			v[j] *= 2
		}
	}
	stale := first()
	s.Refresh()
	whole, err := f.Run(append([]*tensor.Dense{id}, zeros...)...)
	if err != nil {
		t.Fatal(err)
	}
	if after := first(); after == before || after != whole[0].Float32s()[0] {
		t.Errorf("%v before, %v without a refresh, %v after, want %v", before, stale, after, whole[0].Float32s()[0])
	}
}

func TestStreamErrors(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Add(in[0], in[1])}
	})
	x, wide := graph.Floats(make([]float32, 3), 1, 3), graph.Floats(make([]float32, 6), 2, 3)
	want := func(err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("want an error with %q, found %v", text, err)
		}
	}
	_, err := f.Stream([]*tensor.Dense{x, x}, x)
	want(err, "returns 1 values; want the 2 states")
	_, err = f.Stream([]*tensor.Dense{x}, wide)
	want(err, "state 0 is float32 [1 3]; the function's next is float32 [2 3]")
	s, err := f.Stream([]*tensor.Dense{x}, x)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Step()
	want(err, "1 inputs, found 0")
	want(s.Reset(wide), "want float32 [1 3], found float32 [2 3]")
	want(s.Reset(), "1 states, found 0")
	_, err = s.Step(wide)
	want(err, "input 0 (input0): want float32 [1 3]")
}
