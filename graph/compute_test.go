package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// Whole numbers are computed anew in every run, go to floats and come back, and errors of the function end the run.
func TestComputeIDs(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		quotient := g.ComputeIDs("quotient", in[0].Shape(), func(dst []int, ids [][]int) error {
			for i, v := range ids[0] {
				if ids[1][0] == 0 {
					return errors.New("division by zero")
				}
				dst[i] = v / ids[1][0]
			}
			return nil
		}, in...)
		none := g.ComputeIDs("nine", nil, func(dst []int, _ [][]int) error { dst[0] = 9; return nil })
		back := g.ToIDs(g.MulScalar(g.FromIDs(quotient), 0.5))
		return []graph.Node{quotient, back, none}
	})
	for _, n := range []int{1, 5, 300} {
		ids := make([]int, n)
		for i := range ids {
			ids[i] = 7*i - 20
		}
		for _, by := range []int{2, -3} {
			out, err := f.Run(graph.Ints(ids, n, 1), graph.Ints([]int{by}))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range ids {
				if got := out[0].Ints()[i]; got != v/by {
					t.Fatalf("%d/%d = %d", v, by, got)
				}
				if got := out[1].Ints()[i]; got != v/by/2 {
					t.Fatalf("half of %d is %d", v/by, got)
				}
			}
			if !slices.Equal([]int(out[0].Shape()), []int{n, 1}) || graph.Scalar(out[2]) != 9 {
				t.Errorf("shape %v, %v", out[0].Shape(), out[2])
			}
		}
	}
	if _, err := f.Run(graph.Ints([]int{1}, 1, 1), graph.Ints([]int{0})); err == nil || !strings.Contains(err.Error(), "graph: quotient [1 1]: division by zero") {
		t.Error(err)
	}
}

// Fractions are cut off on both sides of zero, and what is no number of an int is refused.
func TestToIDs(t *testing.T) {
	for _, p := range []*graph.Params{graph.NewParams(1), graph.NewParams64(1)} {
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.ToIDs(in[0])} })
		given := func(v ...float64) *tensor.Dense {
			x := graph.Floats64(v, len(v))
			if p.Dtype() == tensor.Float32 {
				return graphtest.Float32(x)
			}
			return x
		}
		out, err := f.Run(given(2.75, -2.75, 0, -0.5, 1<<30))
		if err != nil {
			t.Fatal(err)
		}
		if got := out[0].Ints(); !slices.Equal(got, []int{2, -2, 0, 0, 1 << 30}) {
			t.Error(got)
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), -1e30, -float64(math.MinInt)} {
			if _, err := f.Run(given(1, v)); err == nil || !strings.Contains(err.Error(), "number 1 is") {
				t.Errorf("%g: %v", v, err)
			}
		}
	}
}

// The largest come in falling order, equal ones in the order in which they are there, and a NaN counts as the largest.
func TestTopK(t *testing.T) {
	nan := math.NaN()
	g := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.TopK(in[0], 3)}
	})
	out, err := g.Run(graph.Floats64([]float64{1, 3, 3, 2, nan, 5, 0, 0, 0}, 3, 3))
	if err != nil {
		t.Fatal(err)
	}
	if got := out[0].Ints(); !slices.Equal(got, []int{1, 2, 0, 1, 2, 0, 0, 1, 2}) {
		t.Error(got)
	}
	for _, n := range []int{1, 3, 257, 40000} { // beyond what one processor does
		x := graphtest.Random(7, 2, n)
		k := (n + 1) / 2
		out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.TopK(in[0], k)}
		}).Run(x)
		if err != nil {
			t.Fatal(err)
		}
		for r := range 2 {
			row, got := x.Float64s()[r*n:(r+1)*n], out[0].Ints()[r*k:(r+1)*k]
			want := slices.Sorted(slices.Values(row))
			for i, at := range got {
				if row[at] != want[n-1-i] {
					t.Fatalf("row %d of %d: number %d is %g, want %g", r, n, i, row[at], want[n-1-i])
				}
			}
		}
	}
}

// What was picked by computed ids has the derivative that it has by given ones.
func TestComputedIDsCarryGradients(t *testing.T) {
	graphtest.CheckGradient(t, graphtest.Gradient{Inputs: []*tensor.Dense{graphtest.Random(1, 3, 5)},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			best := g.TopK(in[0], 2)
			next := g.ComputeIDs("next", best.Shape(), func(dst []int, ids [][]int) error {
				for i, v := range ids[0] {
					dst[i] = (v + 1) % 5
				}
				return nil
			}, best)
			weights := g.FromIDs(next)
			return []graph.Node{g.Sum(g.Mul(g.Square(g.Pick(in[0], next)), weights))}
		}})
}

func TestComputeRefuses(t *testing.T) {
	fill := func(dst []int, _ [][]int) error { clear(dst); return nil }
	for want, build := range map[string]func(g *graph.Graph, x, ids graph.Node) graph.Node{
		"what: the function is nil":                    func(g *graph.Graph, _, ids graph.Node) graph.Node { return g.ComputeIDs("what", []int{1}, nil, ids) },
		"want ids (ints)":                              func(g *graph.Graph, x, _ graph.Node) graph.Node { return g.ComputeIDs("what", []int{1}, fill, x) },
		"shape [0] has a dimension":                    func(g *graph.Graph, _, ids graph.Node) graph.Node { return g.ComputeIDs("what", []int{0}, fill, ids) },
		"ToIDs: operand 0":                             func(g *graph.Graph, _, ids graph.Node) graph.Node { return g.ToIDs(ids) },
		"FromIDs: want ids":                            func(g *graph.Graph, x, _ graph.Node) graph.Node { return g.FromIDs(x) },
		"TopK: want at least one dimension":            func(g *graph.Graph, _, _ graph.Node) graph.Node { return g.TopK(g.Full(1), 1) },
		"TopK: 4 of 3 numbers; want at least 1 and at": func(g *graph.Graph, x, _ graph.Node) graph.Node { return g.TopK(x, 4) },
		"TopK: 0 of 3 numbers":                         func(g *graph.Graph, x, _ graph.Node) graph.Node { return g.TopK(x, 0) },
	} {
		g := graph.New(graph.NewParams(1))
		build(g, g.Input("x", 2, 3), g.InputIDs("ids", 2))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, found %v", want, err)
		}
	}
}
