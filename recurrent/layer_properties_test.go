package recurrent_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// layerCase is a random network with its options and data.
type layerCase struct {
	name    string
	layer   recurrent.Layer
	options recurrent.Options
	x       *tensor.Dense
	lengths []int
}

func randomLayer(seed uint64) layerCase {
	rng := rand.New(rand.NewPCG(seed, 7))
	T, B, I, H := 1+rng.IntN(5), 1+rng.IntN(4), 1+rng.IntN(4), 1+rng.IntN(5)
	cells := []recurrent.Cell{recurrent.RNN{Hidden: H}, recurrent.GRU{Hidden: H}, recurrent.LSTM{Hidden: H},
		recurrent.LSTM{Hidden: H, Peepholes: true}, recurrent.MGU{Hidden: H}, recurrent.IndRNN{Hidden: H, Tanh: true}}
	cell := cells[rng.IntN(len(cells))]
	name := fmt.Sprintf("%T", cell)
	if rng.IntN(3) == 0 {
		cell, name = recurrent.Zoneout{Cell: cell, HiddenRate: 0.3, MemoryRate: 0.2}, name+" zoneout"
	}
	var one recurrent.Layer = recurrent.Unidirectional{Cell: cell}
	if rng.IntN(2) == 0 {
		merge := recurrent.Merge(rng.IntN(4))
		one, name = recurrent.Bidirectional{Cell: cell, Merge: merge}, fmt.Sprint(name, " both ways, merge ", merge)
	}
	d := recurrent.DeepOf(1+rng.IntN(3), one)
	switch rng.IntN(3) {
	case 0:
		d.Residual, name = true, name+" residual"
	case 1:
		d.Highway, name = true, name+" highway"
	}
	c := layerCase{layer: d, x: graphtest.Random(seed, T, B, I)}
	if rng.IntN(2) == 0 {
		for range B {
			c.lengths = append(c.lengths, rng.IntN(T+1))
		}
	}
	if rng.IntN(3) == 0 {
		c.options.Dropout = recurrent.SequenceDropout{Input: 0.3, Recurrent: 0.2, Weights: 0.1}
		name += " dropout"
	}
	if rng.IntN(3) == 0 {
		c.options.LearnInitial = true
		name += " learned"
	}
	c.name = fmt.Sprintf("%d: %d x %s, T%dB%dI%dH%d %v", seed, len(d.Layers), name, T, B, I, H, c.lengths)
	return c
}

// run gives the outputs and the final states of the case.
func (c layerCase) run(g *graph.Graph, in []graph.Node) (graph.Node, recurrent.State) {
	o := c.options
	if len(in) > 1 {
		o.Lengths = in[1]
	}
	return c.layer.Apply(g.Scope("net"), in[0], o)
}

func (c layerCase) inputs() []*tensor.Dense {
	in := []*tensor.Dense{c.x}
	if c.lengths != nil {
		in = append(in, graph.Ints(c.lengths))
	}
	return in
}

// weighed is a loss that every output and every final state has a part in.
func (c layerCase) weighed(g *graph.Graph, in []graph.Node) []graph.Node {
	y, final := c.run(g, in)
	loss := g.Full(0)
	for i, n := range append([]graph.Node{y}, final...) {
		if !n.Valid() {
			return []graph.Node{n}
		}
		loss = g.Add(loss, g.Sum(g.Mul(n, g.Const(graphtest.Random(uint64(100+i), n.Shape()...)))))
	}
	return []graph.Node{loss}
}

// Gradients of random networks, with the masks that training draws.
func TestLayerGradients(t *testing.T) {
	for seed := range uint64(40) {
		c := randomLayer(seed)
		t.Run(c.name, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: c.weighed, Inputs: c.inputs(), Samples: 6, Training: true})
		})
	}
}

// Sequences of a batch do not see each other: in another order, the results are in that order, bit for bit. Padding gets
// no gradient, and what it holds does not matter.
func TestLayersTreatSequencesAlone(t *testing.T) {
	for seed := range uint64(40) {
		c := randomLayer(seed)
		c.options.Dropout = recurrent.SequenceDropout{}
		T, B, I := c.x.Shape()[0], c.x.Shape()[1], c.x.Shape()[2]
		order := rand.New(rand.NewPCG(seed, 1)).Perm(B)
		p := graph.NewParams64(seed)
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, final := c.run(g, in)
			return append([]graph.Node{y}, final...)
		})
		want, err := f.Run(c.inputs()...)
		if err != nil {
			t.Fatal(c.name, err)
		}
		kept := make([][]float64, len(want))
		for i, v := range want {
			kept[i] = slices.Clone(v.Float64s())
		}
		moved := c
		moved.x = graph.Floats64(make([]float64, T*B*I), T, B, I)
		moved.lengths = slices.Clone(c.lengths)
		for to, from := range order {
			for s := range T {
				row := moved.x.Float64s()[(s*B+to)*I:][:I]
				copy(row, c.x.Float64s()[(s*B+from)*I:])
				if c.lengths != nil && s >= c.lengths[from] {
					for i := range row {
						row[i] = 1e3
					}
				}
			}
			if c.lengths != nil {
				moved.lengths[to] = c.lengths[from]
			}
		}
		got, err := f.Run(moved.inputs()...)
		if err != nil {
			t.Fatal(c.name, err)
		}
		for i, v := range got {
			width := v.Shape()[len(v.Shape())-1]
			for row := range v.Shape().TotalSize() / width {
				from := row/B*B + order[row%B]
				for j := range width {
					if a, b := v.Float64s()[row*width+j], kept[i][from*width+j]; math.Float64bits(a) != math.Float64bits(b) {
						t.Fatalf("%s: result %d, row %d is %v after moving, %v before", c.name, i, row, a, b)
					}
				}
			}
		}
		paddingHasNoGradient(t, c)
	}
}

func paddingHasNoGradient(t *testing.T, c layerCase) {
	t.Helper()
	p := graph.NewParams64(1)
	if _, err := p.Add("x", c.x); err != nil {
		t.Fatal(err)
	}
	var in []*tensor.Dense
	if c.lengths != nil {
		in = append(in, graph.Ints(c.lengths))
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return c.weighed(g, append([]graph.Node{g.Param("x", nil, c.x.Shape()...)}, in...))
	})
	if _, err := f.Grad(in...); err != nil {
		t.Fatal(c.name, err)
	}
	B, I := c.x.Shape()[1], c.x.Shape()[2]
	for i, v := range p.Get("x").Grad().Float64s() {
		if c.lengths != nil && i/(B*I) >= c.lengths[i/I%B] && v != 0 {
			t.Fatalf("%s: element %d, which is padding, has gradient %v", c.name, i, v)
		}
	}
}

// The trace has every state and gate, in order of time, of both directions.
func TestTrace(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		trace := &recurrent.Trace{}
		_, final := recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 3}}.Apply(g.Scope("lstm"), in[0], recurrent.Options{Trace: trace})
		h, c, forget := trace.States[0], trace.States[1], trace.Gates["lstm.forget_gate_l0"]
		back := trace.Backward.States[0]
		last := g.Reshape(g.Slice(c, 0, 4, 5), 2, 3)
		first := g.Reshape(g.Slice(back, 0, 0, 1), 2, 3)
		return []graph.Node{h, forget, g.Sub(last, final[1]), g.Sub(first, final[2]), trace.Backward.Gates["lstm.input_gate_l0_reverse"]}
	})
	out, err := f.Run(graphtest.Float32(graphtest.Random(1, 5, 2, 4)))
	if err != nil {
		t.Fatal(err)
	}
	for i, shape := range [][]int{{5, 2, 3}, {5, 2, 3}, {2, 3}, {2, 3}, {5, 2, 3}} {
		if !slices.Equal(out[i].Shape(), shape) {
			t.Errorf("result %d has shape %v; want %v", i, out[i].Shape(), shape)
		}
	}
	for _, v := range append(slices.Clone(out[2].Float32s()), out[3].Float32s()...) {
		if v != 0 {
			t.Errorf("the trace ends in another state: %v", v)
		}
	}
	for _, v := range out[1].Float32s() {
		if v <= 0 || v >= 1 {
			t.Errorf("a forget gate of %v", v)
		}
	}
}

// A sequence that begins anew in a batch that goes on starts from the cell's own state.
func TestKeep(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g, recurrent.GRU{Hidden: 3}, in[0], recurrent.Options{Initial: in[1:2], Continue: in[2]})
		return []graph.Node{y}
	})
	x, state := graphtest.Float32(graphtest.Random(1, 2, 3, 4)), graphtest.Float32(graphtest.Random(2, 3, 3))
	run := func(state *tensor.Dense, keep ...float32) []float32 {
		t.Helper()
		out, err := f.Run(x, state, graph.Floats(keep))
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(out[0].Float32s())
	}
	zero := graph.Floats(make([]float32, 9), 3, 3)
	mixed, carried, fresh := run(state, 1, 0, 1), run(state, 1, 1, 1), run(zero, 1, 1, 1)
	for i, v := range mixed {
		want := carried[i]
		if i/3%3 == 1 {
			want = fresh[i]
		}
		if v != want {
			t.Errorf("element %d is %v, want %v", i, v, want)
		}
	}
}

// Variational masks are the same at all steps, and differ between batches.
func TestDropMasks(t *testing.T) {
	p := graph.NewParams(1)
	ones := graph.Floats(slices.Repeat([]float32{1}, 6*2*50), 6, 2, 50)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g, passing{50}, in[0], recurrent.Options{Dropout: recurrent.SequenceDropout{Input: 0.5}})
		return []graph.Node{g.Mean(y), y}
	})
	draw := func() []float32 {
		t.Helper()
		out, err := f.Grad(ones)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(out[1].Float32s())
	}
	a, b := draw(), draw()
	zeros, same := 0, 0
	for i, v := range a {
		if v != a[i%100] {
			t.Fatalf("step %d has another mask than step 0", i/100)
		}
		if v == 0 {
			zeros++
		} else if v != 2 {
			t.Fatalf("a kept element is %v, want 2", v)
		}
		if v == b[i] {
			same++
		}
	}
	if zeros < 150 || zeros > 450 || same > 450 {
		t.Errorf("%d of 600 dropped, %d alike in two batches", zeros, same)
	}
}

// passing is a cell that gives its input.
type passing struct{ width int }

func (c passing) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.width)}
}

func (c passing) Step(_ *graph.Graph, x graph.Node, _ recurrent.State) (graph.Node, recurrent.State) {
	return x, recurrent.State{x}
}

func TestLayerErrors(t *testing.T) {
	lstm := recurrent.LSTM{Hidden: 3}
	type run func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State)
	for want, f := range map[string]run{
		"it has no layers": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Deep{}.Apply(g, x, recurrent.Options{})
		},
		"Options.Reverse is set": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Bidirectional{Cell: lstm}.Apply(g, x, recurrent.Options{Reverse: true})
		},
		"its cell is a Stack of several cells; put": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Bidirectional{Cell: recurrent.StackOf(2, lstm)}.Apply(g, x, recurrent.Options{})
		},
		"unknown merge 9": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Bidirectional{Cell: lstm, Merge: 9}.Apply(g, x, recurrent.Options{})
		},
		"both Residual and Highway": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			d := recurrent.DeepOf(2, recurrent.Unidirectional{Cell: lstm})
			d.Residual, d.Highway = true, true
			return d.Apply(g, x, recurrent.Options{})
		},
		"recurrent dropout at rate 1": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Unroll(g, lstm, x, recurrent.Options{Dropout: recurrent.SequenceDropout{Recurrent: 1}})
		},
		"rates 0 and -1": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Unroll(g, recurrent.Zoneout{Cell: lstm, MemoryRate: -1}, x, recurrent.Options{})
		},
		"Zoneout in layer 0: its cell is a Stack of several cells; wrap": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Unroll(g, recurrent.Zoneout{Cell: recurrent.StackOf(2, lstm)}, x, recurrent.Options{})
		},
		"entries of an SLSTM's memory are scaled by one another": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Unroll(g, recurrent.Zoneout{Cell: recurrent.SLSTM{Hidden: 3}, HiddenRate: 0.1, MemoryRate: 0.1}, x, recurrent.Options{})
		},
		"the initial state has 1 entries": func(g *graph.Graph, x graph.Node) (graph.Node, recurrent.State) {
			return recurrent.Bidirectional{Cell: lstm}.Apply(g, x, recurrent.Options{Initial: recurrent.State{x}})
		},
	} {
		g := graph.New(graph.NewParams(1))
		f(g, g.Input("x", 4, 2, 3))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, found %v", want, err)
		}
	}
}
