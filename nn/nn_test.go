package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// The recorded values come from testdata/record.py, which runs PyTorch.
func TestLayersAgreeWithPyTorch(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/layers_f64.safetensors")
	pad := 2
	width := func(name string, axis int) int { return rec[name].Shape()[axis] }
	for name, build := range map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"embedding": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			w := "embedding.param.weight"
			return nn.Embedding{Tokens: width(w, 0), Size: width(w, 1)}.Apply(g, in["ids"])
		},
		"embedding_pad": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			w := "embedding_pad.param.weight"
			return nn.Embedding{Tokens: width(w, 0), Size: width(w, 1), Pad: &pad}.Apply(g, in["ids"])
		},
		"linear": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return nn.Dense{Units: width("linear.param.weight", 0)}.Apply(g, in["x"])
		},
		"linear_nobias": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return nn.Dense{Units: width("linear_nobias.param.weight", 0), NoBias: true}.Apply(g, in["x"])
		},
		"linear_matrix": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return nn.Dense{Units: width("linear_matrix.param.weight", 0)}.Apply(g, in["x"])
		},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.Recorded{Values: rec, Case: name, Build: build, Tolerance: 1e-12}.Compare(t)
		})
	}
}

// The tied model of the recording, log_softmax(tanh(E[ids])·Eᵀ + b), whose E gets gradients from both of its uses.
func TestTiedHeadAgreesWithPyTorch(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/layers_f64.safetensors")
	graphtest.Recorded{Values: rec, Case: "tied", Tolerance: 1e-12, Build: func(g *graph.Graph, in map[string]graph.Node) graph.Node {
		shape := rec["tied.param.embedding.weight"].Shape()
		e := nn.Embedding{Tokens: shape[0], Size: shape[1]}
		table := e.Weight(g.Scope("embedding"))
		h := g.Tanh(e.Lookup(g, table, in["ids"]))
		return g.LogSoftmax(nn.Head{Classes: shape[0], Tied: table}.Apply(g.Scope("head"), h), -1)
	}}.Compare(t)
}

func TestLayerGradients(t *testing.T) {
	for name, build := range map[string]graph.Build{
		"dense": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Square(nn.Dense{Units: 300}.Apply(g, in[0])))}
		},
		"head": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Square(nn.Head{Classes: 1, NoBias: true}.Apply(g, in[0])))}
		},
		"probabilities": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Square(nn.Head{Classes: 4}.Probabilities(g, in[0])))}
		},
		"dropout": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Square(nn.Dropout{Rate: 0.4}.Apply(g, in[0])))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: build, Training: true, Seed: 5,
				Inputs: []*tensor.Dense{graphtest.Random(1, 3, 2, 5)}})
		})
	}
}

func TestDropout(t *testing.T) {
	const n, rate = 100000, 0.3
	p := graph.NewParams(1)
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y := nn.Dropout{Rate: rate}.Apply(g, in[0])
		z := nn.Dropout{Rate: rate}.Apply(g, in[0])
		return []graph.Node{g.Sum(y), y, z}
	})
	masks := func(train bool) (y, z []float32) {
		run := f.Run
		if train {
			run = f.Grad
		}
		out, err := run(graph.Floats(ones))
		if err != nil {
			t.Fatal(err)
		}
		return append([]float32{}, out[1].Float32s()...), append([]float32{}, out[2].Float32s()...)
	}
	f.Seed(1)
	a, b := masks(true)
	c, _ := masks(true)
	dropped, agree, again := 0, 0, 0
	for i := range a {
		if a[i] == 0 {
			dropped++
		} else if want := float32(1 / (1 - rate)); math.Abs(float64(a[i]-want)) > 1e-6 {
			t.Fatalf("kept element %d is %v, want %v", i, a[i], want)
		}
		if a[i] == b[i] {
			agree++
		}
		if a[i] == c[i] {
			again++
		}
	}
	near := func(name string, got int, share float64) {
		if d := math.Abs(float64(got)/n - share); d > 0.01 {
			t.Errorf("%s: %d of %d, want a share of %.2f", name, got, n, share)
		}
	}
	near("dropped", dropped, rate)
	near("two masks of one run agree", agree, rate*rate+(1-rate)*(1-rate)) // independent draws
	near("masks of two runs agree", again, rate*rate+(1-rate)*(1-rate))
	f.Seed(1)
	if d, _ := masks(true); !equal(a, d) {
		t.Error("the same seed gave another mask")
	}
	if e, _ := masks(false); !equal(e, ones) {
		t.Error("dropout is not the identity when evaluating")
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestBadUse(t *testing.T) {
	pad := 9
	x, ids := graphtest.Float32(graphtest.Random(1, 2, 3)), graph.Ints([]int{0, 5})
	for want, build := range map[string]graph.Build{
		"Dense: 0 units": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{nn.Dense{}.Apply(g, in[0])}
		},
		"Dense: want an input [..., I] of at least two dimensions, found [6]": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{nn.Dense{Units: 2}.Apply(g, g.Reshape(in[0], 6))}
		},
		"Embedding: 0 tokens of size 4": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{nn.Embedding{Size: 4}.Apply(g, in[1])}
		},
		"padding id 9; want 0 to 5": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{nn.Embedding{Tokens: 6, Size: 4, Pad: &pad}.Apply(g, in[1])}
		},
		"id 5 at position 1; want 0 to 4": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{nn.Embedding{Tokens: 5, Size: 4}.Apply(g, in[1])}
		},
		"rate 1; want at least 0 and below 1": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{nn.Dropout{Rate: 1}.Apply(g, in[0])}
		},
		"tied weight has shape [2 3]; want [7 3]": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{nn.Head{Classes: 7, Tied: in[0]}.Apply(g, in[0])}
		},
		"parameter weight is asked for twice": func(g *graph.Graph, in []graph.Node) []graph.Node {
			d := nn.Dense{Units: 2}
			return []graph.Node{g.Add(d.Apply(g, in[0]), d.Apply(g, in[0]))}
		},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), build).Run(x, ids)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
