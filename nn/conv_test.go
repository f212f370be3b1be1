package nn_test

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

func TestConvolutionsAgreeWithPyTorch(t *testing.T) {
	agree(t, map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"conv":                of(nn.Conv1D{Channels: 4, Kernel: 3}),
		"conv_nobias":         of(nn.Conv1D{Channels: 4, Kernel: 1, NoBias: true}),
		"conv_same":           of(nn.Conv1D{Channels: 4, Kernel: 4, Padding: nn.PadSame}),
		"conv_same_dilated":   of(nn.Conv1D{Channels: 4, Kernel: 3, Dilation: 3, Padding: nn.PadSame}),
		"conv_number":         of(nn.Conv1D{Channels: 4, Kernel: 3, Pad: 2}),
		"conv_stride":         of(nn.Conv1D{Channels: 4, Kernel: 3, Stride: 2, Pad: 1}),
		"conv_stride_dilated": of(nn.Conv1D{Channels: 4, Kernel: 2, Stride: 3, Dilation: 4}),
		"conv_whole":          of(nn.Conv1D{Channels: 4, Kernel: 11}),
		"conv_causal":         of(nn.Conv1D{Channels: 4, Kernel: 3, Dilation: 2, Padding: nn.PadCausal}),
		"conv_weightnorm":     of(nn.Conv1D{Channels: 4, Kernel: 3, WeightNorm: true}),
		"tcn":                 of(nn.TCN{Channels: []int{4, 4, 2}, Kernel: 2}),
		"maxpool":             of(nn.MaxPool1D{Size: 3}),
		"maxpool_overlapping": of(nn.MaxPool1D{Size: 3, Stride: 1}),
		"maxpool_gaps":        of(nn.MaxPool1D{Size: 2, Stride: 3}),
		"avgpool":             of(nn.AvgPool1D{Size: 4}),
		"avgpool_overlapping": of(nn.AvgPool1D{Size: 4, Stride: 2}),
	})
}

func TestConvolutionGradients(t *testing.T) {
	checkModules(t, map[string]nn.Module{
		"one":         nn.Conv1D{Channels: 1, Kernel: 1},
		"causal":      nn.Conv1D{Channels: 3, Kernel: 4, Dilation: 2, Padding: nn.PadCausal},
		"same":        nn.Conv1D{Channels: 2, Kernel: 5, Padding: nn.PadSame},
		"stride":      nn.Conv1D{Channels: 2, Kernel: 3, Stride: 3, Pad: 2, WeightNorm: true},
		"tcn":         nn.TCN{Channels: []int{3, 2}, Kernel: 3, Dropout: 0.2},
		"plain tcn":   nn.TCN{Channels: []int{2, 2}, Kernel: 2, NoWeightNorm: true},
		"max":         nn.MaxPool1D{Size: 1},
		"global max":  nn.GlobalMaxPool{},
		"global mean": nn.GlobalMeanPool{},
	}, []int{7, 2, 2}, []int{1, 1, 1})
	checkModules(t, map[string]nn.Module{
		"wide":    nn.Conv1D{Channels: 257, Kernel: 2, Padding: nn.PadCausal},
		"max":     nn.MaxPool1D{Size: 2},
		"average": nn.AvgPool1D{Size: 2, Stride: 1},
	}, []int{3, 1, 258}, []int{300, 1, 1})
	graphtest.CheckGradient(t, graphtest.Gradient{
		Inputs: []*tensor.Dense{graphtest.Random(1, 4, 3, 2), graph.Ints([]int{4, 0, 2})},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			a, b := nn.GlobalMaxPool{}.ApplyPadded(g, in[0], in[1]), nn.GlobalMeanPool{}.ApplyPadded(g, in[0], in[1])
			return []graph.Node{g.Add(g.Sum(g.Square(a)), g.Sum(g.Square(b)))}
		},
	})
}

func TestCausalConvolutionsSeeNoFuture(t *testing.T) {
	for _, steps := range []int{2, 5, 64} {
		past(t, fmt.Sprint("convolution over ", steps), nn.Conv1D{Channels: 5, Kernel: 3, Dilation: 2, Padding: nn.PadCausal}, steps, 2, 3)
		past(t, fmt.Sprint("TCN over ", steps), nn.TCN{Channels: []int{8, 8, 8}, Kernel: 3}, steps, 2, 3)
	}
}

// A TCN sees exactly as far back as its documentation says.
func TestReceptiveField(t *testing.T) {
	const steps, kernel = 40, 3
	channels := []int{8, 8, 8}
	sees := 1 + 2*(kernel-1)*(1<<len(channels)-1) // 29
	p := graph.NewParams64(3)
	f := graph.NewFunc(p, func(g *graph.Graph, _ []graph.Node) []graph.Node {
		x := g.Param("x", graph.Normal(0, 1), steps, 1, 2)
		y := nn.TCN{Channels: channels, Kernel: kernel}.Apply(g, x)
		return []graph.Node{g.Sum(g.Slice(y, 0, steps-1, steps))}
	})
	if _, err := f.Grad(); err != nil {
		t.Fatal(err)
	}
	grad := p.Get("x").Grad().Float64s()
	for s := range steps {
		seen := grad[2*s] != 0 || grad[2*s+1] != 0
		if want := s >= steps-sees; seen != want {
			t.Errorf("step %d: seen %v, want %v", s, seen, want)
		}
	}
}

// A causal kernel that reaches past the beginning sees zeros there, as if they had been put before the sequence.
func TestCausalConvolutionBeforeTheBeginning(t *testing.T) {
	const kernel, dilation, before = 4, 5, 15
	for _, steps := range []int{1, 5, 6, 11, 15, 16, 20} {
		for _, stride := range []int{1, 3} {
			p := graph.NewParams64(1)
			f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				c := nn.Conv1D{Channels: 3, Kernel: kernel, Dilation: dilation, Stride: stride}
				wide := c.Apply(g.Scope("c"), g.Concat(0, g.Full(0, before, 2, 2), in[0]))
				c.Padding = nn.PadCausal
				causal := c.Apply(g.Scope("c").Shared(), in[0])
				return []graph.Node{g.Sum(g.Square(causal)), causal, wide}
			})
			out, err := f.Grad(graphtest.Random(1, steps, 2, 2))
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%d steps, stride %d", steps, stride)
			graphtest.Close(t, name, out[1], out[2], 1e-14)
			grad := p.Get("c.weight").Grad().Float64s() // [Channels, C, Kernel]
			for i, d := range grad {
				reaches := (kernel-1-i%kernel)*dilation < steps
				if stride == 1 && (d != 0) != reaches {
					t.Errorf("%s: gradient of tap %d is %g, but whether it reaches the sequence is %v", name, i%kernel, d, reaches)
				}
			}
		}
	}
}

// Memory follows the length of the sequence, not how far back the last block could see, 2^31 steps.
func TestDeepTCNOfAShortSequence(t *testing.T) {
	channels := make([]int, 30)
	for i := range channels {
		channels[i] = 4
	}
	const steps, batch = 10, 2
	g := graph.New(graph.NewParams(1))
	y := nn.TCN{Channels: channels, Kernel: 3}.Apply(g, g.Input("x", steps, batch, 4))
	p, err := g.Compile(y)
	if err != nil {
		t.Fatal(err)
	}
	// Two convolutions a block, each at most its padded input, three taps' products and packed weights.
	if limit := 30 * 2 * 8 * 4 * steps * batch * 4; p.Bytes() > limit {
		t.Errorf("the program takes %d bytes; want at most %d", p.Bytes(), limit)
	}
}

func TestGlobalPoolingAndPadding(t *testing.T) {
	x := graph.Floats([]float32{ // [3, 3, 1]: lengths 3, 1 and 0
		-4, -2, 9,
		-1, 7, 9,
		-7, 8, 9,
	}, 3, 3, 1)
	out, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{nn.GlobalMaxPool{}.ApplyPadded(g, in[0], in[1]), nn.GlobalMeanPool{}.ApplyPadded(g, in[0], in[1]),
			nn.GlobalMaxPool{}.Apply(g, in[0]), nn.GlobalMeanPool{}.Apply(g, in[0]), nn.ClearPadding(g, in[0], in[1])}
	}).Run(x, graph.Ints([]int{3, 1, 0}))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{-1, -2, 0}, {-4, -2, 0}, {-1, 8, 9}, {-4, 13.0 / 3, 9}, {-4, -2, 0, -1, 0, 0, -7, 0, 0}} {
		if got := out[i].Float32s(); !equal(got, want) {
			t.Errorf("result %d is %v, want %v", i, got, want)
		}
	}
}

func TestBadConvolutions(t *testing.T) {
	refused(t, map[string]nn.Module{
		"Conv1D: 0 channels and a kernel of 0":                  nn.Conv1D{},
		"Conv1D: its window has 4 steps; want at most the 3":    nn.Conv1D{Channels: 1, Kernel: 4},
		"its window has 5 steps; want at most the 3":            nn.Conv1D{Channels: 1, Kernel: 3, Dilation: 2},
		"Conv1D: stride -1, dilation 0, 0 steps of padding":     nn.Conv1D{Channels: 1, Kernel: 1, Stride: -1},
		"Conv1D: unknown padding 3":                             nn.Conv1D{Channels: 1, Kernel: 1, Padding: 3},
		"Conv1D: Pad is set; only PadNumber takes it":           nn.Conv1D{Channels: 1, Kernel: 1, Padding: nn.PadSame, Pad: 1},
		"Conv1D: stride 2 with PadSame; want 1":                 nn.Conv1D{Channels: 1, Kernel: 1, Padding: nn.PadSame, Stride: 2},
		"Conv1D: want a sequence [T, B, F], found [6 4]":        reshaped(nn.Conv1D{Channels: 1, Kernel: 1}, 6, 4),
		"MaxPool1D: size 0 and stride 0":                        nn.MaxPool1D{},
		"AvgPool1D: its window has 4 steps; want at most":       nn.AvgPool1D{Size: 4},
		"GlobalMaxPool: want a sequence [T, B, F], found [24]":  reshaped(nn.GlobalMaxPool{}, 24),
		"GlobalMeanPool: want a sequence [T, B, F], found [24]": reshaped(nn.GlobalMeanPool{}, 24),
		"TCN: 0 blocks (Channels); want 1 to 30":                nn.TCN{},
		"TCN: want a sequence [T, B, F], found [24]":            reshaped(nn.TCN{Channels: []int{1}, Kernel: 1}, 24),
		"network/0/conv1: 2 channels and a kernel of 0":         nn.TCN{Channels: []int{2}},
	})
}

// A causal convolution: the result at a step is the difference to the step before.
func ExampleConv1D() {
	params := graph.NewParams(1)
	f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{nn.Conv1D{Channels: 1, Kernel: 2, Padding: nn.PadCausal, NoBias: true}.Apply(g, in[0])}
	})
	if _, err := params.Add("weight", graph.Floats([]float32{-1, 1}, 1, 1, 2)); err != nil {
		fmt.Println(err)
	}
	out, err := f.Run(graph.Floats([]float32{1, 4, 9, 16}, 4, 1, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out[0].Float32s())
	// Output: [1 3 5 7]
}
