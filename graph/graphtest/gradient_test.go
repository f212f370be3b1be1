package graphtest_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// broken is a loss whose gradient is wrong in one row of one weight: it is another function when it is differentiated.
func broken(g *graph.Graph, in []graph.Node) []graph.Node {
	v := g.Param("v", graph.Uniform(0.5, 1), 2, 3)
	w := g.Param("w", graph.Uniform(0.5, 1), 2, 3)
	scale := 1.0
	if g.Training() {
		scale = 1.5
	}
	above, below := g.Slice(w, 0, 0, 1), g.Slice(w, 0, 1, 2)
	right := g.Add(g.Sum(g.Mul(g.Square(above), in[0])), g.Sum(g.Tanh(v)))
	return []graph.Node{g.Add(right, g.MulScalar(g.Sum(below), scale))}
}

func TestReportNamesTheWorstWeight(t *testing.T) {
	r, err := graphtest.Gradient{Build: broken, Inputs: []*tensor.Dense{graphtest.Random(1, 3)}}.Check()
	if err != nil {
		t.Fatal(err)
	}
	if r.Param != "w" || len(r.Place) != 2 || r.Place[0] != 1 || r.Index != 3+r.Place[1] {
		t.Errorf("worst element is %s%v (%d), want one of row 1 of w", r.Param, r.Place, r.Index)
	}
	if math.Abs(r.Error-1.0/3) > 1e-6 || math.Abs(r.Symbolic-1.5) > 1e-9 || math.Abs(r.Numeric-1) > 1e-9 {
		t.Errorf("derivative %g, difference %g, error %g; want 1.5, 1, 1/3", r.Symbolic, r.Numeric, r.Error)
	}
	if r.Checked != 15 || len(r.Params) != 3 {
		t.Errorf("%d elements of %d parameters; want 15 of 3", r.Checked, len(r.Params))
	}
	lines := strings.Split(strings.TrimSpace(r.Table(1e-6)), "\n")
	for i, want := range []string{"right  input0", "right  v", "WRONG  w"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of %q; want %q", i, lines, want)
		}
	}
}

// Inputs that cannot be differentiated, or not even read, are errors that say which.
func TestBadInputs(t *testing.T) {
	for want, in := range map[string]*tensor.Dense{
		"input 1: the tensor is nil":                         nil,
		"input 1: shape [2 2] needs 4 numbers, found 3":      graph.Floats64(make([]float64, 3), 2, 2),
		"input 1: element type float32; want float64 or int": graph.Floats([]float32{1}),
		"input 1: shape [2 0] has a dimension of 0":          graphtest.Random(1, 2, 0),
		"input 1: shape [-1] has a dimension below 0":        graphtest.RandomIDs(1, 3, -1),
		"input 1: shape [1] needs 1 numbers, found 0":        graphtest.RandomIDs(1, 0, 1),
	} {
		_, err := graphtest.Gradient{Build: broken, Inputs: []*tensor.Dense{graphtest.Random(1, 3), in}}.Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, err := (graphtest.Gradient{}).Check(); err == nil {
		t.Error("no description was taken")
	}
}

// A kink closer than the widest step is no error; a wrong slope beside a kink still is.
func TestKinks(t *testing.T) {
	build := func(slope float64) graph.Build {
		return func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := g.ReLU(in[0])
			if g.Training() {
				y = g.MulScalar(y, slope)
			}
			return []graph.Node{g.Sum(y)}
		}
	}
	in := []*tensor.Dense{graph.Floats64([]float64{5e-4, -3e-4, 1})}
	graphtest.CheckGradient(t, graphtest.Gradient{Build: build(1), Inputs: in})
	r, err := graphtest.Gradient{Build: build(1.01), Inputs: in[:1]}.Check()
	if err != nil {
		t.Fatal(err)
	}
	if r.Error < 5e-3 {
		t.Errorf("a slope that is 1 %% wrong passes: %v", r)
	}
}

// A kink that is less than two millionths away, as a ReLU in a network of many steps has somewhere, and a loss so large that
// a difference sees its rounding in place of a derivative of zero, are no mistakes of a gradient. One that is wrong is found.
func TestKinksAndLargeLosses(t *testing.T) {
	at := func(v float64) *tensor.Dense { return graph.Floats64([]float64{v}, 1) }
	for name, extra := range map[string]func(g *graph.Graph, x graph.Node) graph.Node{
		"kink": func(g *graph.Graph, x graph.Node) graph.Node { return g.ReLU(g.AddScalar(x, 1.5e-6)) },
		"large loss": func(g *graph.Graph, x graph.Node) graph.Node {
			return g.AddScalar(g.MulScalar(g.Tanh(x), 0), 12345.678)
		},
		"terms that cancel": func(g *graph.Graph, x graph.Node) graph.Node {
			big := g.AddScalar(g.MulScalar(g.Tanh(x), 0), 1234567.891)
			return g.Sub(g.Add(big, g.MulScalar(g.Tanh(x), 1e-3)), big)
		},
	} {
		for _, wrong := range []bool{false, true} {
			size := map[string]float64{"terms that cancel": 2 * 1234567.891}[name]
			r, err := graphtest.Gradient{Size: size, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
				slope := 1.0
				if wrong && g.Training() {
					slope = 1.001
				}
				return []graph.Node{g.Sum(g.Add(extra(g, in[0]), g.MulScalar(g.Tanh(in[1]), slope)))}
			}, Inputs: []*tensor.Dense{at(0), at(0.7)}}.Check()
			if err != nil {
				t.Fatal(err)
			}
			if found := r.Error > 1e-6; found != wrong {
				t.Errorf("%s, wrong is %v: %v", name, wrong, r)
			}
		}
	}
}
