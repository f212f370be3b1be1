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

func TestAttentionAgreesWithPyTorch(t *testing.T) {
	a := nn.MultiHeadAttention{Heads: 2}
	y := func(y, _ graph.Node) graph.Node { return y }
	agree(t, map[string]func(g *graph.Graph, in map[string]graph.Node) graph.Node{
		"attention_self":   of(a),
		"attention_nobias": of(nn.MultiHeadAttention{Heads: 2, NoBias: true}),
		"attention_causal": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			y := nn.MultiHeadAttention{Heads: 2, Causal: true}.ApplyPadded(g, in["x"], in["lengths"])
			return nn.ClearPadding(g, y, in["lengths"])
		},
		"attention_cross": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return y(a.Attend(g, in["x"], in["memory"], in["memory"], in["lengths"]))
		},
		"attention_widths": func(g *graph.Graph, in map[string]graph.Node) graph.Node {
			return y(a.Attend(g, in["x"], in["key"], in["value"], graph.Node{}))
		},
	})
}

// Weights of queries at padding have no meaning, and are left out on both sides.
func TestAttentionWeightsAgreeWithPyTorch(t *testing.T) {
	const causal = "attention_causal"
	rec, _ := graphtest.Golden(t, modules)
	for name, build := range map[string]graph.Build{
		causal: func(g *graph.Graph, in []graph.Node) []graph.Node {
			_, w := nn.MultiHeadAttention{Heads: 2, Causal: true}.Attend(g, in[0], in[0], in[0], in[1])
			return []graph.Node{g.Mul(w, queries(g, in[1], 5))}
		},
		"attention_cross": func(g *graph.Graph, in []graph.Node) []graph.Node {
			_, w := nn.MultiHeadAttention{Heads: 2}.Attend(g, in[0], in[2], in[2], in[1])
			return []graph.Node{w}
		},
	} {
		in := []*tensor.Dense{rec[name+".in.x"], rec[name+".in.lengths"]}
		if memory := rec[name+".in.memory"]; memory != nil {
			in = append(in, memory)
		}
		p := loaded(t, rec, name, "in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
		out, err := graph.NewFunc(p, build).Run(in...)
		if err != nil {
			t.Fatal(err)
		}
		want := rec[name+".out.weights"]
		if name == causal {
			f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{g.Mul(in[0], queries(g, in[1], 5))}
			})
			cleared, err := f.Run(want, in[1])
			if err != nil {
				t.Fatal(err)
			}
			want = cleared[0]
		}
		graphtest.Close(t, name, out[0], want, 1e-12)
	}
}

// queries is 1 for the queries that are not padding, [B, 1, T, 1].
func queries(g *graph.Graph, lengths graph.Node, steps int) graph.Node {
	return g.Reshape(g.Transpose(g.LengthMask(lengths, steps)), lengths.Dim(0), 1, steps, 1)
}

func TestAttentionGradients(t *testing.T) {
	checkModules(t, map[string]nn.Module{
		"self":    nn.MultiHeadAttention{Heads: 3},
		"causal":  nn.MultiHeadAttention{Heads: 1, Causal: true, NoBias: true},
		"dropout": nn.MultiHeadAttention{Heads: 3, Dropout: 0.3},
	}, []int{4, 2, 6}, []int{1, 1, 3})
	checkModules(t, map[string]nn.Module{"wide": nn.MultiHeadAttention{Heads: 2, Causal: true}}, []int{2, 1, 258})
	graphtest.CheckGradient(t, graphtest.Gradient{
		Inputs: []*tensor.Dense{graphtest.Random(1, 3, 3, 4), graphtest.Random(2, 5, 3, 2), graph.Ints([]int{5, 0, 2})},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, w := nn.MultiHeadAttention{Heads: 2}.Attend(g, in[0], in[1], in[1], in[2])
			return []graph.Node{g.Add(g.Sum(g.Square(y)), g.Sum(g.Square(w)))}
		},
	})
}

// past compares the first steps of a module's results, bit by bit, while the input after them changes.
func past(t *testing.T, name string, m nn.Module, shape ...int) {
	t.Helper()
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{m.Apply(g, in[0])}
	})
	x := graphtest.Float32(graphtest.Random(1, shape...))
	step := len(x.Float32s()) / shape[0]
	run := func() []float32 {
		out, err := f.Run(x)
		if err != nil {
			t.Fatal(name, err)
		}
		return append([]float32{}, out[0].Float32s()...)
	}
	before := run()
	for i := (shape[0] - 2) * step; i < len(x.Float32s()); i++ {
		x.Float32s()[i] = 100 - 3*x.Float32s()[i]
	}
	after := run()
	perStep := len(before) / shape[0]
	kept := (shape[0] - 2) * perStep
	if !equal(before[:kept], after[:kept]) {
		t.Errorf("%s: a change of the last two steps changed results before them", name)
	}
	if equal(before[kept:kept+perStep], after[kept:kept+perStep]) {
		t.Errorf("%s: a change of a step did not change its result", name)
	}
}

func TestCausalAttentionSeesNoFuture(t *testing.T) {
	for _, steps := range []int{2, 3, 33, 100} {
		past(t, fmt.Sprint("attention over ", steps), nn.MultiHeadAttention{Heads: 2, Causal: true}, steps, 2, 6)
	}
}

// What padding holds does not matter, not even a NaN; a sequence without keys gives weights of zero and the bias.
func TestAttentionAndPadding(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, w := nn.MultiHeadAttention{Heads: 2}.Attend(g, in[0], in[1], in[1], in[2])
		return []graph.Node{g.Sum(g.Square(y)), y, w}
	})
	query, memory := graphtest.Float32(graphtest.Random(1, 2, 2, 4)), graphtest.Float32(graphtest.Random(2, 3, 2, 4))
	run := func(padding float32) (y, w []float32) {
		for i := 8; i < 24; i++ {
			memory.Float32s()[i] = padding // steps 1 and 2
		}
		for i := 4; i < 8; i++ {
			memory.Float32s()[i] = padding // step 0 of the sequence of length 0
		}
		p.ZeroGrad()
		out, err := f.Grad(query, memory, graph.Ints([]int{1, 0}))
		if err != nil {
			t.Fatal(err)
		}
		if bias := p.Get("out_proj.bias"); bias != nil {
			copy(bias.Value().Float32s(), []float32{1, 2, 3, 4})
		}
		return append([]float32{}, out[1].Float32s()...), append([]float32{}, out[2].Float32s()...)
	}
	run(0) // makes the parameters
	y, w := run(1)
	again, _ := run(float32(math.NaN()))
	if !equal(y, again) {
		t.Errorf("padding matters: %v and %v", y, again)
	}
	for i, v := range y {
		if step, j := i/8, i%8; j >= 4 && v != float32(j-3) {
			t.Errorf("query %d of the empty sequence: element %d is %g, want the bias %d", step, j-4, v, j-3)
		}
	}
	for i, v := range w { // [B, Heads, Tq, Tk]
		want := float32(0)
		if i < 12 && i%3 == 0 {
			want = 1 // the one key there is
		}
		if v != want {
			t.Errorf("weight %d is %g, want %g", i, v, want)
		}
	}
}

func TestBadAttention(t *testing.T) {
	attend := func(f func(g *graph.Graph, x graph.Node) graph.Node) nn.Module { return nn.ModuleFunc(f) }
	refused(t, map[string]nn.Module{
		"MultiHeadAttention: 0 heads over a width of 4":                       nn.MultiHeadAttention{},
		"MultiHeadAttention: 3 heads over a width of 4; want a divisor of it": nn.MultiHeadAttention{Heads: 3},
		"want a sequence [T, B, F], found [6 4]":                              reshaped(nn.MultiHeadAttention{Heads: 1}, 6, 4),
		"rate 1; want at least 0 and below 1":                                 nn.MultiHeadAttention{Heads: 1, Dropout: 1},
		"queries [3 2 4], keys [3 1 8] and values [3 1 8] do not fit": attend(func(g *graph.Graph, x graph.Node) graph.Node {
			m := g.Reshape(x, 3, 1, 8)
			y, _ := nn.MultiHeadAttention{Heads: 2}.Attend(g, x, m, m, graph.Node{})
			return y
		}),
		"MultiHeadAttention: want lengths [2], ids, found ids [3]": attend(func(g *graph.Graph, x graph.Node) graph.Node {
			return nn.MultiHeadAttention{Heads: 2}.ApplyPadded(g, x, g.InputIDs("lengths", 3))
		}),
	})
}

// What each query looks at. There is one head, and the weights of a query add up to one over the keys it may see.
func ExampleMultiHeadAttention_Attend() {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		_, weights := nn.MultiHeadAttention{Heads: 1, Causal: true}.Attend(g, in[0], in[0], in[0], graph.Node{})
		return []graph.Node{weights}
	})
	out, err := f.Run(graph.Floats(make([]float32, 3*1*4), 3, 1, 4)) // all steps alike
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 3 {
		fmt.Printf("%.2f\n", out[0].Float32s()[3*i:3*i+3])
	}
	// Output:
	// [1.00 0.00 0.00]
	// [0.50 0.50 0.00]
	// [0.33 0.33 0.33]
}
