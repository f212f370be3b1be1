package recurrent_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// lcLayers are layers of one cell.
func lcLayers(n int, cell recurrent.Cell, chunk, ahead int) recurrent.LatencyControlled {
	return recurrent.LatencyControlled{Cells: slices.Repeat([]recurrent.Cell{cell}, n), Chunk: chunk, Ahead: ahead}
}

// Outputs, states and all gradients are those of PyTorch's layers that read a chunk after the other, which testdata/record_latency.py
// recorded.
func TestLatencyControlledAgreesWithPyTorch(t *testing.T) {
	files, err := filepath.Glob("testdata/latency/*.safetensors")
	if err != nil || len(files) != 10 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { compareLatency(t, file) })
	}
}

func compareLatency(t *testing.T, file string) {
	rec, meta := graphtest.Golden(t, file)
	number := func(name string) int {
		n, err := strconv.Atoi(meta[name])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var cell recurrent.Cell = recurrent.GRU{Hidden: number("hidden")}
	if meta["cell"] == "lstm" {
		cell = recurrent.LSTM{Hidden: number("hidden")}
	}
	compareRecorded(t, rec, number("layers"), 1e-10, lcLayers(number("layers"), cell, number("chunk"), number("ahead")).Apply)
}

// Chunk after chunk, Next has the outputs and the states of Apply, for cells of all kinds and odd sizes; and layers whose chunk is longer
// than the sequence are bidirectional ones over it and the zeros behind it.
func TestLatencyControlledChunkByChunk(t *testing.T) {
	for name, cell := range map[string]recurrent.Cell{
		"gru": recurrent.GRU{Hidden: 5}, "lstm": recurrent.LSTM{Hidden: 5}, "sru": recurrent.SRU{Hidden: 5}, "mgu": recurrent.MGU{Hidden: 5},
		"zoneout": recurrent.Zoneout{Cell: recurrent.RNN{Hidden: 5}, HiddenRate: 0.1},
	} {
		for _, size := range []struct{ layers, steps, chunk, ahead int }{{1, 1, 1, 0}, {2, 6, 3, 2}, {3, 12, 4, 9}, {2, 5, 1, 1}, {2, 300, 300, 1}} {
			l := lcLayers(size.layers, cell, size.chunk, size.ahead)
			l.Residual = size.layers == 3
			x, p := graphtest.Random(1, size.steps, 2, 10), graph.NewParams64(1)
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, s := l.Apply(g, in[0], recurrent.Options{})
				return append([]graph.Node{y}, s...)
			})
			want, err := f.Run(x)
			if err != nil {
				t.Fatal(name, size, err)
			}
			next := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, s := l.Next(g, in[0], recurrent.Options{Initial: in[1:]})
				return append([]graph.Node{y}, s...)
			})
			begin := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return l.Begin(g, 2) })
			state, err := begin.Run()
			if err != nil {
				t.Fatal(err)
			}
			for at := 0; at < size.steps; at += size.chunk {
				window := make([]float64, (size.chunk+size.ahead)*2*10)
				copy(window, x.Float64s()[at*20:])
				out, err := next.Run(append([]*tensor.Dense{graph.Floats64(window, size.chunk+size.ahead, 2, 10)}, state...)...)
				if err != nil {
					t.Fatal(name, size, err)
				}
				now := graph.Floats64(want[0].Float64s()[at*20:][:size.chunk*20], size.chunk, 2, 10)
				graphtest.Close(t, fmt.Sprintf("%s, %v: the chunk at step %d", name, size, at), out[0], now, 1e-12)
				state = out[1:]
				for i := range state {
					state[i] = state[i].Clone().(*tensor.Dense)
				}
			}
			for i := range state {
				graphtest.Close(t, fmt.Sprintf("%s, %v: entry %d of the state", name, size, i), state[i], want[1+i], 1e-12)
			}
			if size.chunk < size.steps || size.layers == 3 {
				continue
			}
			deep := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				padded := in[0]
				if size.ahead > 0 {
					padded = g.Concat(0, padded, g.Full(0, size.ahead, 2, 10))
				}
				y, _ := recurrent.DeepOf(size.layers, recurrent.Bidirectional{Cell: cell}).Apply(g, padded, recurrent.Options{})
				return []graph.Node{g.Slice(y, 0, 0, size.steps)}
			})
			out, err := deep.Run(x)
			if err != nil {
				t.Fatal(name, size, err)
			}
			graphtest.Close(t, name, want[0], out[0], 1e-12)
		}
	}
}

func TestLatencyControlledGradient(t *testing.T) {
	l := lcLayers(3, recurrent.GRU{Hidden: 2}, 2, 1)
	for _, steps := range []int{1, 5} {
		graphtest.CheckGradient(t, graphtest.Gradient{
			Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, s := l.Apply(g, in[0], recurrent.Options{Recompute: 2})
				return []graph.Node{g.Add(g.Mean(g.Square(y)), g.Mean(g.Square(s[1])))}
			},
			Inputs: []*tensor.Dense{graphtest.Random(7, steps, 2, 3)},
		})
	}
}

// What comes later than Ahead steps behind a chunk changes nothing in it, however many layers there are.
func TestLatencyControlledSeesNoFurther(t *testing.T) {
	l := lcLayers(3, recurrent.LSTM{Hidden: 4}, 3, 2)
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := l.Apply(g, in[0], recurrent.Options{})
		return []graph.Node{y}
	})
	chunk := func(x *tensor.Dense) []float64 {
		out, err := f.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(out[0].Float64s()[:3*8])
	}
	x := graphtest.Random(3, 9, 1, 4)
	want := chunk(x)
	x.Float64s()[5*4]++
	if !slices.Equal(chunk(x), want) {
		t.Error("the first chunk knows of step 5")
	}
	x.Float64s()[4*4]++
	if slices.Equal(chunk(x), want) {
		t.Error("the first chunk does not know of step 4")
	}
}

func TestLatencyControlledMistakes(t *testing.T) {
	gru := recurrent.GRU{Hidden: 2}
	for want, l := range map[string]recurrent.LatencyControlled{
		"it has no cells; want one of each layer":            {Chunk: 1},
		"chunks of 0 steps with 0 ahead; want 1 to 1000000":  {Cells: []recurrent.Cell{gru}},
		"chunks of 2 steps with -1 ahead; want 1 to 1000000": {Cells: []recurrent.Cell{gru}, Chunk: 2, Ahead: -1},
		"it has no Cell": {Cells: []recurrent.Cell{nil}, Chunk: 1},
		"its cell is a Stack of several cells; want one cell for":   {Cells: []recurrent.Cell{recurrent.StackOf(2, gru)}, Chunk: 1},
		"Options.Reverse, LearnInitial, Continue and Trace are not": {Cells: []recurrent.Cell{gru}, Chunk: 3},
		"the initial state has 1 entries; want more":                {Cells: []recurrent.Cell{gru, gru}, Chunk: 4},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			o := recurrent.Options{Reverse: l.Chunk == 3}
			if l.Chunk == 4 {
				o.Initial = recurrent.State{g.Full(0, 2, 2)}
			}
			y, _ := l.Apply(g, in[0], o)
			return []graph.Node{y}
		}).Run(graphtest.Float32(graphtest.Random(1, 4, 2, 3)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	_, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := lcLayers(1, gru, 2, 1).Next(g, in[0], recurrent.Options{})
		return []graph.Node{y}
	}).Run(graphtest.Float32(graphtest.Random(1, 4, 2, 3)))
	if err == nil || !strings.Contains(err.Error(), "a chunk of 4 steps (with Options.Lengths: false); want 3") {
		t.Error(err)
	}
}
