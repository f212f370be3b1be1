package graph_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
)

// Cumulative sums and products against plain loops, along every axis, and past 256 entries.
func TestCumulate(t *testing.T) {
	for _, c := range []struct {
		name    string
		f       func(g *graph.Graph, x graph.Node, axis int) graph.Node
		combine func(a, b float64) float64
		reverse bool
	}{
		{"CumSum", (*graph.Graph).CumSum, func(a, b float64) float64 { return a + b }, false},
		{"CumSumReverse", (*graph.Graph).CumSumReverse, func(a, b float64) float64 { return a + b }, true},
		{"CumProd", (*graph.Graph).CumProd, func(a, b float64) float64 { return a * b }, false},
		{"CumProdReverse", (*graph.Graph).CumProdReverse, func(a, b float64) float64 { return a * b }, true},
	} {
		for _, shape := range [][]int{{1, 1, 1}, {3, 4, 5}, {2, 300, 1}, {300, 1, 3}} {
			for axis := range shape {
				x := graphtest.Random(7, shape...)
				want := graph.Floats64(append([]float64{}, x.Float64s()...), shape...)
				v, n, inner := want.Float64s(), shape[axis], 1
				for _, d := range shape[axis+1:] {
					inner *= d
				}
				for i := range v {
					at, step := i, inner // the i-th entry in the order of the walk
					if c.reverse {
						at, step = len(v)-1-i, -inner
					}
					if place := at / inner % n; place != 0 && !c.reverse || place != n-1 && c.reverse {
						v[at] = c.combine(v[at-step], v[at])
					}
				}
				out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
					return []graph.Node{c.f(g, in[0], axis-3)}
				}).Run(x)
				if err != nil {
					t.Fatal(err)
				}
				graphtest.Close(t, c.name, out[0], want, 1e-14)
			}
		}
	}
}
