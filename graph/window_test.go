package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/opcases"
	"gorgonia.org/tensor"
)

// A convolution by its definition, element by element.
func TestConvIsItsDefinition(t *testing.T) {
	for i, c := range opcases.Geometries {
		x, w, b := graphtest.Random(1, c.X...), graphtest.Random(2, c.W...), graphtest.Random(3, c.W[0])
		got := runOnce(t, []*tensor.Dense{x, w, b}, func(g *graph.Graph, in []graph.Node) graph.Node { return g.Conv(in[0], in[1], in[2], c.O) })
		graphtest.Close(t, fmt.Sprint("convolution ", i), got, convolution(c, x, w, b), 1e-12)
	}
}

// convolution computes y[n, m, o] = b[m] + Σ w[m, c, k]·x[n, c, o·stride + k·dilation - before].
func convolution(c opcases.Geometry, x, w, b *tensor.Dense) *tensor.Dense {
	shape := c.Result()
	y := graph.Floats64(make([]float64, tensor.Shape(shape).TotalSize()), shape...)
	groups := max(1, c.O.Groups)
	perGroup := c.W[0] / groups
	eachPlace(shape, func(at []int) {
		total := b.Float64s()[at[1]]
		eachPlace(c.W[1:], func(k []int) {
			from := []int{at[0], at[1]/perGroup*c.W[1] + k[0]}
			for i, n := range c.X[2:] {
				place := at[2+i]*entry(c.O.Stride, i, 1) + k[1+i]*entry(c.O.Dilation, i, 1) - entry(c.O.Before, i, 0)
				if place < 0 || place >= n {
					return
				}
				from = append(from, place)
			}
			total += w.Float64s()[offset(c.W, append([]int{at[1]}, k...))] * x.Float64s()[offset(c.X, from)]
		})
		y.Float64s()[offset(shape, at)] = total
	})
	return y
}

func entry(list []int, i, otherwise int) int {
	if list == nil {
		return otherwise
	}
	return list[i]
}

// eachPlace calls f with every place of a shape.
func eachPlace(shape []int, f func(at []int)) {
	at := make([]int, len(shape))
	for i := range tensor.Shape(shape).TotalSize() {
		for d, rest := len(shape)-1, i; d >= 0; d-- {
			at[d], rest = rest%shape[d], rest/shape[d]
		}
		f(at)
	}
}

// offset is where a place of a shape lies in memory.
func offset(shape, at []int) int {
	o := 0
	for i, n := range shape {
		o = o*n + at[i]
	}
	return o
}

func runOnce(t *testing.T, in []*tensor.Dense, build func(g *graph.Graph, in []graph.Node) graph.Node) *tensor.Dense {
	t.Helper()
	out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{build(g, in)}
	}).Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// Pools by their definition.
func TestPoolsAreTheirDefinition(t *testing.T) {
	o := graph.Window{Size: []int{3, 2}, Stride: []int{2, 1}, Dilation: []int{1, 2}, Before: []int{1, 1}, After: []int{1, 0}}
	c := opcases.Geometry{X: []int{2, 3, 6, 5}, W: []int{3, 1, 3, 2}, O: o}
	x := graphtest.Random(1, c.X...)
	shape := c.Result()
	most, sum := graph.Floats64(make([]float64, tensor.Shape(shape).TotalSize()), shape...), graph.Floats64(make([]float64, tensor.Shape(shape).TotalSize()), shape...)
	eachPlace(shape, func(at []int) {
		largest, total, first := 0.0, 0.0, true
		eachPlace(o.Size, func(k []int) {
			h, w := at[2]*2+k[0]-1, at[3]+k[1]*2-1
			if h < 0 || h >= 6 || w < 0 || w >= 5 {
				return
			}
			v := x.Float64s()[offset(c.X, []int{at[0], at[1], h, w})]
			if first || v > largest {
				largest, first = v, false
			}
			total += v
		})
		most.Float64s()[offset(shape, at)], sum.Float64s()[offset(shape, at)] = largest, total
	})
	got := runOnce(t, []*tensor.Dense{x}, func(g *graph.Graph, in []graph.Node) graph.Node { return g.MaxPool(in[0], o) })
	graphtest.Close(t, "largest", got, most, 0)
	got = runOnce(t, []*tensor.Dense{x}, func(g *graph.Graph, in []graph.Node) graph.Node { return g.SumPool(in[0], o) })
	graphtest.Close(t, "sum", got, sum, 1e-12)
}

func TestWindowErrors(t *testing.T) {
	for want, build := range map[string]func(g *graph.Graph, x, w graph.Node) graph.Node{
		"x [2 4 5] and weights [6 3 2] in 1 groups": func(g *graph.Graph, x, w graph.Node) graph.Node { return g.Conv(x, w, graph.Node{}, graph.Window{}) },
		"x [2 4 5] and weights [4 1 2] in 3 groups": func(g *graph.Graph, x, w graph.Node) graph.Node {
			return g.Conv(x, g.Full(0, 4, 1, 2), graph.Node{}, graph.Window{Groups: 3})
		},
		"a bias [5] for weights [6 4 2]; want [6]": func(g *graph.Graph, x, w graph.Node) graph.Node {
			return g.Conv(x, g.Full(0, 6, 4, 2), g.Full(0, 5), graph.Window{})
		},
		"stride [0] over 1 axes; want a number of at least 1 for each": func(g *graph.Graph, x, w graph.Node) graph.Node {
			return g.MaxPool(x, graph.Window{Size: []int{1}, Stride: []int{0}})
		},
		"padding after [1 1] over 1 axes": func(g *graph.Graph, x, w graph.Node) graph.Node {
			return g.MaxPool(x, graph.Window{Size: []int{1}, After: []int{1, 1}})
		},
		"a window that reaches 6 places over an axis of 5": func(g *graph.Graph, x, w graph.Node) graph.Node { return g.SumPool(x, graph.Window{Size: []int{6}}) },
		"result 0 of axis 2 covers padding alone": func(g *graph.Graph, x, w graph.Node) graph.Node {
			return g.SumPool(x, graph.Window{Size: []int{2}, Before: []int{2}})
		},
		"a window of sizes [] over axes of lengths [5]":           func(g *graph.Graph, x, w graph.Node) graph.Node { return g.SumPool(x, graph.Window{}) },
		"x [2 4 5] and 2 groups; want [N, C, ...], and no groups": func(g *graph.Graph, x, w graph.Node) graph.Node { return g.SumPool(x, graph.Window{Groups: 2}) },
		"x [2 4 5], which a convolution over lengths [7] does not give": func(g *graph.Graph, x, w graph.Node) graph.Node {
			return g.ConvTranspose(x, g.Full(0, 4, 4, 2), graph.Window{}, 7)
		},
		"places [0 5] of axis 2, which has 5": func(g *graph.Graph, x, w graph.Node) graph.Node { return g.Take(x, -1, 0, 5) },
		"places [] of axis 0, which has 2":    func(g *graph.Graph, x, w graph.Node) graph.Node { return g.Take(x, 0) },
	} {
		g := graph.New(graph.NewParams(1))
		build(g, g.Input("x", 2, 4, 5), g.Input("w", 6, 3, 2))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, found %v", want, err)
		}
	}
}
