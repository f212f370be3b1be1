package stablehlo_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"gorgonia.org/tensor"
)

// mistaken wants an error that says so.
func mistaken(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("want an error with %q, found %v", want, err)
	}
}

// dropped is a function whose gradients need ids and a random mask.
func dropped(p *graph.Params) *graph.Func {
	return graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := g.Gather(g.Param("table", graph.Uniform(-1, 1), 5, 3), in[0])
		return []graph.Node{g.Mean(g.Mul(x, g.RandomMask(0.5, x.Shape()...)))}
	})
}

func TestStepIsWholeModule(t *testing.T) {
	p := graph.NewParams(1)
	ids := graph.Ints([]int{0, 4, 2})
	m, err := stablehlo.Step(dropped(p), p, stablehlo.Training{Optimizer: &optim.Adam{}, ClipNorm: 1}, ids)
	if err != nil {
		t.Fatal(err)
	}
	name := func(values []stablehlo.Value) string {
		var all []string
		for _, v := range values {
			all = append(all, v.Role.String()+" "+v.Name)
		}
		return strings.Join(all, ", ")
	}
	want := "weight table, state table.m, state table.v, setting rate, setting correct1, setting correct2, input input0, drawn drawn2"
	if got := name(m.Arguments); got != want {
		t.Errorf("arguments %s; want %s", got, want)
	}
	if got, want := name(m.Results), "weight table, state table.m, state table.v, output output0, norm norm"; got != want {
		t.Errorf("results %s; want %s", got, want)
	}
	numbers, err := m.Settings(1, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.5, 10, 1000} {
		graphtest.Close(t, "setting", numbers[i], tensor.New(tensor.FromScalar(float32(want))), 1e-4)
	}
}

// The masks are those of the function's own calls.
func TestFeedDrawsTheFunctionsMasks(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		mask := g.RandomMask(0.5, 4, 5)
		return []graph.Node{g.Sum(g.Mul(mask, g.Param("w", graph.Constant(1), 4, 5))), mask}
	})
	m, err := stablehlo.Gradients(f, p)
	if err != nil {
		t.Fatal(err)
	}
	f.Seed(9)
	for call := range uint64(3) {
		want, err := f.Grad()
		if err != nil {
			t.Fatal(err)
		}
		fed, err := m.Feed(9, call)
		if err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, "mask", fed[0], want[1], 0)
	}
}

func TestMistakes(t *testing.T) {
	p := graph.NewParams(1)
	f, ids := dropped(p), graph.Ints([]int{0, 4, 2})
	_, err := stablehlo.Forward(nil, p)
	mistaken(t, err, "want a function and its store")
	_, err = stablehlo.Forward(f, graph.NewParams(1), ids)
	mistaken(t, err, "parameter table, which the store does not have")
	_, err = stablehlo.Step(f, p, stablehlo.Training{Optimizer: optim.SparseAdam()}, ids)
	mistaken(t, err, "SparseAdam")
	_, err = stablehlo.Step(f, p, stablehlo.Training{}, ids)
	mistaken(t, err, "no rule for optimiser <nil>")
	_, err = stablehlo.Step(f, p, stablehlo.Training{Optimizer: &optim.SGD{}, ClipNorm: -1}, ids)
	mistaken(t, err, "limit -1")
	m, err := stablehlo.Gradients(f, p, ids)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Feed(1, 0, graph.Ints([]int{0, 5, 2}))
	mistaken(t, err, "id 5 at position 1; want 0 to 4")
	_, err = m.Feed(1, 0)
	mistaken(t, err, "want 1 inputs, found 0")
	_, err = m.Feed(1, 0, graph.Ints([]int{0, 1}))
	mistaken(t, err, "the module is for [3]")
	_, err = m.Settings(0, 1)
	mistaken(t, err, "step 0")
	_, err = (*stablehlo.Module)(nil).Feed(1, 0)
	mistaken(t, err, "there is no module")
}
