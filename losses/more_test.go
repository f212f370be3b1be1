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
	for _, name := range strings.Split(meta["cases"], ",") {
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

func TestMoreGradients(t *testing.T) {
	lengths := graph.Ints([]int{3, 0, 2, 1})
	numbers := func(l func(lengths graph.Node) loss) graph.Build {
		return func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{l(in[2]).Apply(g, in[0], in[1])}
		}
	}
	for name, build := range map[string]graph.Build{
		"mse":    numbers(func(n graph.Node) loss { return losses.MSE{Lengths: n} }),
		"mae":    numbers(func(n graph.Node) loss { return losses.MAE{Lengths: n} }),
		"huber":  numbers(func(n graph.Node) loss { return losses.Huber{Lengths: n, Delta: 0.3} }),
		"cosine": numbers(func(n graph.Node) loss { return losses.Cosine{Lengths: n} }),
		"quantile": func(g *graph.Graph, in []graph.Node) []graph.Node {
			truth := g.Reshape(g.Slice(in[1], 2, 0, 1), 3, 4)
			return []graph.Node{losses.Quantile{Levels: []float64{.1, .25, .5, .9, .99}, Lengths: in[2]}.Apply(g, in[0], truth)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: build,
				Inputs: []*tensor.Dense{graphtest.Random(1, 3, 4, 5), graphtest.Random(2, 3, 4, 5), lengths}})
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
	seq := func(l losses.CTC, tail ...*tensor.Dense) (graph.Build, []*tensor.Dense) {
		return func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{l.Apply(g, in[0], in[1], in[2], in[3])}
		}, append([]*tensor.Dense{graphtest.Random(1, 3, 2, 4)}, tail...)
	}
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
	try("want [..., V] and target ids [...]", with(losses.NLL{}), x, graph.Ints([]int{1}))
	try("predictions have shape [2 3], targets [2]", with(losses.KL{}), x, graphtest.Random(1, 2))
	try("lengths [2] for [T, B, ...] = [2 3]; want [B]", func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.MSE{Lengths: in[1]}.Apply(g, in[0], in[0])}
	}, x, ids)
	target := graph.Ints([]int{1, 2, 1, 1}, 2, 2)
	build, in := seq(losses.CTC{Blank: 4}, target, ids, ids)
	try("blank 4; want 0 to 3", build, in...)
	build, in = seq(losses.CTC{}, graph.Ints([]int{1, 2, 1, 1, 1, 1}, 3, 2), ids, ids)
	try("want logits [T, B, V] and targets [B, S]", build, in...)
	build, in = seq(losses.CTC{}, target, graph.Ints([]int{1}), ids)
	try("want numbers of frames and labels [2]", build, in...)
	build, in = seq(losses.CTC{}, target, graph.Ints([]int{4, 3}), ids)
	try("length 4 of sequence 0; want 0 to 3", build, in...)
	build, in = seq(losses.CTC{}, target, graph.Ints([]int{3, 1}), graph.Ints([]int{2, 2}))
	try("is not finite", build, in...) // two labels in one frame

	if err := losses.CheckCTC([][]int{{1, 2}, {3, 3, 4}}, []int{2, 3}); err == nil ||
		!strings.Contains(err.Error(), "target 1 has 3 labels, 1 of them repeated, and needs 4 frames; found 3") {
		t.Error(err)
	}
	if err := losses.CheckCTC([][]int{{1, 2}, {3, 3, 4}, {}}, []int{2, 4, 0}); err != nil {
		t.Error(err)
	}
	if losses.CheckCTC([][]int{{1}}, nil) == nil {
		t.Error("a target without frames was accepted")
	}
}

// CTC against the sum over all ways to label the frames.
func TestCTCAgainstBruteForce(t *testing.T) {
	const steps, classes = 5, 3
	logits := graphtest.Random(3, steps, 1, classes)
	collapse := func(path []int) string {
		var b strings.Builder
		for i, v := range path {
			if v != 0 && (i == 0 || v != path[i-1]) {
				b.WriteByte(byte('0' + v))
			}
		}
		return b.String()
	}
	total := map[string]float64{}
	var walk func(path []int, p float64)
	walk = func(path []int, p float64) {
		if len(path) == steps {
			total[collapse(path)] += p
			return
		}
		row := logits.Float64s()[len(path)*classes:][:classes]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		for v := range classes {
			walk(append(path[:len(path):len(path)], v), p*math.Exp(row[v])/sum)
		}
	}
	walk(nil, 1)
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CTC{}.Apply(g, in[0], in[1], in[2], in[3])}
	})
	for target, p := range total {
		ids := make([]int, steps) // padded
		for i := range target {
			ids[i] = int(target[i] - '0')
		}
		out, err := f.Run(logits, graph.Ints(ids, 1, steps), graph.Ints([]int{steps}), graph.Ints([]int{len(target)}))
		if err != nil {
			t.Fatal(err)
		}
		want := -math.Log(p) / float64(max(len(target), 1))
		if got := graph.Scalar(out[0]); math.Abs(got-want) > 1e-10 {
			t.Errorf("target %q: %g, want %g", target, got, want)
		}
	}
}
