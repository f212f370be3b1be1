package nn_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// The recorded values come from testdata/record_modules.py, which runs PyTorch.
const modules = "testdata/modules_f64.safetensors"

// of gives a module as a function of a recording's input x.
func of(m nn.Module) func(g *graph.Graph, in map[string]graph.Node) graph.Node {
	return func(g *graph.Graph, in map[string]graph.Node) graph.Node { return m.Apply(g, in["x"]) }
}

// agree compares layers with the recorded cases of the same names.
func agree(t *testing.T, cases map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node) {
	t.Helper()
	rec, _ := graphtest.Golden(t, modules)
	for name, build := range cases {
		t.Run(name, func(t *testing.T) {
			graphtest.Recorded{Values: rec, Case: name, Build: build, Tolerance: 1e-11}.Compare(t)
		})
	}
}

// checkModules checks the gradients of modules over inputs x of the given shapes, in training.
func checkModules(t *testing.T, modules map[string]nn.Module, shapes ...[]int) {
	t.Helper()
	for name, m := range modules {
		for _, shape := range shapes {
			t.Run(fmt.Sprint(name, shape), func(t *testing.T) {
				graphtest.CheckGradient(t, graphtest.Gradient{
					Training: true, Seed: 3, Samples: 12,
					Inputs: []*tensor.Dense{graphtest.Random(1, shape...)},
					Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
						y := m.Apply(awayFromKinks(g), in[0])
						if g.Err() != nil {
							return []graph.Node{y}
						}
						return []graph.Node{g.Sum(g.Mul(y, g.Const(graphtest.Random(2, y.Shape()...))))}
					},
				})
			})
		}
	}
}

// awayFromKinks moves biases, which start at zero: where all that goes into a ReLU is a bias, it would stand at its kink.
func awayFromKinks(g *graph.Graph) *graph.Graph {
	return g.Transform(func(local string, w graph.Node) graph.Node {
		if local == "bias" {
			return g.AddScalar(w, 0.1)
		}
		return w
	})
}

func TestNormsAgreeWithPyTorch(t *testing.T) {
	agree(t, map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"layernorm":            of(nn.LayerNorm{}),
		"layernorm_plain":      of(nn.LayerNorm{Epsilon: 0.1, NoAffine: true}),
		"rmsnorm":              of(nn.RMSNorm{}),
		"rmsnorm_oneplus":      of(nn.RMSNorm{OnePlus: true}),
		"rmsnorm_groups":       of(nn.RMSNorm{Groups: 3, Epsilon: 1e-5}),
		"rmsnorm_gated":        gated(nn.GatedRMSNorm{}),
		"rmsnorm_gated_groups": gated(nn.GatedRMSNorm{Norm: nn.RMSNorm{Groups: 2}}),
		"rmsnorm_then_gate":    gated(nn.GatedRMSNorm{NormFirst: true}),
		"rmsnorm_then_sigmoid": gated(nn.GatedRMSNorm{NormFirst: true, Activation: nn.ModuleFunc((*graph.Graph).Sigmoid)}),
		"groupnorm":            of(nn.GroupNorm{Groups: 2, Epsilon: 64e-5}),
		"groupnorm_one":        of(nn.GroupNorm{Groups: 6, Epsilon: 0.1}),
		"l2norm":               of(nn.L2Norm{}),
		"l2norm_bound":         of(nn.L2Norm{Bound: true}),
		"batchnorm":            of(nn.BatchNorm{}),
		"batchnorm_lengths": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return nn.BatchNorm{Momentum: 0.3}.ApplyPadded(g, in["x"], in["lengths"])
		},
	})
}

func gated(n nn.GatedRMSNorm) func(g *graph.Graph, in map[string]graph.Node) graph.Node {
	return func(g *graph.Graph, in map[string]graph.Node) graph.Node { return n.Apply(g, in["x"], in["z"]) }
}

func TestNormGradients(t *testing.T) {
	checkModules(t, map[string]nn.Module{
		"layer": nn.LayerNorm{}, "layer without bias": nn.LayerNorm{NoBias: true},
		"rms": nn.RMSNorm{}, "rms without weight": nn.RMSNorm{NoAffine: true}, "batch": nn.BatchNorm{},
		"rms one plus": nn.RMSNorm{OnePlus: true}, "l2": nn.L2Norm{}, "l2 bound": nn.L2Norm{Bound: true, Epsilon: 0.1},
		"gated": nn.ModuleFunc(func(g *graph.Graph, x graph.Node) graph.Node { return nn.GatedRMSNorm{}.Apply(g, x, g.Square(x)) }),
	}, []int{3, 2, 5}, []int{2, 1, 1}, []int{4, 300})
	checkModules(t, map[string]nn.Module{
		"group": nn.GroupNorm{Groups: 3}, "group without bias": nn.GroupNorm{Groups: 3, NoBias: true},
		"plain group": nn.GroupNorm{Groups: 1, NoAffine: true}, "rms groups": nn.RMSNorm{Groups: 3},
	}, []int{3, 2, 6}, []int{2, 1, 3}, []int{2, 300})
	graphtest.CheckGradient(t, graphtest.Gradient{
		Training: true,
		Inputs:   []*tensor.Dense{graphtest.Random(1, 4, 3, 2), graph.Ints([]int{4, 0, 2})},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := nn.BatchNorm{}.ApplyPadded(g, in[0], in[1])
			return []graph.Node{g.Sum(g.Mul(y, g.Const(graphtest.Random(2, 4, 3, 2))))}
		},
	})
}

// loaded is a float64 store with a recorded case's weights.
func loaded(t *testing.T, rec map[string]*tensor.Dense, name string, weights ...string) *graph.Params {
	t.Helper()
	p := graph.NewParams64(1)
	for _, w := range weights {
		if _, err := p.Add(w, rec[name+".param."+w]); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// Training moves the running values as PyTorch does; evaluation uses them and moves nothing.
func TestBatchNormRunningValues(t *testing.T) {
	rec, _ := graphtest.Golden(t, modules)
	for name, build := range map[string]graph.Build{
		"batchnorm": func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := nn.BatchNorm{}.Apply(g, in[0])
			return []graph.Node{g.Sum(y), y}
		},
		"batchnorm_lengths": func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := nn.BatchNorm{Momentum: 0.3}.ApplyPadded(g, in[0], in[1])
			return []graph.Node{g.Sum(y), y}
		},
	} {
		in := []*tensor.Dense{rec[name+".in.x"]}
		if lengths := rec[name+".in.lengths"]; lengths != nil {
			in = append(in, lengths)
		}
		p := loaded(t, rec, name, "weight", "bias", "running_mean", "running_var")
		f := graph.NewFunc(p, build)
		if _, err := f.Run(in...); err != nil {
			t.Fatal(err)
		}
		for _, b := range []string{"running_mean", "running_var"} {
			graphtest.Close(t, name+": evaluation moved "+b, p.Get(b).Value(), rec[name+".param."+b], 0)
		}
		if _, err := f.Grad(in...); err != nil {
			t.Fatal(err)
		}
		for _, b := range []string{"running_mean", "running_var"} {
			graphtest.Close(t, name+"."+b, p.Get(b).Value(), rec[name+".out."+b], 1e-12)
		}
	}

	p := loaded(t, rec, "batchnorm_eval", "weight", "bias", "running_mean", "running_var")
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{nn.BatchNorm{}.Apply(g, in[0])}
	}).Run(rec["batchnorm_eval.in.x"])
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "evaluated", out[0], rec["batchnorm_eval.out.y"], 1e-12)
}

// Neither the statistics nor the results of the steps see what padding holds, and results at padding are zero.
func TestBatchNormIgnoresPadding(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y := nn.BatchNorm{}.ApplyPadded(g, in[0], in[1])
		return []graph.Node{g.Sum(y), y}
	})
	run := func(padding float32) []float32 {
		x := graph.Floats([]float32{1, 2, 3, padding, 5, padding}, 3, 2, 1)
		out, err := f.Grad(x, graph.Ints([]int{3, 1}))
		if err != nil {
			t.Fatal(err)
		}
		return append([]float32{}, out[1].Float32s()...)
	}
	a, b := run(7), run(float32(math.NaN()))
	if !equal(a, b) || a[3] != 0 || a[5] != 0 {
		t.Errorf("padding matters: %v and %v", a, b)
	}
}

func TestBadNorms(t *testing.T) {
	refused(t, map[string]nn.Module{
		"LayerNorm: epsilon -1; want a number, 0 or more":                        nn.LayerNorm{Epsilon: -1},
		"RMSNorm: epsilon NaN; want a number, 0 or more":                         nn.RMSNorm{Epsilon: math.NaN()},
		"BatchNorm: input [3 2 4], momentum 2; want":                             nn.BatchNorm{Momentum: 2},
		"BatchNorm: want a sequence [T, B, F], found [6 4]":                      nn.ModuleFunc(paddedMatrix),
		"BatchNorm: want lengths [2], ids, found ids [3]":                        nn.ModuleFunc(wrongLengths),
		"BatchNorm: want more than one row to train with, found [1 24]":          reshaped(nn.BatchNorm{}, 1, 24),
		"BatchNorm: input [24], momentum 0; want [..., F] of at least two dimen": reshaped(nn.BatchNorm{}, 24),
	})
}

func paddedMatrix(g *graph.Graph, x graph.Node) graph.Node {
	return nn.BatchNorm{}.ApplyPadded(g, g.Reshape(x, 6, 4), g.InputIDs("lengths", 2))
}

func wrongLengths(g *graph.Graph, x graph.Node) graph.Node {
	return nn.BatchNorm{}.ApplyPadded(g, x, g.InputIDs("lengths", 3))
}

func reshaped(m nn.Module, shape ...int) nn.Module {
	return nn.ModuleFunc(func(g *graph.Graph, x graph.Node) graph.Node { return m.Apply(g, g.Reshape(x, shape...)) })
}

// refused checks the errors of modules over an input [3, 2, 4], in training.
func refused(t *testing.T, cases map[string]nn.Module) {
	t.Helper()
	for want, m := range cases {
		g := graph.NewTraining(graph.NewParams(1))
		m.Apply(g, g.Input("x", 3, 2, 4))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
