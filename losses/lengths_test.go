package losses_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// withLengths are the losses over predictions [T, B, 5], by what their targets are.
var withLengths = map[string]struct {
	make   func(lengths graph.Node) loss
	target string
}{
	"mse":           {func(n graph.Node) loss { return losses.MSE{Lengths: n} }, "numbers"},
	"mae":           {func(n graph.Node) loss { return losses.MAE{Lengths: n} }, "numbers"},
	"huber":         {func(n graph.Node) loss { return losses.Huber{Lengths: n, Delta: 0.3} }, "numbers"},
	"cosine":        {func(n graph.Node) loss { return losses.Cosine{Lengths: n} }, "numbers"},
	"quantile":      {func(n graph.Node) loss { return losses.Quantile{Levels: []float64{.1, .25, .5, .9, .99}, Lengths: n} }, "one number"},
	"binary":        {func(n graph.Node) loss { return losses.BinaryCrossEntropy{PositiveWeight: 3, Lengths: n} }, "numbers"},
	"kl":            {func(n graph.Node) loss { return losses.KL{LogTarget: true, Lengths: n} }, "numbers"},
	"cross-entropy": {func(n graph.Node) loss { return losses.CrossEntropy{Lengths: n} }, "ids"},
	"smoothed": {func(n graph.Node) loss {
		return losses.CrossEntropy{Smoothing: .2, Weights: []float64{1, 2, 3, .5, .1}, Lengths: n}
	}, "ids"},
	"nll":         {func(n graph.Node) loss { return losses.NLL{Lengths: n} }, "ids"},
	"weighed nll": {func(n graph.Node) loss { return losses.NLL{Weights: []float64{1, 2, 3, .5, .1}, Lengths: n} }, "ids"},
	"focal":       {func(n graph.Node) loss { return losses.Focal{Gamma: 2, Lengths: n} }, "ids"},
	"balanced focal": {func(n graph.Node) loss {
		return losses.Focal{Gamma: .5, Weights: []float64{1, 2, 3, .5, .1}, Lengths: n}
	}, "ids"},
}

func targetsOf(kind string, steps, batch int) *tensor.Dense {
	switch kind {
	case "ids":
		return graphtest.RandomIDs(2, 5, steps, batch)
	case "one number":
		return graphtest.Random(2, steps, batch)
	}
	return graphtest.Random(2, steps, batch, 5)
}

func valueAndGradient(t *testing.T, x *tensor.Dense, lossFor func(graph.Node) loss, in ...*tensor.Dense) (float64, []float64) {
	t.Helper()
	p := graph.NewParams64(1)
	q, err := p.Add("x", x)
	if err != nil {
		t.Fatal(err)
	}
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		var lengths graph.Node
		if len(in) > 1 {
			lengths = in[1]
		}
		return []graph.Node{lossFor(lengths).Apply(g, g.Param("x", nil, x.Shape()...), in[0])}
	}).Grad(in...)
	if err != nil {
		t.Fatal(err)
	}
	return graph.Scalar(out[0]), q.Grad().Float64s()
}

// The loss of a padded batch is the loss of its steps alone, laid out as one sequence; its gradient is theirs, and zero at
// padding.
func TestLengthsCountStepsAlone(t *testing.T) {
	const steps, batch, width = 4, 5, 5
	for name, c := range withLengths {
		for _, lengths := range [][]int{{4, 0, 2, 1, 3}, {0, 0, 0, 0, 0}, {4, 4, 4, 4, 4}, {0, 0, 1, 0, 0}} {
			x, target := graphtest.Random(1, steps, batch, width), targetsOf(c.target, steps, batch)
			value, grad := valueAndGradient(t, x, c.make, target, graph.Ints(lengths))

			var rows []int // of the steps that count
			for row := range steps * batch {
				if row/batch < lengths[row%batch] {
					rows = append(rows, row)
				}
			}
			want, wantGrad := 0.0, make([]float64, len(grad))
			if len(rows) > 0 {
				v, part := valueAndGradient(t, take(x, rows), c.make, take(target, rows))
				want = v
				for i, row := range rows {
					copy(wantGrad[row*width:][:width], part[i*width:][:width])
				}
			}
			if math.Abs(value-want) > 1e-13 {
				t.Errorf("%s, lengths %v: %g, want %g", name, lengths, value, want)
			}
			for i, w := range wantGrad {
				if math.Abs(grad[i]-w) > 1e-13 {
					t.Errorf("%s, lengths %v: gradient %g at %d, want %g", name, lengths, grad[i], i, w)
					break
				}
			}
		}
	}
}

// take is the given rows, counted through T and B, as a tensor [rows, 1, ...].
func take(x *tensor.Dense, rows []int) *tensor.Dense {
	shape := append([]int{len(rows), 1}, x.Shape()[2:]...)
	n := x.Shape().TotalSize() / (x.Shape()[0] * x.Shape()[1])
	if x.Dtype() == tensor.Int {
		var ids []int
		for _, r := range rows {
			ids = append(ids, x.Ints()[r*n:][:n]...)
		}
		return graph.Ints(ids, shape...)
	}
	var v []float64
	for _, r := range rows {
		v = append(v, x.Float64s()[r*n:][:n]...)
	}
	return graph.Floats64(v, shape...)
}

func TestLengthsGradients(t *testing.T) {
	for name, c := range withLengths {
		t.Run(name, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{
				Inputs: []*tensor.Dense{graphtest.Random(1, 3, 4, 5), targetsOf(c.target, 3, 4), graph.Ints([]int{3, 0, 2, 1})},
				Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
					return []graph.Node{c.make(in[2]).Apply(g, in[0], in[1])}
				},
			})
		})
	}
}

// A padding id and lengths say the same.
func TestLengthsAreIgnoredTargets(t *testing.T) {
	pad := -1
	x, ids, lengths := graphtest.Random(1, 4, 3, 5), graphtest.RandomIDs(2, 5, 4, 3), []int{4, 1, 0}
	padded := graph.Ints(append([]int{}, ids.Ints()...), 4, 3)
	for i := range padded.Ints() {
		if i/3 >= lengths[i%3] {
			padded.Ints()[i] = pad
		}
	}
	for name, pair := range map[string][2]func(graph.Node) loss{
		"cross-entropy": {
			func(n graph.Node) loss {
				return losses.CrossEntropy{Smoothing: .1, Weights: []float64{1, 2, 3, .5, .1}, Lengths: n}
			},
			func(graph.Node) loss {
				return losses.CrossEntropy{Smoothing: .1, Weights: []float64{1, 2, 3, .5, .1}, Ignore: &pad}
			}},
		"nll":   {func(n graph.Node) loss { return losses.NLL{Lengths: n} }, func(graph.Node) loss { return losses.NLL{Ignore: &pad} }},
		"focal": {func(n graph.Node) loss { return losses.Focal{Gamma: 1, Lengths: n} }, func(graph.Node) loss { return losses.Focal{Gamma: 1, Ignore: &pad} }},
	} {
		a, _ := valueAndGradient(t, x, pair[0], ids, graph.Ints(lengths))
		b, _ := valueAndGradient(t, x, pair[1], padded)
		if a == 0 || math.Abs(a-b) > 1e-14 {
			t.Errorf("%s: %g with lengths, %g with a padding id", name, a, b)
		}
	}
}

// A focal loss without focus is a cross-entropy.
func TestFocalOfZero(t *testing.T) {
	x, ids, weights := graphtest.Random(1, 4, 3, 5), graphtest.RandomIDs(2, 5, 4, 3), []float64{1, 2, 3, .5, .1}
	a, _ := valueAndGradient(t, x, func(graph.Node) loss { return losses.Focal{Weights: weights} }, ids)
	b, _ := valueAndGradient(t, x, func(graph.Node) loss { return losses.CrossEntropy{Weights: weights} }, ids)
	if math.Abs(a-b) > 1e-14 {
		t.Errorf("%g and %g", a, b)
	}
}

// Vectors of any size that float32 can square have a cosine, in float32 too.
func TestCosineOfAnySize(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.Cosine{}.Apply(g, in[0], in[1])}
	})
	for _, size := range []float32{1e-5, 1, 1e5, 1e12, 1e18} {
		for _, other := range []float32{1e-5, 1, 1e12} {
			out, err := f.Run(graph.Floats([]float32{3 * size, 4 * size}, 1, 2), graph.Floats([]float32{4 * other, 3 * other}, 1, 2))
			if err != nil || math.Abs(graph.Scalar(out[0])-0.04) > 1e-6 {
				t.Errorf("sizes %g and %g: %v, error %v; want 0.04", size, other, out, err)
			}
		}
	}
	out, err := f.Run(graph.Floats([]float32{0, 0}, 1, 2), graph.Floats([]float32{4, 3}, 1, 2))
	if err != nil || graph.Scalar(out[0]) != 1 {
		t.Errorf("a zero vector: %v, error %v; want 1", out, err)
	}
}

// A vocabulary of 50 000 is no trouble.
func TestNLLOfManyClasses(t *testing.T) {
	const classes = 50000
	out, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.NLL{}.Apply(g, g.LogSoftmax(g.Full(0, 2, classes), -1), in[0])}
	}).Run(graph.Ints([]int{0, classes - 1}))
	if err != nil || math.Abs(math.Exp(graph.Scalar(out[0]))-classes) > 1 {
		t.Errorf("%v, error %v; want the logarithm of %d", out, err, classes)
	}
}

func TestLengthsRefused(t *testing.T) {
	for name, c := range withLengths {
		for want, lengths := range map[string]*tensor.Dense{
			"lengths [3] for [T, B, ...] = [4 5":  graph.Ints([]int{1, 2, 3}),
			"length 5 of sequence 1; want 0 to 4": graph.Ints([]int{0, 5, 0, 0, 0}),
		} {
			_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{c.make(in[2]).Apply(g, in[0], in[1])}
			}).Run(graphtest.Random(1, 4, 5, 5), targetsOf(c.target, 4, 5), lengths)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", name, err, want)
			}
		}
	}
}
