package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
)

func mlp() nn.Sequential {
	return nn.Sequential{
		nn.Dense{Units: 4}, nn.ModuleFunc((*graph.Graph).ReLU),
		nn.Dense{Units: 3}, nn.ModuleFunc((*graph.Graph).Tanh),
	}
}

func TestModulesAgreeWithPyTorch(t *testing.T) {
	agree(t, map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"sequential":   of(mlp()), // the names 0.weight, 0.bias, 2.weight, 2.bias are PyTorch's
		"gelu":         of(nn.GELU{}),
		"gelu_tanh":    of(nn.GELU{Tanh: true}),
		"squared_relu": of(nn.SquaredReLU{}),
		"softcap":      of(nn.SoftCap{Limit: 1.5}),
		"silu":         of(nn.SiLU{}),
	})
}

func TestModuleGradients(t *testing.T) {
	checkModules(t, map[string]nn.Module{
		"sequential": mlp(), "gelu": nn.GELU{}, "gelu tanh": nn.GELU{Tanh: true}, "silu": nn.SiLU{}, "soft cap": nn.SoftCap{Limit: 0.7}, "squared relu": nn.SquaredReLU{},
		"residual": nn.Residual{Module: nn.Sequential{nn.LayerNorm{}, nn.SiLU{}}},
	}, []int{3, 2, 5}, []int{1, 1, 1}, []int{2, 257})
}

// An activation far from zero is x, or nothing, and no NaN.
func TestActivationsAtTheEnds(t *testing.T) {
	for name, m := range map[string]nn.Module{"gelu": nn.GELU{}, "gelu tanh": nn.GELU{Tanh: true}, "silu": nn.SiLU{}} {
		out, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{m.Apply(g, in[0])}
		}).Run(graph.Floats([]float32{-1e4, -200, 0, 200, 1e4}))
		if err != nil {
			t.Fatal(name, err)
		}
		for i, want := range []float64{0, 0, 0, 200, 1e4} {
			if y := float64(out[0].Float32s()[i]); math.Abs(y-want) > 1e-6 {
				t.Errorf("%s: element %d is %g, want %g", name, i, y, want)
			}
		}
	}
}

// A residual around a module gives x + f(x), and the module's own names.
func TestResidual(t *testing.T) {
	p := graph.NewParams(1)
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{nn.Residual{Module: nn.Dense{Units: 4}}.Apply(g.Scope("block"), in[0]),
			g.Add(in[0], nn.Dense{Units: 4}.Apply(g.Scope("block").Shared(), in[0]))}
	}).Run(graphtest.Float32(graphtest.Random(1, 3, 4)))
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "residual", out[0], out[1], 0)
	if p.Len() != 2 || p.Get("block.weight") == nil || p.Get("block.bias") == nil {
		t.Errorf("parameters are\n%v", p)
	}
}

func TestBadModules(t *testing.T) {
	refused(t, map[string]nn.Module{
		"Sequential: member 1 is nil":                                 nn.Sequential{nn.SiLU{}, nil},
		"ModuleFunc: it is nil":                                       nn.ModuleFunc(nil),
		"Residual: it has no Module":                                  nn.Residual{},
		"Residual: its module maps [3 2 4] to [3 2 5]; want the same": nn.Residual{Module: nn.Dense{Units: 5}},
	})
}

// A multilayer perceptron: PyTorch's nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)).
func ExampleSequential() {
	params := graph.NewParams(1)
	f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		mlp := nn.Sequential{nn.Dense{Units: 8}, nn.ModuleFunc((*graph.Graph).ReLU), nn.Dense{Units: 2}}
		return []graph.Node{mlp.Apply(g, in[0])}
	})
	out, err := f.Run(graph.Floats(make([]float32, 5*3), 5, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out[0].Shape())
	for i := range params.Len() {
		fmt.Println(params.At(i).Name(), params.At(i).Shape())
	}
	// Output:
	// (5, 2)
	// 0.weight [8 3]
	// 0.bias [8]
	// 2.weight [2 8]
	// 2.bias [2]
}
