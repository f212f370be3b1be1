package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// eightBits are whole numbers of 8 bits, and one zero point or several.
func eightBits(r *rand.Rand, unsigned bool, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = r.IntN(256)
		if !unsigned {
			out[i] -= 128
		}
	}
	return out
}

func floatsOf(x []int) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// run computes a graph of float64 inputs in float32 or float64.
func runIn(t *testing.T, double bool, build graph.Build, in ...*tensor.Dense) []float64 {
	t.Helper()
	p := graph.NewParams(1)
	if double {
		p = graph.NewParams64(1)
	} else {
		for i, x := range in {
			if x.Dtype() == tensor.Float64 {
				in[i] = graphtest.Float32(x)
			}
		}
	}
	out, err := graph.NewFunc(p, build).Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	return graphtest.Float64s(out[0])
}

// Products of quantised numbers are those of plain loops, of every mixture of types, known and computed.
func TestMatMulInteger(t *testing.T) {
	for i, s := range []struct{ batch, m, k, n int }{{1, 1, 1, 1}, {1, 3, 5, 7}, {2, 4, 600, 33}, {3, 1, 1030, 257}} {
		for variant := range 8 {
			left, right, each := variant&1 > 0, variant&2 > 0, variant&4 > 0
			t.Run(fmt.Sprint(s, variant), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(i), uint64(variant)))
				zeros := 1
				if each {
					zeros = s.n
				}
				x, zx := eightBits(r, left, s.batch*s.m*s.k), eightBits(r, left, 1)
				w, zw := eightBits(r, right, s.k*s.n), eightBits(r, right, zeros)
				bias := make([]int, s.n)
				for j := range bias {
					bias[j] = r.IntN(1<<25) - 1<<24
				}
				want := make([]float64, s.batch*s.m*s.n)
				for row := range s.batch * s.m {
					for j := range s.n {
						sum := 0
						for l := range s.k {
							sum += (x[row*s.k+l] - zx[0]) * (w[l*s.n+j] - zw[j%zeros])
						}
						want[row*s.n+j] = float64(sum)
					}
				}
				known, err := graph.NewIntegerMatrix(w, zw, s.k, s.n)
				if err != nil {
					t.Fatal(err)
				}
				in := func() []*tensor.Dense {
					return []*tensor.Dense{graph.Floats64(floatsOf(x), s.batch, s.m, s.k), graph.Floats64(floatsOf(zx), 1)}
				}
				for _, double := range []bool{false, true} {
					plain := runIn(t, double, func(g *graph.Graph, in []graph.Node) []graph.Node {
						q := graph.Quantised{Values: in[0], Zero: g.Reshape(in[1]), Unsigned: left}
						return []graph.Node{g.MatMulInteger(q, known, graph.Node{})}
					}, in()...)
					biased := runIn(t, double, func(g *graph.Graph, in []graph.Node) []graph.Node {
						q := graph.Quantised{Values: in[0], Zero: in[1], Unsigned: left}
						return []graph.Node{g.MatMulInteger(q, known, g.Const(graph.Ints(bias, s.n)))}
					}, in()...)
					computed := runIn(t, double, func(g *graph.Graph, in []graph.Node) []graph.Node {
						q, v := graph.Quantised{Values: in[0], Zero: g.Reshape(in[1]), Unsigned: left}, graph.Quantised{Unsigned: right}
						v.Values = g.BroadcastTo(g.Const(graph.Floats64(floatsOf(w), s.k, s.n)), s.batch, s.k, s.n)
						v.Zero = g.Const(graph.Floats64(floatsOf(zw), zeros))
						return []graph.Node{g.MatMulQuantised(q, v)}
					}, in()...)
					for at, v := range want {
						withBias := v + float64(bias[at%s.n])
						if !double {
							v, withBias = float64(float32(v)), float64(float32(withBias))
						}
						if plain[at] != v || computed[at] != v || biased[at] != withBias {
							t.Fatalf("double %v, %d: %g, computed %g, with bias %g; want %g and %g", double, at, plain[at], computed[at], biased[at], v, withBias)
						}
					}
				}
			})
		}
	}
}

// A convolution of quantised numbers is Conv, in float64, of their distances from the zero points.
func TestConvInteger(t *testing.T) {
	for i, c := range []struct {
		x, w []int
		o    graph.Window
	}{
		{[]int{1, 1, 1}, []int{1, 1, 1}, graph.Window{}},
		{[]int{2, 3, 300}, []int{5, 3, 3}, graph.Window{Before: []int{2}, After: []int{1}, Stride: []int{2}}},
		{[]int{3, 4, 9, 7}, []int{6, 2, 3, 2}, graph.Window{Groups: 2, Before: []int{1, 1}, After: []int{0, 1}, Dilation: []int{2, 1}}},
		{[]int{1, 70, 5, 6}, []int{9, 70, 3, 3}, graph.Window{Before: []int{1, 1}, After: []int{1, 1}}},
		{[]int{2, 8, 20, 30}, []int{16, 8, 1, 1}, graph.Window{}},
	} {
		for variant := range 8 {
			left, right, each := variant&1 > 0, variant&2 > 0, variant&4 > 0
			t.Run(fmt.Sprint(c.x, c.w, variant), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(i), uint64(variant)))
				size := func(shape []int) int {
					n := 1
					for _, d := range shape {
						n *= d
					}
					return n
				}
				zeros := 1
				if each {
					zeros = c.w[0]
				}
				x, zx := eightBits(r, left, size(c.x)), eightBits(r, left, 1)
				w, zw := eightBits(r, right, size(c.w)), eightBits(r, right, zeros)
				known, err := graph.NewIntegerFilters(w, zw, max(c.o.Groups, 1), c.w...)
				if err != nil {
					t.Fatal(err)
				}
				dx, dw, bias := floatsOf(x), floatsOf(w), make([]float64, c.w[0])
				for k := range dx {
					dx[k] -= float64(zx[0])
				}
				for k := range dw {
					dw[k] -= float64(zw[k/(size(c.w)/c.w[0])%zeros])
				}
				for k := range bias {
					bias[k] = float64(r.IntN(1<<22) - 1<<21)
				}
				want := runIn(t, true, func(g *graph.Graph, in []graph.Node) []graph.Node {
					return []graph.Node{g.Conv(in[0], in[1], in[2], c.o)}
				}, graph.Floats64(dx, c.x...), graph.Floats64(dw, c.w...), graph.Floats64(bias, len(bias)))
				for _, double := range []bool{false, true} {
					got := runIn(t, double, func(g *graph.Graph, in []graph.Node) []graph.Node {
						return []graph.Node{g.ConvInteger(graph.Quantised{Values: in[0], Zero: in[1], Unsigned: left}, known, in[2], c.o)}
					}, graph.Floats64(floatsOf(x), c.x...), graph.Floats64(floatsOf(zx), 1), graph.Floats64(bias, len(bias)))
					for k, v := range want {
						if !double {
							v = float64(float32(v))
						}
						if got[k] != v {
							t.Fatalf("double %v, %d: %g; want %g", double, k, got[k], v)
						}
					}
				}
			})
		}
	}
}

func TestQuantise(t *testing.T) {
	in := []float64{0, 0.05, 0.15, -0.05, -0.15, 0.25, 1e9, -1e9, 12.75, -12.85, 3}
	quantise := func(unsigned bool) []float64 {
		return runIn(t, false, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Quantise(in[0], g.Full(0.5), g.Full(7), unsigned).Values}
		}, graph.Floats64(in, len(in)))
	}
	if got, want := fmt.Sprint(quantise(true)), "[7 7 7 7 7 7 255 0 33 0 13]"; got != want { // 0.25/0.5 is a tie, and so is 12.75/0.5
		t.Errorf("unsigned: %s; want %s", got, want)
	}
	if got, want := fmt.Sprint(quantise(false)), "[7 7 7 7 7 7 127 -128 33 -19 13]"; got != want {
		t.Errorf("signed: %s; want %s", got, want)
	}
	for _, c := range []struct {
		in          []float64
		scale, zero float64
	}{{[]float64{0, 0, 0}, 1, 0}, {[]float64{2, 255}, 1, 0}, {[]float64{-255}, 1, 255}, {[]float64{-1, 1, 0, 0.5, 0, 1.55}, 2.55 / 255, 100}} {
		got := runIn(t, true, func(g *graph.Graph, in []graph.Node) []graph.Node {
			q, scale := g.QuantiseRange(in[0])
			return []graph.Node{g.Concat(0, g.Reshape(scale, 1), g.Reshape(q.Zero, 1), g.Sub(g.Dequantise(q, scale), in[0]))}
		}, graph.Floats64(c.in, len(c.in)))
		if math.Abs(got[0]-c.scale) > 1e-12 || got[1] != c.zero {
			t.Errorf("%v: scale %g and zero point %g; want %g and %g", c.in, got[0], got[1], c.scale, c.zero)
		}
		for _, off := range got[2:] {
			if math.Abs(off) > 0.5001*got[0] {
				t.Errorf("%v: off by %g, more than half of %g", c.in, off, got[0])
			}
		}
	}
}

func TestRoundings(t *testing.T) {
	in := []float64{0.5, 1.5, -0.5, -1.5, 2.4999, -2.5001, 4194303.5, 8388609, -3e38, 0, -4194304}
	for _, double := range []bool{false, true} {
		got := runIn(t, double, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Concat(0, g.Round(in[0]), g.Floor(in[0]), g.Truncate(in[0]))}
		}, graph.Floats64(in, len(in)))
		for i, v := range in {
			if !double {
				v = float64(float32(v))
			}
			for k, want := range []float64{math.RoundToEven(v), math.Floor(v), math.Trunc(v)} {
				if found := got[k*len(in)+i]; found != want {
					t.Errorf("%d of %g is %g; want %g", k, v, found, want)
				}
			}
		}
	}
}

// The scale of what is dequantised has a gradient; what is rounded has none, and says so.
func TestQuantisedGradients(t *testing.T) {
	scale, err := graph.NewIntegerMatrix([]int{1, -2, 3, -4}, []int{0}, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		s := g.Param("scale", graph.Constant(0.5), 2)
		q := graph.Quantised{Values: in[0], Zero: g.Full(1)}
		return []graph.Node{g.Sum(g.Square(g.Mul(g.MatMulInteger(q, scale, graph.Node{}), s)))}
	})
	if _, err := f.Grad(graph.Floats64([]float64{3, 5}, 1, 2)); err != nil { // (2, 4)·w = (14, -20)
		t.Fatal(err)
	}
	if got := p.Get("scale").Grad().Float64s(); got[0] != 14*14 || got[1] != 20*20 {
		t.Errorf("the scale's gradient is %v; want [196 400]", got)
	}
	graphtest.CheckGradient(t, graphtest.Gradient{Inputs: []*tensor.Dense{graphtest.Random(1, 3)}, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
		q := graph.Quantised{Values: g.Const(graph.Floats64([]float64{3, 255, 0, 7, 8, 9}, 2, 3)), Zero: g.Full(12), Unsigned: true}
		return []graph.Node{g.Sum(g.Tanh(g.Dequantise(q, g.MulScalar(in[0], 0.01))))}
	}})
	for name, build := range map[string]func(g *graph.Graph, x graph.Node) graph.Node{
		"round": (*graph.Graph).Round,
		"matmul of integers": func(g *graph.Graph, x graph.Node) graph.Node {
			return g.MatMulInteger(graph.Quantised{Values: x, Zero: g.Full(0)}, scale, graph.Node{})
		},
		"range of 8 bits":          func(g *graph.Graph, x graph.Node) graph.Node { _, s := g.QuantiseRange(x); return s },
		"convolution of integers ": convolvedIntegers,
	} {
		f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, _ []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(build(g, g.Param("w", graph.Constant(1), 1, 2)))}
		})
		if _, err := f.Grad(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "nothing can be learned") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func convolvedIntegers(g *graph.Graph, x graph.Node) graph.Node {
	w, err := graph.NewIntegerFilters([]int{1}, []int{0}, 1, 1, 1, 1)
	if err != nil {
		return graph.Node{}
	}
	return g.ConvInteger(graph.Quantised{Values: g.Reshape(x, 1, 1, 2), Zero: g.Full(0)}, w, graph.Node{}, graph.Window{})
}

func TestIntegersRefuse(t *testing.T) {
	for want, create := range map[string]func() (*graph.Integers, error){
		"3 values for the shape [2 2]": func() (*graph.Integers, error) { return graph.NewIntegerMatrix([]int{1, 2, 3}, []int{0}, 2, 2) },
		"5 values for the shape [2 2]": func() (*graph.Integers, error) { return graph.NewIntegerMatrix(make5(), []int{0}, 2, 2) },
		"values for the shape [-2 -2]": func() (*graph.Integers, error) { return graph.NewIntegerMatrix(make5(), []int{0}, -2, -2) },
		"3 zero points":                func() (*graph.Integers, error) { return graph.NewIntegerMatrix([]int{1, 2}, []int{0, 0, 0}, 1, 2) },
		"numbers from -1 to 200":       func() (*graph.Integers, error) { return graph.NewIntegerMatrix([]int{-1, 200}, []int{0}, 1, 2) },
		"numbers from 0 to 256":        func() (*graph.Integers, error) { return graph.NewIntegerMatrix([]int{0, 256}, []int{0}, 1, 2) },
		"sums of 40000 products":       func() (*graph.Integers, error) { return graph.NewIntegerMatrix(make([]int, 40000), []int{0}, 40000, 1) },
		"a shape [3 1 1] in 2 groups":  func() (*graph.Integers, error) { return graph.NewIntegerFilters([]int{1, 2, 3}, []int{0}, 2, 3, 1, 1) },
		"a shape [3 1] in 1 groups":    func() (*graph.Integers, error) { return graph.NewIntegerFilters([]int{1, 2, 3}, []int{0}, 1, 3, 1) },
		"2 zero points for the shape [3 1 1]": func() (*graph.Integers, error) {
			return graph.NewIntegerFilters([]int{1, 2, 3}, []int{0, 0}, 1, 3, 1, 1)
		},
		"2 values for the shape [" + huge + " 4]": func() (*graph.Integers, error) {
			return graph.NewIntegerMatrix([]int{1, 2}, []int{0}, math.MaxInt/2+1, 4)
		},
	} {
		if _, err := create(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

var huge = strconv.Itoa(math.MaxInt/2 + 1)

func make5() []int { return []int{1, 2, 3, 4, 5} }
