package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

func TestTransformersAgreeWithPyTorch(t *testing.T) {
	layer := nn.TransformerEncoderLayer{Heads: 2, Hidden: 7}
	causal, post := layer, layer
	causal.Causal, causal.Activation = true, nn.GELU{}
	post.PostNorm = true
	decoder := nn.TransformerDecoderLayer{Heads: 2, Hidden: 7}
	agree(t, map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"encoder_layer":      of(layer),
		"encoder_layer_gelu": of(causal),
		"encoder_layer_post": of(post),
		"encoder": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return nn.TransformerEncoder{Layers: 2, Layer: layer}.ApplyPadded(g, in["x"], in["lengths"])
		},
		"decoder_layer_post": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			d := decoder
			d.PostNorm = true
			y := d.Apply(g, in["x"], in["memory"], in["lengths"], in["memory_lengths"])
			return nn.ClearPadding(g, y, in["lengths"])
		},
		"decoder": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			d := nn.TransformerDecoder{Layers: 2, Layer: decoder}
			return d.Apply(g, in["x"], in["memory"], in["lengths"], in["memory_lengths"])
		},
	})
}

func TestTransformerGradients(t *testing.T) {
	checkModules(t, map[string]nn.Module{
		"encoder": nn.TransformerEncoder{Layers: 2, Layer: nn.TransformerEncoderLayer{Heads: 2, Dropout: 0.2, Activation: nn.GELU{}}},
		"causal":  nn.TransformerEncoder{Layers: 1, NoNorm: true, Layer: nn.TransformerEncoderLayer{Heads: 1, Causal: true, Activation: nn.SiLU{}}},
	}, []int{3, 2, 4}, []int{1, 1, 2})
	graphtest.CheckGradient(t, graphtest.Gradient{
		Samples: 12, Training: true,
		Inputs: []*tensor.Dense{graphtest.Random(1, 3, 2, 4), graphtest.Random(2, 5, 2, 3), graph.Ints([]int{3, 1}), graph.Ints([]int{0, 5})},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			d := nn.TransformerDecoder{Layers: 2, Layer: nn.TransformerDecoderLayer{Heads: 2, Dropout: 0.1, Activation: nn.GELU{}}}
			y := d.Apply(g, in[0], in[1], in[2], in[3])
			return []graph.Node{g.Sum(g.Mul(y, g.Const(graphtest.Random(3, 3, 2, 4))))}
		},
	})
}

func TestCausalTransformersSeeNoFuture(t *testing.T) {
	past(t, "encoder", nn.TransformerEncoder{Layers: 2, Layer: nn.TransformerEncoderLayer{Heads: 2, Causal: true}}, 9, 2, 4)
	past(t, "decoder", nn.ModuleFunc(func(g *graph.Graph, x graph.Node) graph.Node {
		memory := g.Const(graphtest.Random(4, 3, 2, 4))
		return nn.TransformerDecoder{Layers: 2, Layer: nn.TransformerDecoderLayer{Heads: 2}}.Apply(g, x, memory, graph.Node{}, graph.Node{})
	}), 9, 2, 4)
}

// A padded batch gives each sequence what it gives alone, and padding gives zero, whatever it holds.
func TestTransformerEncoderAndPadding(t *testing.T) {
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		var lengths graph.Node
		if len(in) > 1 {
			lengths = in[1]
		}
		e := nn.TransformerEncoder{Layers: 2, Layer: nn.TransformerEncoderLayer{Heads: 2}}
		return []graph.Node{e.ApplyPadded(g, nn.SinusoidalPositions{}.Apply(g, in[0]), lengths)}
	})
	const T, B, E = 4, 3, 6
	lengths := []int{4, 0, 2}
	x := graphtest.Random(1, T, B, E)
	alone := make([][]float64, B)
	for b, n := range lengths {
		if n == 0 {
			continue
		}
		one := make([]float64, 0, n*E)
		for s := range n {
			one = append(one, x.Float64s()[(s*B+b)*E:(s*B+b+1)*E]...)
		}
		out, err := f.Run(graph.Floats64(one, n, 1, E))
		if err != nil {
			t.Fatal(err)
		}
		alone[b] = append(alone[b], out[0].Float64s()...)
	}
	for b, n := range lengths {
		for s := n; s < T; s++ {
			x.Float64s()[(s*B+b)*E] = math.NaN()
		}
	}
	out, err := f.Run(x, graph.Ints(lengths))
	if err != nil {
		t.Fatal(err)
	}
	for b, n := range lengths {
		for i := range T * E {
			got, want := out[0].Float64s()[(i/E*B+b)*E+i%E], 0.0
			if i < n*E {
				want = alone[b][i]
			}
			if math.Abs(got-want) > 1e-12 {
				t.Fatalf("sequence %d, element %d: %g, alone %g", b, i, got, want)
			}
		}
	}
}

func TestPositions(t *testing.T) {
	p := graph.NewParams64(1)
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{nn.SinusoidalPositions{}.Apply(g, in[0]), nn.LearnedPositions{Max: 7}.Apply(g, in[0])}
	}).Run(graph.Floats64(make([]float64, 3*2*5), 3, 2, 5))
	if err != nil {
		t.Fatal(err)
	}
	// Step 2 of width 5: the wave lengths are 1, 10000^(2/5) and 10000^(4/5), and the last has no cosine.
	a, b := 2/math.Pow(10000, 0.4), 2/math.Pow(10000, 0.8)
	for i, want := range []float64{math.Sin(2), math.Cos(2), math.Sin(a), math.Cos(a), math.Sin(b)} {
		for seq := range 2 {
			if got := out[0].Float64s()[(2*2+seq)*5+i]; math.Abs(got-want) > 1e-12 {
				t.Errorf("sequence %d: element %d is %g, want %g", seq, i, got, want)
			}
		}
	}
	table := p.Get("weight").Value().Float64s()
	for i, got := range out[1].Float64s() {
		if want := table[i/10*5+i%5]; got != want || want == 0 {
			t.Errorf("learned element %d is %g, want %g", i, got, want)
		}
	}
	checkModules(t, map[string]nn.Module{"sinusoidal": nn.SinusoidalPositions{}, "learned": nn.LearnedPositions{Max: 300}},
		[]int{3, 2, 5}, []int{1, 1, 1}, []int{300, 1, 2})
}

func TestBadTransformers(t *testing.T) {
	refused(t, map[string]nn.Module{
		"TransformerEncoder: 0 layers":                                 nn.TransformerEncoder{},
		"TransformerEncoderLayer: 0 heads":                             nn.TransformerEncoderLayer{},
		"TransformerEncoderLayer: 2 heads and a hidden layer of -1":    nn.TransformerEncoderLayer{Heads: 2, Hidden: -1},
		"Transformer: want a sequence [T, B, F], found [6 4]":          reshaped(nn.TransformerEncoderLayer{Heads: 2}, 6, 4),
		"LearnedPositions: 3 steps; the table has 2 positions":         nn.LearnedPositions{Max: 2},
		"SinusoidalPositions: want a sequence [T, B, F], found [24]":   reshaped(nn.SinusoidalPositions{}, 24),
		"LearnedPositions: want a sequence [T, B, F], found [4 3 2 1]": reshaped(nn.LearnedPositions{Max: 9}, 4, 3, 2, 1),
		"TransformerEncoder: want a sequence [T, B, F], found [6 4]":   reshaped(nn.TransformerEncoder{Layers: 1}, 6, 4),
		"TransformerDecoder: 0 layers; want 1 to 10000":                nn.ModuleFunc(emptyDecoder),
		"multihead_attn: want lengths [2], ids, found ids [5]":         nn.ModuleFunc(wrongMemoryLengths),
	})
}

func emptyDecoder(g *graph.Graph, x graph.Node) graph.Node {
	return nn.TransformerDecoder{}.Apply(g, x, x, graph.Node{}, graph.Node{})
}

func wrongMemoryLengths(g *graph.Graph, x graph.Node) graph.Node {
	d := nn.TransformerDecoder{Layers: 1, Layer: nn.TransformerDecoderLayer{Heads: 2}}
	return d.Apply(g, x, x, graph.Node{}, g.InputIDs("lengths", 5))
}

// The body of a small language model: embedding, positions, causal self-attention, and a head tied to the embedding.
func ExampleTransformerEncoder() {
	const vocabulary, width = 50, 16
	params := graph.NewParams(1)
	f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		e := nn.Embedding{Tokens: vocabulary, Size: width}
		table := e.Weight(g.Scope("embedding"))
		x := g.MulScalar(e.Lookup(g, table, in[0]), math.Sqrt(width))
		x = nn.SinusoidalPositions{}.Apply(g, x)
		body := nn.TransformerEncoder{Layers: 2, Layer: nn.TransformerEncoderLayer{Heads: 4, Dropout: 0.1, Causal: true}}
		y := body.Apply(g.Scope("body"), x)
		return []graph.Node{nn.Head{Classes: vocabulary, Tied: table}.Apply(g.Scope("head"), y)}
	})
	out, err := f.Run(graph.Ints(make([]int, 12*3), 12, 3)) // ids [T, B]
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("logits", out[0].Shape(), "from", params.Elements(), "parameters")
	fmt.Println(params.At(1).Name(), params.At(3).Name())
	// Output:
	// logits (12, 3, 50) from 7442 parameters
	// body.layers.0.norm1.weight body.layers.0.self_attn.in_proj_weight
}
