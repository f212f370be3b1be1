package nn_test

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

func TestRoPEAgreesWithPyTorch(t *testing.T) {
	agree(t, map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"rope":             of(nn.RoPE{}),
		"rope_partial":     of(nn.RoPE{Width: 4, Base: 500}),
		"rope_interleaved": of(nn.RoPE{Interleaved: true}),
		"rope_at": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			at := []float64{}
			for step := range 5 {
				at = append(at, float64(step), float64(step)+1000, float64(step)+3)
			}
			return nn.RoPE{Width: 2}.ApplyAt(g, in["x"], g.Const(graph.Floats64(at, 5, 3)))
		},
	})
}

func TestRoPEGradients(t *testing.T) {
	checkModules(t, map[string]nn.Module{"all": nn.RoPE{}, "interleaved": nn.RoPE{Interleaved: true}, "two": nn.RoPE{Width: 2}},
		[]int{3, 2, 2, 4}, []int{1, 1, 1, 2}, []int{2, 1, 3, 130})
}

// The product of a query and a key depends on the distance of their positions alone, also far from the beginning.
func TestRoPEIsRelative(t *testing.T) {
	score := func(from float64) float64 {
		out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			at := func(p float64) graph.Node { return g.Const(graph.Floats64([]float64{p}, 1)) }
			q, k := nn.RoPE{}.ApplyAt(g, in[0], at(from+7)), nn.RoPE{}.ApplyAt(g, in[1], at(from))
			return []graph.Node{g.Sum(g.Mul(q, k))}
		}).Run([]*tensor.Dense{graphtest.Random(1, 1, 1, 8), graphtest.Random(2, 1, 1, 8)}...)
		if err != nil {
			t.Fatal(err)
		}
		return graphtest.Float64s(out[0])[0]
	}
	if near, far := score(0), score(100_000); math.Abs(near-far) > 1e-9 {
		t.Errorf("the product is %v at the beginning and %v at 100,000", near, far)
	}
}

func TestRoPEMistakes(t *testing.T) {
	for name, build := range map[string]func(g *graph.Graph) graph.Node{
		"an odd width":        func(g *graph.Graph) graph.Node { return nn.RoPE{Width: 3}.Apply(g, g.Full(1, 2, 2, 2, 4)) },
		"too wide":            func(g *graph.Graph) graph.Node { return nn.RoPE{Width: 6}.Apply(g, g.Full(1, 2, 2, 2, 4)) },
		"no heads":            func(g *graph.Graph) graph.Node { return nn.RoPE{}.Apply(g, g.Full(1, 2, 2, 4)) },
		"a base below 0":      func(g *graph.Graph) graph.Node { return nn.RoPE{Base: -1}.Apply(g, g.Full(1, 2, 2, 2, 4)) },
		"positions of others": func(g *graph.Graph) graph.Node { return nn.RoPE{}.ApplyAt(g, g.Full(1, 2, 2, 4), g.Full(1, 3)) },
	} {
		g := graph.New(graph.NewParams(1))
		if y := build(g); y.Valid() || g.Err() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
