package graph_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

func run64(t *testing.T, build graph.Build, in ...*tensor.Dense) *tensor.Dense {
	t.Helper()
	out, err := graph.NewFunc(graph.NewParams64(1), build).Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// Every product of a batch against three loops, past the sizes at which batches and products are shared.
func TestBatchMatMulValues(t *testing.T) {
	for _, c := range [][4]int{{1, 1, 1, 1}, {3, 4, 5, 6}, {5, 33, 65, 17}, {40, 50, 64, 50}, {2, 200, 300, 170}} {
		batch, m, k, n := c[0], c[1], c[2], c[3]
		a, b := graphtest.Random(1, batch, m, k), graphtest.Random(2, batch, k, n)
		want := make([]float64, batch*m*n)
		for i := range want {
			for l := range k {
				at := i / (m * n)
				want[i] += a.Float64s()[(at*m+i/n%m)*k+l] * b.Float64s()[(at*k+l)*n+i%n]
			}
		}
		expected := graph.Floats64(want, batch, m, n)
		graphtest.Close(t, "A·B", run64(t, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MatMul(in[0], in[1])}
		}, a, b), expected, 1e-12)
		graphtest.Close(t, "A·Bᵀ", run64(t, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MatMulT(in[0], g.Transpose(in[1], 0, 2, 1))}
		}, a, b), expected, 1e-12)
	}
}

func TestPickAndScatterValues(t *testing.T) {
	x := graph.Floats64([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 2, 3)
	ids := graph.Ints([]int{2, 0, 1, 1}, 2, 2)
	picked := run64(t, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Pick(in[0], in[1])} }, x, ids)
	graphtest.Close(t, "Pick", picked, graph.Floats64([]float64{3, 1, 5, 5, 9, 7, 11, 11}, 2, 2, 2), 0)
	spread := run64(t, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Scatter(in[0], in[1], 3)} }, picked, ids)
	graphtest.Close(t, "Scatter", spread, graph.Floats64([]float64{1, 0, 3, 0, 10, 0, 7, 0, 9, 0, 22, 0}, 2, 2, 3), 0)
	best := run64(t, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.OneHotMax(in[0])} },
		graph.Floats64([]float64{1, 3, 3, -1, -2, -1}, 2, 3))
	graphtest.Close(t, "OneHotMax", best, graph.Floats64([]float64{0, 1, 0, 1, 0, 0}, 2, 3), 0)
}

func TestBatchOpsRefuse(t *testing.T) {
	cases := []struct {
		want  string
		build graph.Build
	}{
		{"do not fit", func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MatMul(in[0], g.Full(0, 2, 5, 4))}
		}},
		{"do not fit", func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MatMulT(in[0], g.Full(0, 3, 5, 4))}
		}},
		{"at least two dimensions", func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MatMul(in[0], g.Full(0, 3))}
		}},
		{"leading dimensions", func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Pick(in[0], in[1])} }},
		{"a size above 0", func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Scatter(g.Full(0, 4, 2), in[1], 0)}
		}},
		{"id 9 at place 1 of row 0; want 0 to 8", func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Pick(g.Full(0, 4, 9), in[1])}
		}},
	}
	for _, c := range cases {
		_, err := graph.NewFunc(graph.NewParams64(1), c.build).Run(graphtest.Random(1, 2, 3, 4), graph.Ints([]int{0, 9, 1, 2, 3, 4, 5, 6}, 4, 2))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
