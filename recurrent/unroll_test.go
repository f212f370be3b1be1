package recurrent_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// counter is a cell whose state counts its steps and whose output is the input plus the count: it tests the unroller
// alone.
type counter struct{}

func (counter) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, 1)}
}

func (counter) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	next := g.AddScalar(s[0], 1)
	return g.Add(x, next), recurrent.State{next}
}

func TestUnroll(t *testing.T) {
	x := graph.Floats64([]float64{10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30}, 4, 3, 1)
	for name, c := range map[string]struct {
		lengths []int
		reverse bool
		y       []float64
		final   []float64
	}{
		"forward":         {nil, false, []float64{11, 21, 31, 12, 22, 32, 13, 23, 33, 14, 24, 34}, []float64{4, 4, 4}},
		"reverse":         {nil, true, []float64{14, 24, 34, 13, 23, 33, 12, 22, 32, 11, 21, 31}, []float64{4, 4, 4}},
		"lengths":         {[]int{2, 0, 4}, false, []float64{11, 0, 31, 12, 0, 32, 0, 0, 33, 0, 0, 34}, []float64{2, 0, 4}},
		"reverse lengths": {[]int{2, 0, 4}, true, []float64{12, 0, 34, 11, 0, 33, 0, 0, 32, 0, 0, 31}, []float64{2, 0, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			in := []*tensor.Dense{x}
			if c.lengths != nil {
				in = append(in, graph.Ints(c.lengths))
			}
			out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
				o := recurrent.Options{Reverse: c.reverse}
				if len(in) > 1 {
					o.Lengths = in[1]
				}
				y, final := recurrent.Unroll(g, counter{}, in[0], o)
				return append([]graph.Node{y}, final...)
			}).Run(in...)
			if err != nil {
				t.Fatal(err)
			}
			graphtest.Close(t, "outputs", out[0], graph.Floats64(c.y, 4, 3, 1), 0)
			graphtest.Close(t, "final state", out[1], graph.Floats64(c.final, 3, 1), 0)
		})
	}
}

func TestGradientsWithLengths(t *testing.T) {
	for name, cell := range cells(3) {
		for _, reverse := range []bool{false, true} {
			t.Run(fmt.Sprint(name, reverse), func(t *testing.T) {
				graphtest.CheckGradient(t, graphtest.Gradient{
					Build:  sequenceLoss(cell, recurrent.Options{Reverse: reverse}),
					Inputs: []*tensor.Dense{graphtest.Random(3, 4, 3, 2), graph.Ints([]int{2, 0, 4})},
				})
			})
		}
	}
}

// Hidden size 300 is past the byte limit of Gorgonia's Slice; T = 50 shares the weights over many steps.
func TestGradientsAtSize(t *testing.T) {
	for name, cell := range map[string]recurrent.Cell{"lstm": recurrent.LSTM{Hidden: 300}, "gru": recurrent.GRU{Hidden: 300}} {
		t.Run(name+" hidden 300", func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: sequenceLoss(cell, recurrent.Options{}), Samples: 6,
				Inputs: []*tensor.Dense{graphtest.Random(1, 2, 2, 3)}})
		})
	}
	for name, cell := range cells(4) {
		t.Run(name+" T 50", func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: sequenceLoss(cell, recurrent.Options{}), Samples: 8,
				Inputs: []*tensor.Dense{graphtest.Random(1, 50, 2, 3)}})
		})
	}
}

// Padding gets no gradient, and what stands there, even NaN times weight, changes nothing.
func TestPaddingIsInert(t *testing.T) {
	for name, cell := range cells(4) {
		t.Run(name, func(t *testing.T) {
			grads := func(padding float64) (loss float64, dx []float64) {
				p := graph.NewParams64(1)
				x := graphtest.Random(1, 4, 2, 3)
				for i := 3 * 2 * 3; i < 4*2*3; i++ { // the last step is padding for both
					x.Float64s()[i] = padding
				}
				q, err := p.Add("x", x)
				if err != nil {
					t.Fatal(err)
				}
				out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
					return sequenceLoss(cell, recurrent.Options{})(g, []graph.Node{g.Param("x", nil, 4, 2, 3), in[0]})
				}).Grad(graph.Ints([]int{3, 1}))
				if err != nil {
					t.Fatal(err)
				}
				return graph.Scalar(out[0]), q.Grad().Float64s()
			}
			a, da := grads(0)
			b, db := grads(1e6)
			if a != b {
				t.Errorf("loss %v with padding 0, %v with padding 1e6", a, b)
			}
			for i := range da {
				if i >= 3*2*3 && db[i] != 0 || da[i] != db[i] {
					t.Errorf("gradient of element %d is %v with padding 0, %v with padding 1e6", i, da[i], db[i])
				}
			}
		})
	}
}

// Step, called once a token with the state handed on, gives what Unroll gives.
func TestStepIsUnroll(t *testing.T) {
	for name, cell := range cells(5) {
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams(1)
			x := graphtest.Float32(graphtest.Random(2, 6, 2, 3))
			whole, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, _ := recurrent.Unroll(g.Scope("net"), cell, in[0], recurrent.Options{})
				return []graph.Node{y}
			}).Run(x)
			if err != nil {
				t.Fatal(err)
			}
			p.Seal()
			step := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, next := recurrent.Step(g.Scope("net"), cell, in[0], in[1:])
				return append([]graph.Node{y}, next...)
			})
			args := []*tensor.Dense{nil}
			for range cell.Begin(graph.New(graph.NewParams(1)), 2) {
				args = append(args, graph.Floats(make([]float32, 10), 2, 5))
			}
			for s := range 6 {
				args[0] = graph.Floats(x.Float32s()[s*6:s*6+6], 2, 3)
				out, err := step.Run(args...)
				if err != nil {
					t.Fatal(err)
				}
				copy(args[1:], out[1:])
				for i, v := range out[0].Float32s() {
					if want := whole[0].Float32s()[s*10+i]; math.Float32bits(v) != math.Float32bits(want) {
						t.Fatalf("step %d: %v, want %v", s, v, want)
					}
				}
			}
		})
	}
}

func TestDropoutBetweenLayers(t *testing.T) {
	stack := recurrent.StackOf(3, recurrent.GRU{Hidden: 4})
	stack.Dropout = 0.5
	graphtest.CheckGradient(t, graphtest.Gradient{Build: sequenceLoss(stack, recurrent.Options{}), Training: true, Seed: 3,
		Inputs: []*tensor.Dense{graphtest.Random(1, 4, 2, 3)}})
}

// The forget gate's bias starts at one, once; recurrent weights start orthogonal gate by gate.
func TestStartingWeights(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, sequenceLoss(recurrent.StackOf(2, recurrent.LSTM{Hidden: 2}), recurrent.Options{}))
	if _, err := f.Run(graphtest.Random(1, 2, 1, 3)); err != nil {
		t.Fatal(err)
	}
	for _, layer := range []string{"_l0", "_l1"} {
		graphtest.Close(t, "bias_ih", p.Get("bias_ih"+layer).Value(), graph.Floats64([]float64{0, 0, 1, 1, 0, 0, 0, 0}), 0)
		graphtest.Close(t, "bias_hh", p.Get("bias_hh"+layer).Value(), graph.Floats64(make([]float64, 8)), 0)
		u := p.Get("weight_hh" + layer).Value().Float64s()
		for gate := range 4 {
			w := u[gate*4 : gate*4+4]
			if d := w[0]*w[2] + w[1]*w[3]; math.Abs(d) > 1e-14 || math.Abs(w[0]*w[0]+w[1]*w[1]-1) > 1e-14 {
				t.Errorf("gate %d of %s is not orthogonal: %v", gate, layer, w)
			}
		}
	}
}

func TestBadUse(t *testing.T) {
	x := graphtest.Float32(graphtest.Random(1, 4, 2, 3))
	unroll := func(c recurrent.Cell, o func(g *graph.Graph) recurrent.Options) graph.Build {
		return func(g *graph.Graph, in []graph.Node) []graph.Node {
			var options recurrent.Options
			if o != nil {
				options = o(g)
			}
			y, _ := recurrent.Unroll(g.Scope("net"), c, in[0], options)
			return []graph.Node{y}
		}
	}
	lstm := recurrent.LSTM{Hidden: 5}
	for want, build := range map[string]graph.Build{
		"LSTM in net layer 0: hidden size 0; want at least 1": unroll(recurrent.LSTM{}, nil),
		"RNN in net layer 0: hidden size -1":                  unroll(recurrent.RNN{Hidden: -1}, nil),
		"GRU in net layer 0: hidden size 0":                   unroll(recurrent.GRU{}, nil),
		"Stack in net layer 0: it has no cells":               unroll(recurrent.Stack{}, nil),
		"want a sequence [T, B, I], found [4 6]": func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Unroll(g, lstm, g.Reshape(in[0], 4, 6), recurrent.Options{})
			return []graph.Node{y}
		},
		"the initial state has 1 entries; want 2": unroll(lstm, func(g *graph.Graph) recurrent.Options {
			return recurrent.Options{Initial: recurrent.State{g.Full(0, 2, 5)}}
		}),
		"entry 1 of the initial state has shape [2 4]; want [2 5]": unroll(lstm, func(g *graph.Graph) recurrent.Options {
			return recurrent.Options{Initial: recurrent.State{g.Full(0, 2, 5), g.Full(0, 2, 4)}}
		}),
		"want lengths [2], ids, found ids [3]": unroll(lstm, func(g *graph.Graph) recurrent.Options {
			return recurrent.Options{Lengths: g.Const(graph.Ints([]int{1, 2, 3}))}
		}),
		"length 5 of sequence 1; want 0 to 4": unroll(lstm, func(g *graph.Graph) recurrent.Options {
			return recurrent.Options{Lengths: g.Const(graph.Ints([]int{1, 5}))}
		}),
		"Step: want an input [B, I], found [4 2 3]": func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Step(g, lstm, in[0], lstm.Begin(g, 2))
			return []graph.Node{y}
		},
		"the cell's step returned entry 0 of the state with shape [2 10], its Begin with [2 5]": unroll(widening{recurrent.RNN{Hidden: 5}}, nil),
		"parameter net.weight_ih_l0 is asked for twice": func(g *graph.Graph, in []graph.Node) []graph.Node {
			for range 2 {
				recurrent.Unroll(g.Scope("net"), lstm, in[0], recurrent.Options{})
			}
			return []graph.Node{g.Sum(in[0])}
		},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), build).Run(x)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// widening is a cell whose state grows with every step, which no cell's may.
type widening struct{ recurrent.RNN }

func (c widening) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	y, next := c.RNN.Step(g, x, s)
	return y, recurrent.State{g.Concat(1, next[0], y)}
}

// Building, differentiating and compiling costs the same for every step, counted in instructions, allocations and bytes.
// The time, which Gorgonia alone takes in proportion to T², is BenchmarkCompile's.
func TestCompileIsLinear(t *testing.T) {
	type cost struct{ steps, allocations, bytes uint64 }
	compile := func(T int) cost {
		x := graph.Floats(make([]float32, T*2*3), T, 2, 3)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f := graph.NewFunc(graph.NewParams(1), sequenceLoss(recurrent.LSTM{Hidden: 8}, recurrent.Options{}))
		program, err := f.GradProgram(x)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		return cost{uint64(program.Steps()), after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}
	}
	compile(100) // what is made once, whatever is compiled
	short, long := compile(100), compile(800)
	t.Logf("T=100: %+v; T=800: %+v", short, long)
	within := func(what string, long, short uint64) {
		if long > 8*short+short/2 { // quadratic would be 64
			t.Errorf("%d %s for T=800, %d for T=100", long, what, short)
		}
	}
	within("instructions", long.steps, short.steps)
	within("allocations", long.allocations, short.allocations)
	within("bytes", long.bytes, short.bytes)
}

// A padded batch gives each sequence the bits that it gets alone.
func TestBatchedIsAlone(t *testing.T) {
	lengths := []int{5, 2, 0, 3}
	for name, cell := range cells(7) {
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams(1)
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, final := recurrent.Unroll(g, cell, in[0], recurrent.Options{Lengths: in[1]})
				return append([]graph.Node{y}, final...)
			})
			x := graphtest.Float32(graphtest.Random(2, 5, 4, 3))
			batch, err := f.Run(x, graph.Ints(lengths))
			if err != nil {
				t.Fatal(err)
			}
			for b, n := range lengths {
				one := make([]float32, 0, 15)
				for s := range 5 {
					one = append(one, x.Float32s()[(s*4+b)*3:(s*4+b)*3+3]...)
				}
				alone, err := f.Run(graph.Floats(one, 5, 1, 3), graph.Ints([]int{n}))
				if err != nil {
					t.Fatal(err)
				}
				for i := range batch[1:] {
					want := alone[i+1].Float32s()
					got := batch[i+1].Float32s()[b*7 : b*7+7]
					for j := range want {
						if math.Float32bits(got[j]) != math.Float32bits(want[j]) {
							t.Fatalf("sequence %d, state %d: %v in the batch, %v alone", b, i, got, want)
						}
					}
				}
			}
		})
	}
}
