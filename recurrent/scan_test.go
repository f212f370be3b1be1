package recurrent_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/celltest"
)

// average is a Scanner as a user would write it: a moving average whose rate is learnt.
type average struct{ width int }

func (c average) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.width)}
}

func (c average) rate(g *graph.Graph) graph.Node {
	return g.Sigmoid(g.Param("rate", graph.Constant(0), c.width))
}

func (c average) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	rate := c.rate(g)
	h := g.Add(g.Mul(rate, s[0]), g.Mul(g.Affine(rate, -1, 1), x))
	return h, recurrent.State{h}
}

func (c average) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	rate := c.rate(g)
	h, last := o.Linear(g, rate, g.Mul(g.Affine(rate, -1, 1), x), s[0])
	return h, recurrent.State{last}
}

// forgetful returns no state from its scan.
type forgetful struct{ average }

func (c forgetful) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	y, _ := c.average.Scan(g, x, s, o)
	return y, nil
}

// Order's methods serve a cell of one's own; 37 and 64 steps halve evenly, and not.
func TestScanOfOnesOwn(t *testing.T) {
	for _, steps := range []int{37, 64} {
		celltest.Check(t, celltest.Case{Cell: average{width: 3}, Steps: steps, Samples: 3})
	}
}

// scanLoss is sequenceLoss over Scan, with a given initial state.
func scanLoss(cell recurrent.Scanner, o recurrent.Options) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, final := recurrent.Scan(g, cell, in[0], o)
		loss := g.Sum(g.Square(y))
		for _, s := range final {
			loss = g.Add(loss, g.Sum(s))
		}
		return []graph.Node{loss}
	}
}

// A scan is made of O(log T) operations and is quick to compile, whatever T.
func TestScanIsLogarithmic(t *testing.T) {
	steps := func(T int) int {
		f := graph.NewFunc(graph.NewParams(1), scanLoss(recurrent.MinLSTM{Hidden: 4}, recurrent.Options{}))
		program, err := f.GradProgram(graph.Floats(make([]float32, T*2*3), T, 2, 3))
		if err != nil {
			t.Fatal(err)
		}
		return program.Steps()
	}
	short, long := steps(16), steps(4096)
	t.Logf("T=16: %d steps; T=4096: %d steps", short, long)
	if long > 4*short { // log 4096 = 3·log 16
		t.Errorf("%d steps for T=4096, %d for T=16", long, short)
	}
}

// An initial state that is given takes part in every step, and an empty sequence hands it on.
func TestScanFromAState(t *testing.T) {
	for name, cell := range map[string]recurrent.Scanner{
		"sru": recurrent.SRU{Hidden: 4}, "qrnn": recurrent.QRNN{Hidden: 4, Window: 3}, "min gru": recurrent.MinGRU{Hidden: 4},
		"min lstm": recurrent.MinLSTM{Hidden: 4}, "lru": recurrent.LRU{Hidden: 4, State: 3},
	} {
		for _, reverse := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				p := graph.NewParams64(1)
				out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
					o := recurrent.Options{Lengths: in[1], Reverse: reverse}
					for i, s := range cell.Begin(g, 3) {
						o.Initial = append(o.Initial, g.Const(graphtest.Random(uint64(10+i), s.Shape()...)))
					}
					y, final := recurrent.Unroll(g, cell, in[0], o)
					z, last := recurrent.Scan(g.Shared(), cell, in[0], o)
					return append(append([]graph.Node{y, z}, final...), last...)
				}).Run(graphtest.Random(1, 5, 3, 2), graph.Ints([]int{5, 0, 2}))
				if err != nil {
					t.Fatal(err)
				}
				graphtest.Close(t, "outputs", out[1], out[0], 1e-12)
				n := (len(out) - 2) / 2
				for i := range n {
					graphtest.Close(t, "final state", out[2+n+i], out[2+i], 1e-12)
					empty := out[2+n+i].Float64s()
					width := len(empty) / 3
					first := graphtest.Random(uint64(10+i), 3, width).Float64s()
					agree(t, "state of the empty sequence", empty[width:2*width], first[width:2*width])
				}
			})
		}
	}
}

// A learned initial state and windows that go on, or do not, mean the same to Scan as to Unroll.
func TestScanOptions(t *testing.T) {
	out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		o := recurrent.Options{LearnInitial: true, Continue: in[1], Initial: recurrent.State{in[2]}, Dropout: recurrent.SequenceDropout{Input: 0.4}}
		y, final := recurrent.Unroll(g, recurrent.MinGRU{Hidden: 4}, in[0], o)
		z, last := recurrent.Scan(g.Shared(), recurrent.MinGRU{Hidden: 4}, in[0], o)
		return []graph.Node{y, z, final[0], last[0]}
	}).Run(graphtest.Random(1, 5, 3, 2), graph.Floats64([]float64{1, 0, 1}, 3), graphtest.Random(2, 3, 4))
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "outputs", out[1], out[0], 1e-12)
	graphtest.Close(t, "final state", out[3], out[2], 1e-12)
}

// While training, input dropout takes the same features away from every step.
func TestScanDropsInputs(t *testing.T) {
	out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Scan(g, average{width: 50}, in[0], recurrent.Options{Dropout: recurrent.SequenceDropout{Input: 0.5}})
		return []graph.Node{g.Sum(y), y}
	}).Grad(graph.Floats64(ones(4*50), 4, 1, 50))
	if err != nil {
		t.Fatal(err)
	}
	y, dropped := out[1].Float64s(), 0
	for i := range 50 {
		for step := range 4 {
			if (y[i] == 0) != (y[step*50+i] == 0) {
				t.Errorf("feature %d is dropped at one step and kept at another", i)
			}
		}
		if y[i] == 0 {
			dropped++
		}
	}
	if dropped < 15 || dropped > 35 {
		t.Errorf("%d of 50 features dropped at rate 0.5", dropped)
	}
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

func TestScanRefuses(t *testing.T) {
	x := graph.Floats(make([]float32, 4*2*3), 4, 2, 3)
	cell := recurrent.MinGRU{Hidden: 5}
	for want, build := range map[string]graph.Build{
		"recurrent dropout, traces and Recompute need one step after the other: use Unroll": scanLoss(
			cell, recurrent.Options{Dropout: recurrent.SequenceDropout{Recurrent: 0.1}}),
		"Continue says which sequences go on from Initial, which is not given": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return scanLoss(cell, recurrent.Options{Continue: g.Full(1, 2)})(g, in)
		},
		"SRU in layer 0: with peepholes it is not linear in its state": scanLoss(
			recurrent.SRU{Hidden: 2, Peepholes: true}, recurrent.Options{}),
		"MinGRU in layer 0: hidden size 0; want at least 1": scanLoss(recurrent.MinGRU{}, recurrent.Options{}),
		"the cell's scan returned 0 states, its Begin 1":    scanLoss(forgetful{average{3}}, recurrent.Options{}),
		"want a sequence [T, B, I], found [4 6]": func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Scan(g, cell, g.Reshape(in[0], 4, 6), recurrent.Options{})
			return []graph.Node{y}
		},
		"the initial state has 2 entries; want 1": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return scanLoss(cell, recurrent.Options{Initial: recurrent.State{g.Full(0, 2, 5), g.Full(0, 2, 5)}})(g, in)
		},
		"want lengths [2], ids, found ids [3]": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return scanLoss(cell, recurrent.Options{Lengths: g.Const(graph.Ints([]int{1, 2, 3}))})(g, in)
		},
		"length 5 of sequence 1; want 0 to 4": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return scanLoss(cell, recurrent.Options{Lengths: g.Const(graph.Ints([]int{1, 5}))})(g, in)
		},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), build).Run(x)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
