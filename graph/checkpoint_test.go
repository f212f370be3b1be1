package graph_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// chain is a recurrence of ten steps without a cell, h' = tanh(h·w)⊙m with a random mask m, in segments of three.
func chain(g *graph.Graph, in []graph.Node) []graph.Node {
	h, w, view := in[0], g.Param("w", graph.GlorotUniform(), 4, 4), g
	for i := range 10 {
		if i%3 == 0 {
			view = view.Checkpoint() // a segment ends where the next begins
		}
		h = view.Mul(view.Tanh(view.MatMul(h, w)), view.RandomMask(0.7, 4))
	}
	return []graph.Node{g.Sum(g.Square(h))}
}

// Gorgonia, which knows of no segments, agrees; both draw the same masks.
func TestCheckpointOnTapeMachine(t *testing.T) {
	compareWithTape(t, graph.NewParams64(1), []*tensor.Dense{graphtest.Random(1, 2, 4)}, chain)
}

// Each tanh but those of the last segment that nobody reads again is computed twice; without gradients, once.
func TestCheckpointComputesAgain(t *testing.T) {
	t.Setenv("UNROLL_PASSES", "")
	f := graph.NewFunc(graph.NewParams64(1), chain)
	in := graphtest.Random(1, 2, 4)
	forward, err := f.Program(in)
	if err != nil {
		t.Fatal(err)
	}
	both, err := f.GradProgram(in)
	if err != nil {
		t.Fatal(err)
	}
	count := func(p *graph.Program) int { return strings.Count(p.String(), " tanh %") }
	if n, m := count(forward), count(both); n != 10 || m != 20 {
		t.Errorf("%d and %d times tanh; want 10 and 20", n, m)
	}
}
