package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// A replica reads the store's numbers as they change, and has gradients of its own.
func TestReplica(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Orthogonal(1), 2, 2)
		return []graph.Node{g.Sum(g.Mul(w, in[0]))}
	})
	x := graph.Floats64([]float64{1, 2, 3, 4}, 2, 2)
	if _, err := f.Grad(x); err != nil {
		t.Fatal(err)
	}
	r := p.Replica()
	again := f.WithParams(r)
	if r.Get("w").Value() != p.Get("w").Value() || r.Len() != 1 || r.Seed() != 1 {
		t.Error("the replica is of something else")
	}
	y := graph.Floats64([]float64{5, 6, 7, 8}, 2, 2)
	if _, err := again.Grad(y); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Get("w").Grad().Float64s(), x.Float64s()) || !slices.Equal(r.Get("w").Grad().Float64s(), y.Float64s()) {
		t.Errorf("gradients %v and %v", p.Get("w").Grad(), r.Get("w").Grad())
	}
	copy(p.Get("w").Value().Float64s(), []float64{1, 0, 0, 1})
	if out, err := again.Run(y); err != nil || graph.Scalar(out[0]) != 13 {
		t.Errorf("%v, error %v; want 13", out, err)
	}
}

func TestReplicaBadUse(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		b := g.Buffer("mean", graph.Constant(0), 2)
		g.Assign(b, in[0])
		return []graph.Node{g.Sum(g.Add(b, in[0]))}
	})
	if _, err := f.WithParams(p.Replica()).Grad(graph.Floats64([]float64{1, 2})); err == nil || !strings.Contains(err.Error(), "mean is not in the store, which is sealed") {
		t.Error(err)
	}
	if _, err := f.Grad(graph.Floats64([]float64{1, 2})); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WithParams(p.Replica()).Grad(graph.Floats64([]float64{1, 2})); err == nil || !strings.Contains(err.Error(), "of which this is a replica") {
		t.Error(err)
	}
}
