package losses_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// loss is what every loss of the package has.
type loss interface {
	Apply(g *graph.Graph, y, target graph.Node) graph.Node
}

// gradient returns the loss and its gradient with respect to x.
func gradient(t *testing.T, l loss, x, targets *tensor.Dense) (value, grad *tensor.Dense) {
	t.Helper()
	p := graph.NewParams64(1)
	q, err := p.Add("x", x)
	if err != nil {
		t.Fatal(err)
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{l.Apply(g, g.Param("x", nil, x.Shape()...), in[0])}
	})
	out, err := f.Grad(targets)
	if err != nil {
		t.Fatal(err)
	}
	return out[0], q.Grad()
}

// The recorded values come from testdata/record.py, which runs PyTorch.
func TestLossesAgreeWithPyTorch(t *testing.T) {
	rec, meta := graphtest.Golden(t, "testdata/losses_f64.safetensors")
	for name := range strings.SplitSeq(meta["cases"], ",") {
		t.Run(name, func(t *testing.T) {
			var l loss
			positive := 0.0
			if w := rec[name+".in.pos_weight"]; w != nil {
				positive = w.Float64s()[0]
			}
			switch strings.Split(name, "_")[0] {
			case "mse":
				l = losses.MSE{}
			case "bce":
				l = losses.BinaryCrossEntropy{PositiveWeight: positive, Weights: rec[name+".in.weights"]}
			default:
				ce := losses.CrossEntropy{}
				if w := rec[name+".in.weights"]; w != nil {
					ce.Weights = w.Float64s()
				}
				if s, ok := meta[name+".ignore"]; ok {
					id, err := strconv.Atoi(s)
					if err != nil {
						t.Fatal(err)
					}
					ce.Ignore = &id
				}
				if s, ok := meta[name+".smoothing"]; ok {
					if _, err := fmt.Sscan(s, &ce.Smoothing); err != nil {
						t.Fatal(err)
					}
				}
				l = ce
			}
			value, grad := gradient(t, l, rec[name+".in.x"], rec[name+".in.targets"])
			graphtest.Close(t, "loss", value, rec[name+".out.loss"], 1e-12)
			graphtest.Close(t, "gradient", grad, rec[name+".grad.x"], 1e-12)
		})
	}
}

func TestGradients(t *testing.T) {
	pad := 2
	for name, c := range map[string]struct {
		l       loss
		targets *tensor.Dense
	}{
		"cross-entropy":  {losses.CrossEntropy{}, graphtest.RandomIDs(1, 5, 3, 4)},
		"everything":     {losses.CrossEntropy{Ignore: &pad, Smoothing: 0.2, Weights: []float64{1, 2, 3, .5, .1}}, graphtest.RandomIDs(2, 5, 3, 4)},
		"mse":            {losses.MSE{}, graphtest.Random(3, 3, 4, 5)},
		"binary":         {losses.BinaryCrossEntropy{PositiveWeight: 3}, graphtest.Random(4, 3, 4, 5)},
		"weighed binary": {losses.BinaryCrossEntropy{Weights: graphtest.Random(5, 3, 4, 5)}, graphtest.Random(4, 3, 4, 5)},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{
				Inputs: []*tensor.Dense{graphtest.Random(9, 3, 4, 5), c.targets},
				Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
					return []graph.Node{c.l.Apply(g, in[0], in[1])}
				},
			})
		})
	}
}

// A batch of nothing but padding has loss zero and no gradient, where PyTorch gives NaN.
func TestAllIgnored(t *testing.T) {
	pad := 0
	for _, l := range []losses.CrossEntropy{{Ignore: &pad}, {Ignore: &pad, Smoothing: 0.1, Weights: []float64{1, 2, 3}}} {
		value, grad := gradient(t, l, graphtest.Random(1, 4, 3), graph.Ints([]int{0, 0, 0, 0}))
		if graph.Scalar(value) != 0 {
			t.Errorf("loss %v", value)
		}
		for _, v := range grad.Float64s() {
			if v != 0 {
				t.Errorf("gradient %v", grad)
			}
		}
	}
}

func TestBadUse(t *testing.T) {
	x, ids := graphtest.Random(1, 4, 3), graph.Ints([]int{0, 1, 2, 0})
	for want, c := range map[string]struct {
		l      loss
		target *tensor.Dense
	}{
		"smoothing 2; want 0 to 1":                      {losses.CrossEntropy{Smoothing: 2}, ids},
		"2 class weights; want 3":                       {losses.CrossEntropy{Weights: []float64{1, 2}}, ids},
		"want ids (ints)":                               {losses.CrossEntropy{}, graphtest.Random(1, 4)},
		"want logits [..., V] and targets [...]":        {losses.CrossEntropy{}, graph.Ints([]int{1, 2, 0})},
		"target 3 at position 1; want 0 to 2":           {losses.CrossEntropy{}, graph.Ints([]int{0, 3, 0, 0})},
		"target -1 at position 0; want 0 to 2":          {losses.CrossEntropy{}, graph.Ints([]int{-1, 0, 0, 0})},
		"predictions have shape [4 3], targets [3 4]":   {losses.MSE{}, graphtest.Random(1, 3, 4)},
		"positive weight -1; want above 0":              {losses.BinaryCrossEntropy{PositiveWeight: -1}, graphtest.Random(1, 4, 3)},
		"the weights have shape [3], the targets [4 3]": {losses.BinaryCrossEntropy{Weights: graphtest.Random(1, 3)}, graphtest.Random(1, 4, 3)},
		"input input0 has NaN at element 2":             {losses.MSE{}, graph.Floats64([]float64{0, 0, math.NaN(), 0, 0, 0, 0, 0, 0, 0, 0, 0}, 4, 3)},
		"predictions have shape [4 3], targets [4 3 1]": {losses.MSE{}, graphtest.Random(1, 4, 3, 1)},
	} {
		p := graph.NewParams64(1)
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{c.l.Apply(g, g.Const(x), in[0])}
		})
		_, err := f.Run(c.target)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
