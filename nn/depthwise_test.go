package nn_test

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
)

func TestDepthwiseAgreesWithPyTorch(t *testing.T) {
	agree(t, map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"depthwise":        of(nn.DepthwiseConv1D{Kernel: 4}),
		"depthwise_one":    of(nn.DepthwiseConv1D{Kernel: 1}),
		"depthwise_nobias": of(nn.DepthwiseConv1D{Kernel: 3, NoBias: true}),
		"depthwise_long":   of(nn.DepthwiseConv1D{Kernel: 12}),
	})
}

func TestDepthwiseGradients(t *testing.T) {
	checkModules(t, map[string]nn.Module{
		"one": nn.DepthwiseConv1D{Kernel: 1}, "four": nn.DepthwiseConv1D{Kernel: 4},
		"without bias": nn.DepthwiseConv1D{Kernel: 3, NoBias: true},
	}, []int{7, 2, 2}, []int{1, 1, 1}, []int{2, 1, 300})
}

// Steps carry the past from one to the next, and have the bits of the whole sequence.
func TestDepthwiseSteps(t *testing.T) {
	for _, kernel := range []int{1, 2, 4} {
		for _, size := range []struct{ T, B, C int }{{1, 1, 1}, {2, 3, 5}, {9, 2, 17}} {
			conv := nn.DepthwiseConv1D{Kernel: kernel}
			build := func(g *graph.Graph, in []graph.Node) []graph.Node {
				var past graph.Node
				if kernel > 1 {
					past = g.Full(0, size.B, (kernel-1)*size.C)
				}
				var steps []graph.Node
				for _, x := range g.Unstack(in[0]) {
					g = g.Shared()
					var y graph.Node
					y, past = conv.Step(g, x, past)
					steps = append(steps, y)
				}
				return []graph.Node{g.Stack(steps...), conv.Apply(g.Shared(), in[0])}
			}
			out, err := graph.NewFunc(graph.NewParams(1), build).Run(graphtest.Float32(graphtest.Random(1, size.T, size.B, size.C)))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range out[0].Float32s() {
				if w := out[1].Float32s()[i]; v != w {
					t.Errorf("kernel %d, %v: element %d is %v step by step, %v of the whole", kernel, size, i, v, w)
					break
				}
			}
		}
	}
}

func TestDepthwiseMistakes(t *testing.T) {
	for name, build := range map[string]func(g *graph.Graph) graph.Node{
		"a kernel of 0": func(g *graph.Graph) graph.Node { return nn.DepthwiseConv1D{}.Apply(g, g.Full(1, 2, 2, 2)) },
		"no sequence":   func(g *graph.Graph) graph.Node { return nn.DepthwiseConv1D{Kernel: 2}.Apply(g, g.Full(1, 2, 2)) },
		"a past that does not fit": func(g *graph.Graph) graph.Node {
			y, _ := nn.DepthwiseConv1D{Kernel: 3}.Step(g, g.Full(1, 2, 2), g.Full(1, 2, 2))
			return y
		},
		"no past": func(g *graph.Graph) graph.Node {
			y, _ := nn.DepthwiseConv1D{Kernel: 3}.Step(g, g.Full(1, 2, 2), graph.Node{})
			return y
		},
		"too few inputs": func(g *graph.Graph) graph.Node { return nn.DepthwiseConv1D{Kernel: 3}.Weigh(g, g.Full(1, 2, 2)) },
	} {
		g := graph.New(graph.NewParams(1))
		if y := build(g); y.Valid() || g.Err() == nil {
			t.Errorf("%s is taken: %v", name, g.Err())
		} else if msg := fmt.Sprint(g.Err()); msg == "" {
			t.Errorf("%s: no message", name)
		}
	}
}
