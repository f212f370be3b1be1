package graph_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
)

// running keeps a running mean of its input in a buffer, and multiplies the input by a weight and the old mean.
func running(g *graph.Graph, in []graph.Node) []graph.Node {
	mean := g.Buffer("running_mean", graph.Constant(0), 1)
	w := g.Param("weight", graph.Constant(3), 1)
	if g.Training() {
		g.Assign(mean, g.Add(g.MulScalar(mean, 0.5), g.MulScalar(g.Reshape(g.Mean(in[0]), 1), 0.5)))
	}
	return []graph.Node{g.Sum(g.Mul(g.Mul(in[0], w), mean))}
}

func TestBuffers(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, running)
	x := graph.Floats([]float32{2, 6}, 2)
	for i, want := range []float32{0, 2, 3} { // the mean goes 0, 2, 3, 3.5: a run reads the old one
		if got := p.Get("running_mean"); i > 0 && got.Value().Float32s()[0] != want {
			t.Errorf("run %d: the buffer is %g, want %g", i, got.Value().Float32s()[0], want)
		}
		out, err := f.Grad(x)
		if err != nil {
			t.Fatal(err)
		}
		if got := float32(graph.Scalar(out[0])); got != 8*3*want {
			t.Errorf("run %d: %g, want %g", i, got, 24*want)
		}
	}
	if _, err := f.Run(x); err != nil {
		t.Fatal(err)
	}
	if got := p.Get("running_mean").Value().Float32s()[0]; got != 3.5 {
		t.Errorf("evaluating changed the buffer to %g, want 3.5", got)
	}
	if g := p.Get("running_mean").Grad().Float32s()[0]; g != 0 {
		t.Errorf("the buffer has the gradient %g", g)
	}
}

func TestOptimisersPassOverFrozen(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		a, b := g.Param("a", graph.Constant(1), 2), g.Param("b", graph.Constant(1), 2)
		return []graph.Node{g.Sum(g.Mul(in[0], g.Mul(a, b)))}
	})
	x := graph.Floats([]float32{3, 4}, 2)
	if _, err := f.Run(x); err != nil {
		t.Fatal(err)
	}
	p.Get("a").Freeze(true)
	if _, err := f.Grad(x); err != nil {
		t.Fatal(err)
	}
	norm, err := optim.Update(&optim.Adam{}, p, 0.1, 0)
	if err != nil || norm != 5 {
		t.Errorf("norm %g, error %v; want 5", norm, err)
	}
	if got := p.Get("a").Value().Float32s()[0]; got != 1 {
		t.Errorf("a frozen parameter became %g", got)
	}
	if got := p.Get("b").Value().Float32s()[0]; got == 1 {
		t.Error("the other parameter did not change")
	}
}

func TestAssignRefuses(t *testing.T) {
	cases := map[string]func(g *graph.Graph) graph.Node{
		"no buffer": func(g *graph.Graph) graph.Node { return g.Param("w", graph.Constant(0), 2) },
		"want shape [2], found [1]": func(g *graph.Graph) graph.Node {
			b := g.Buffer("b", graph.Constant(0), 2)
			g.Assign(b, g.Full(0, 1))
			return b
		},
		"assigned twice": func(g *graph.Graph) graph.Node {
			b := g.Buffer("b", graph.Constant(0), 2)
			g.Assign(b, g.Full(0, 2))
			return b
		},
	}
	for want, build := range cases {
		g := graph.NewTraining(graph.NewParams(1))
		n := build(g)
		g.Assign(n, g.Full(0, 2))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// A state_dict of PyTorch with batch normalisation in it has a count that is no weight.
func TestLoadPassesOverCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.safetensors")
	mean := graph.Named{Name: "bn.running_mean", Value: graph.Floats([]float32{1, 2}, 2)}
	write := func(more ...graph.Named) {
		t.Helper()
		if err := graph.WriteSafetensors(path, append([]graph.Named{mean}, more...), nil); err != nil {
			t.Fatal(err)
		}
	}
	write(graph.Named{Name: "bn.num_batches_tracked", Value: graph.Ints([]int{7}, 1)})
	p := graph.NewParams(1)
	if _, err := p.Load(path); err != nil || p.Len() != 1 || p.Get("bn.running_mean") == nil {
		t.Errorf("%d parameters, error %v", p.Len(), err)
	}
	write(graph.Named{Name: "ids", Value: graph.Ints([]int{7}, 1)})
	if _, err := graph.NewParams(1).Load(path); err == nil || !strings.Contains(err.Error(), "parameter ids: the store holds float32, found int") {
		t.Error(err)
	}
}
