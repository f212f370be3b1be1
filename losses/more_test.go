package losses_test

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// recorded is a loss by the name of its case in testdata/record_more.py.
func recorded(name string) graph.Build {
	pad := -1
	simple := map[string]loss{
		"mae": losses.MAE{}, "huber": losses.Huber{}, "huber_half": losses.Huber{Delta: 0.5}, "cosine": losses.Cosine{},
		"kl": losses.KL{}, "kl_log": losses.KL{LogTarget: true}, "nll": losses.NLL{}, "nll_ignore": losses.NLL{Ignore: &pad},
		"nll_weights": losses.NLL{Weights: []float64{1, 2, 0.5, 0.1, 3}},
		"focal_2":     losses.Focal{Gamma: 2}, "focal_half": losses.Focal{Gamma: 0.5},
	}
	ctc := losses.CTC{ZeroInfinity: name == "ctc_zero_infinity"}
	if name == "ctc_blank_last" {
		ctc.Blank = 4
	}
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		if l, ok := simple[name]; ok {
			return []graph.Node{l.Apply(g, in[0], in[1])}
		}
		return []graph.Node{ctc.Apply(g, in[0], in[1], in[2], in[3])}
	}
}

func TestMoreLossesAgreeWithPyTorch(t *testing.T) {
	rec, meta := graphtest.Golden(t, "testdata/more_f64.safetensors")
	for name := range strings.SplitSeq(meta["cases"], ",") {
		t.Run(name, func(t *testing.T) {
			build, x := recorded(name), rec[name+".in.x"]
			in := []*tensor.Dense{rec[name+".in.targets"]}
			if strings.HasPrefix(name, "ctc") {
				in = append(in, rec[name+".in.frames"], rec[name+".in.labels"])
			}
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
			graphtest.Close(t, "loss", out[0], rec[name+".out.loss"], 1e-11)
			graphtest.Close(t, "gradient", q.Grad(), rec[name+".grad.x"], 1e-11)
		})
	}
}

// With lengths, the mean is the mean of what lies inside, whatever padding holds.
func TestMeanOverLengths(t *testing.T) {
	y := graph.Floats64([]float64{1, 2, 3, 9, 5, 9}, 3, 2) // sequences 1 3 5 and 2
	target := graph.Floats64([]float64{0, 0, 0, 1, 0, 2}, 3, 2)
	for lengths, want := range map[[2]int]float64{{3, 1}: (1 + 9 + 25 + 4) / 4.0, {0, 0}: 0, {2, 0}: 5} {
		out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.MSE{Lengths: in[2]}.Apply(g, in[0], in[1])}
		}).Run(y, target, graph.Ints(lengths[:]))
		if err != nil || graph.Scalar(out[0]) != want {
			t.Errorf("lengths %v: %v, error %v; want %g", lengths, out, err, want)
		}
	}
}

// The best constant of the pinball loss is the quantile.
func TestQuantileIsTheQuantile(t *testing.T) {
	data := make([]float64, 101)
	for i := range data {
		data[i] = float64(i)
	}
	at := func(q, guess float64) float64 {
		out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.Quantile{Levels: []float64{q}}.Apply(g, g.Full(guess, 101, 1), in[0])}
		}).Run(graph.Floats64(data, 101))
		if err != nil {
			t.Fatal(err)
		}
		return graph.Scalar(out[0])
	}
	for _, q := range []float64{0.1, 0.5, 0.9} {
		best := 100 * q
		if at(q, best) > at(q, best-2) || at(q, best) > at(q, best+2) {
			t.Errorf("quantile %g: %g at %g, %g and %g beside it", q, at(q, best), best, at(q, best-2), at(q, best+2))
		}
	}
}

func TestMoreBadUse(t *testing.T) {
	ids, x := graph.Ints([]int{0, 1}), graphtest.Random(1, 2, 3)
	try := func(want string, build graph.Build, in ...*tensor.Dense) {
		t.Helper()
		if _, err := graph.NewFunc(graph.NewParams64(1), build).Run(in...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	with := func(l loss) graph.Build {
		return func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{l.Apply(g, in[0], in[1])} }
	}
	try("delta -1; want above 0", with(losses.Huber{Delta: -1}), x, x)
	try("level 1; want above 0 and below 1", with(losses.Quantile{Levels: []float64{1}}), x, ids)
	try("want predictions [..., 1] of targets [...]", with(losses.Quantile{Levels: []float64{.5}}), x, x)
	try("gamma -2; want 0 or more", with(losses.Focal{Gamma: -2}), x, ids)
	try("2 class weights; want 3", with(losses.NLL{Weights: []float64{1, 2}}), x, ids)
	try("want logits [..., V] and targets [...]", with(losses.NLL{}), x, graph.Ints([]int{1}))
	try("predictions have shape [2 3], targets [2]", with(losses.KL{}), x, graphtest.Random(1, 2))
	try("lengths [2] for [T, B, ...] = [2 3]; want ids [B]", func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.MSE{Lengths: in[1]}.Apply(g, in[0], in[0])}
	}, x, ids)
}
