package graph_test

import (
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// A parameter that was frozen when a function was compiled is trained by the same function afterwards.
func TestGradOfThawedParameter(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, _ []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Mul(g.Param("v", graph.Constant(3), 2), g.Param("w", graph.Constant(5), 2)))}
	})
	if _, err := f.Program(); err != nil { // which makes the parameters
		t.Fatal(err)
	}
	v, w := p.Get("v"), p.Get("w")
	for _, frozen := range []bool{true, false, true, false} {
		if err := w.Freeze(frozen); err != nil {
			t.Fatal(err)
		}
		w.Grad().Zero()
		if _, err := f.Grad(); err != nil {
			t.Fatal(err)
		}
		want := []float64{3, 3}
		if got := w.Grad().Float64s(); !frozen && !slices.Equal(got, want) {
			t.Errorf("gradient %v; want %v", got, want)
		}
		if got := v.Grad().Float64s(); !slices.Equal(got, []float64{5, 5}) {
			t.Errorf("frozen %v: gradient %v of the other; want 5", frozen, got)
		}
	}
}
