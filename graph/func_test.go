package graph_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// languageModel is two layers of a cell over ids [T, B] with their targets.
func languageModel(cell recurrent.Cell, vocabulary, width int) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: vocabulary, Size: width}.Apply(g.Scope("embedding"), in[0])
		y, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.StackOf(2, cell), x, recurrent.Options{})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: vocabulary}.Apply(g.Scope("head"), y), in[1])}
	}
}

// Losses and gradients have the same bits on one processor and on several, in every run.
func TestBitsDoNotDependOnProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, cell := range map[string]recurrent.Cell{"lstm": recurrent.LSTM{Hidden: 140}, "gru": recurrent.GRU{Hidden: 140}} {
		var want []float32
		for _, processors := range []int{1, 2, 3, 8} {
			runtime.GOMAXPROCS(processors)
			p := graph.NewParams(1)
			f := graph.NewFunc(p, languageModel(cell, 600, 50))
			for range 2 {
				out, err := f.Grad(graphtest.RandomIDs(1, 600, 7, 37), graphtest.RandomIDs(2, 600, 7, 37))
				if err != nil {
					t.Fatal(err)
				}
				got := append([]float32{}, out[0].Float32s()...)
				for i := range p.Len() {
					got = append(got, p.At(i).Grad().Float32s()...)
				}
				if want == nil {
					want = got
				}
				for i := range want {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%s: number %d is %v on %d processors, %v before", name, i, got[i], processors, want[i])
					}
				}
			}
		}
	}
}

// A function keeps programs of so many instructions in all, those that were used last, and always the one that runs.
func TestCacheSteps(t *testing.T) {
	p := graph.NewParams(1)
	builds := 0
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		builds++
		return languageModel(recurrent.GRU{Hidden: 6}, 9, 4)(g, in)
	})
	run := func(steps int) (compiled bool) {
		t.Helper()
		before := builds
		if _, err := f.Run(graphtest.RandomIDs(1, 9, steps, 2), graphtest.RandomIDs(2, 9, steps, 2)); err != nil {
			t.Fatal(err)
		}
		return builds > before
	}
	size := func(steps int) int {
		t.Helper()
		program, err := f.Program(graphtest.RandomIDs(1, 9, steps, 2), graphtest.RandomIDs(2, 9, steps, 2))
		if err != nil {
			t.Fatal(err)
		}
		return program.Steps()
	}
	room := size(20) + size(10) + size(5)
	f.SetCacheSteps(room)
	run(30) // the memory for intermediate values is as large as it gets
	for _, c := range []struct {
		steps int
		want  bool // compiled
	}{{20, true}, {10, true}, {5, true}, {20, false}, {6, true}, {20, false}, {10, true}, {5, true}, {30, true}, {5, false}, {20, true}} {
		if got := run(c.steps); got != c.want {
			t.Errorf("%d steps: compiled %v; want %v", c.steps, got, c.want)
		}
	}
	f.SetCacheSteps(0)
	for _, steps := range []int{30, 20, 10} {
		run(steps)
	}
	for _, steps := range []int{30, 20, 10} {
		if run(steps) {
			t.Errorf("%d steps are compiled again without a bound", steps)
		}
	}
}

// Thousands of lengths do not pile up: a function keeps a limited number of programs, and those share their memory.
func TestManyLengths(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), languageModel(recurrent.GRU{Hidden: 6}, 9, 4))
	f.SetCacheSize(3)
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	grad := func(steps int) float64 {
		t.Helper()
		out, err := f.Grad(graphtest.RandomIDs(1, 9, steps, 2), graphtest.RandomIDs(2, 9, steps, 2))
		if err != nil {
			t.Fatal(err)
		}
		return graph.Scalar(out[0])
	}
	first := grad(5)
	for steps := 1; steps <= 20; steps++ {
		grad(steps)
	}
	before := used()
	for range 4 {
		for steps := 1; steps <= 20; steps++ {
			grad(steps)
		}
	}
	if after := used(); after > before+before/2+1<<20 {
		t.Errorf("%d bytes in use after 20 programs, %d after 100", before, after)
	}
	if again := grad(5); again != first {
		t.Errorf("loss %v, %v after other lengths", first, again)
	}
}

// Programs of one function use one arena, and do not disturb each other's outputs.
func TestProgramsShareMemory(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, languageModel(recurrent.LSTM{Hidden: 8}, 9, 4))
	run := func(f *graph.Func, steps int) *tensor.Dense {
		t.Helper()
		out, err := f.Grad(graphtest.RandomIDs(1, 9, steps, 3), graphtest.RandomIDs(2, 9, steps, 3))
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	for _, steps := range []int{4, 9, 2, 9, 30, 4} {
		kept := run(f, 3)
		value := graph.Scalar(kept)
		got, want := graph.Scalar(run(f, steps)), graph.Scalar(run(graph.NewFunc(p, languageModel(recurrent.LSTM{Hidden: 8}, 9, 4)), steps))
		if got != want {
			t.Errorf("%d steps: %v in shared memory, %v alone", steps, got, want)
		}
		if graph.Scalar(kept) != value {
			t.Errorf("an output changed from %v to %v", value, graph.Scalar(kept))
		}
	}
}
