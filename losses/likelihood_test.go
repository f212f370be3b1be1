package losses_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/losses/distribution"
	"gorgonia.org/tensor"
)

// likelihood builds the loss of outputs and targets, then, if there are such inputs, scale and weights.
func likelihood(l losses.Likelihood, scaled, weighted bool) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		rest := in[2:]
		if scaled {
			l.Scale, rest = rest[0], rest[1:]
		}
		if weighted {
			l.Weights = rest[0]
		}
		return []graph.Node{l.Apply(g, in[0], in[1])}
	}
}

func TestLikelihoodAgreesWithPyTorch(t *testing.T) {
	rec, meta := graphtest.Golden(t, "testdata/likelihood_f64.safetensors")
	seen := map[distribution.Family]bool{}
	for name := range strings.SplitSeq(meta["cases"], ",") {
		t.Run(name, func(t *testing.T) {
			family, _, _ := strings.Cut(name, "_")
			seen[distribution.Family(family)] = true
			x, in := rec[name+".in.x"], []*tensor.Dense{rec[name+".in.targets"]}
			scale, weights := rec[name+".in.scale"], rec[name+".in.weights"]
			for _, v := range []*tensor.Dense{scale, weights} {
				if v != nil {
					in = append(in, v)
				}
			}
			build := likelihood(losses.Likelihood{Family: distribution.Family(family)}, scale != nil, weights != nil)
			p := graph.NewParams64(1)
			q, err := p.Add("x", x)
			if err != nil {
				t.Fatal(err)
			}
			out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				return build(g, append([]graph.Node{g.Param("x", nil, x.Shape()...)}, in...))
			}).Grad(in...)
			if err != nil {
				t.Fatal(err)
			}
			graphtest.Close(t, "loss", out[0], rec[name+".out.loss"], 1e-9)
			graphtest.Close(t, "gradient", q.Grad(), rec[name+".grad.x"], 1e-9)
		})
	}
	if len(seen) != len(distribution.Families()) {
		t.Errorf("%d families are recorded, want %d", len(seen), len(distribution.Families()))
	}
}

// valuesOf are values of a family.
func valuesOf(t *testing.T, f distribution.Family, shape ...int) *tensor.Dense {
	t.Helper()
	v := graphtest.Random(31, shape...)
	for i, x := range v.Float64s() {
		switch x = 3 * math.Abs(x); {
		case f.Counts():
			v.Float64s()[i] = math.Floor(x)
		case f.Check([]float64{-1}) != nil:
			v.Float64s()[i] = x
		}
	}
	if err := f.Check(v.Float64s()); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestLikelihoodGradient(t *testing.T) {
	for _, f := range distribution.Families() {
		for _, shape := range [][]int{{4, 3}, {1, 1}, {1}, {260, 1}} {
			p := len(f.Parameters())
			graphtest.CheckGradient(t, graphtest.Gradient{
				Inputs: []*tensor.Dense{graphtest.Random(9, append(shape, p)...)},
				Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
					return []graph.Node{losses.Likelihood{Family: f}.Apply(g, in[0], g.Const(valuesOf(t, f, shape...)))}
				},
			})
		}
	}
}

// The loss is that of the distributions which the package distribution makes of the same outputs.
func TestLikelihoodIsTheDistributions(t *testing.T) {
	scale := []float64{0.5, 20}
	for _, f := range distribution.Families() {
		p := len(f.Parameters())
		x, y := graphtest.Random(5, 40, 2, p), valuesOf(t, f, 40, 2)
		want := 0.0
		for i, v := range y.Float64s() {
			d, err := f.FromOutputs(x.Float64s()[i*p:][:p], scale[i%2])
			if err != nil {
				t.Fatal(err)
			}
			want -= d.LogDensity(v) / 80
		}
		out, err := graph.NewFunc(graph.NewParams64(1), likelihood(losses.Likelihood{Family: f}, true, false)).Run(x, y, graph.Floats64(scale))
		if err != nil {
			t.Fatal(err)
		}
		if got := graph.Scalar(out[0]); math.Abs(got-want) > 1e-12*math.Abs(want) {
			t.Errorf("%s: loss %.17g, want %.17g", f, got, want)
		}
	}
}

// What is left out has no part in the loss and gets no gradient, whatever stands there; nothing at all has loss 0.
func TestLikelihoodLeavesOut(t *testing.T) {
	for _, f := range distribution.Families() {
		p := len(f.Parameters())
		x, y := graphtest.Random(5, 3, 2, p), valuesOf(t, f, 3, 2)
		run := func(y *tensor.Dense, weights []float64, lengths []int) (float64, []float64) {
			params := graph.NewParams64(1)
			q, err := params.Add("x", x)
			if err != nil {
				t.Fatal(err)
			}
			out, err := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
				l := losses.Likelihood{Family: f, Weights: in[1], Lengths: in[2]}
				return []graph.Node{l.Apply(g, g.Param("x", nil, 3, 2, p), in[0])}
			}).Grad(y, graph.Floats64(weights, 3, 2), graph.Ints(lengths))
			if err != nil {
				t.Fatal(err)
			}
			return graph.Scalar(out[0]), q.Grad().Float64s()
		}
		weights := []float64{1, 1, 0, 1, 1, 1}
		loss, grad := run(y, weights, []int{3, 2})
		other := y.Clone().(*tensor.Dense)
		other.Float64s()[2], other.Float64s()[5] = -7, 0 // not a value of some families
		loss2, grad2 := run(other, weights, []int{3, 2})
		if loss != loss2 || math.IsNaN(loss) {
			t.Errorf("%s: loss %g, and %g with other targets where none count", f, loss, loss2)
		}
		for i, v := range grad2 {
			if out := i/p == 2 || i/p == 5; v != grad[i] || out && v != 0 || math.IsNaN(v) {
				t.Errorf("%s: gradient %d is %g, want %g", f, i, v, grad[i])
			}
		}
		if nothing, grad := run(other, make([]float64, 6), []int{3, 2}); nothing != 0 || grad[0] != 0 {
			t.Errorf("%s: loss of nothing %g, gradient %v", f, nothing, grad)
		}
	}
}

// In float32, outputs of any size give a finite loss, close to that in float64, and finite gradients.
func TestLikelihoodInFloat32(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, f := range distribution.Families() {
		p := len(f.Parameters())
		x, y := graphtest.Random(5, 60, p), valuesOf(t, f, 60)
		for i := range x.Float64s() {
			x.Float64s()[i] = 40 * (rng.Float64() - 0.5) * (1 - math.Floor(rng.Float64()*2)*0.9)
		}
		x = graphtest.Float32(x)
		value := func(x, y *tensor.Dense, params *graph.Params) (float64, []float64) {
			q, err := params.Add("x", x)
			if err != nil {
				t.Fatal(err)
			}
			out, err := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{losses.Likelihood{Family: f}.Apply(g, g.Param("x", nil, 60, p), in[0])}
			}).Grad(y)
			if err != nil {
				t.Fatal(err)
			}
			return graph.Scalar(out[0]), graphtest.Float64s(q.Grad())
		}
		y = graphtest.Float32(y)
		wide := graph.Floats64(graphtest.Float64s(x), 60, p)
		want, wantGrad := value(wide, graph.Floats64(graphtest.Float64s(y), 60), graph.NewParams64(1))
		got, grad := value(x, y, graph.NewParams(1))
		if math.Abs(got-want) > 2e-6*math.Abs(want) {
			t.Errorf("%s: loss %g, in float64 %g", f, got, want)
		}
		for i, v := range grad {
			if !(math.Abs(v-wantGrad[i]) <= 1e-5*max(math.Abs(wantGrad[i]), 1)) {
				t.Errorf("%s: gradient %d is %g, in float64 %g, outputs %v", f, i, v, wantGrad[i], graphtest.Float64s(x)[i/p*p:][:p])
			}
		}
	}
}

func TestLikelihoodRefuses(t *testing.T) {
	x, y := graphtest.Random(1, 4, 2), graphtest.Random(2, 4)
	for want, l := range map[string]losses.Likelihood{
		`no family "cauchy"; there are [gaussian`:                               {Family: "cauchy"},
		"want outputs [..., 3] of targets [...] for student-t, found [4 2] and": {Family: distribution.StudentT},
	} {
		if _, err := graph.NewFunc(graph.NewParams64(1), likelihood(l, false, false)).Run(x, y); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	l := losses.Likelihood{Family: distribution.Gaussian}
	if _, err := graph.NewFunc(graph.NewParams64(1), likelihood(l, true, false)).Run(x, y, graphtest.Random(3, 3)); err == nil {
		t.Error("a scale of another shape was accepted")
	}
	if _, err := graph.NewFunc(graph.NewParams64(1), likelihood(l, false, true)).Run(x, y, graphtest.Random(3, 4, 1)); err == nil {
		t.Error("weights of another shape were accepted")
	}
}
