package recurrent_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// Attention over a window against a loop over steps, values and gradients. The recorded values come from
// testdata/record_window.py.
func TestWindowAttentionAgreesWithLoops(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/window/window_f64.safetensors")
	for name, cell := range map[string]recurrent.WindowAttention{
		"plain": {Hidden: 4, Heads: 2, Window: 5},
		"gemma": {Hidden: 4, Heads: 4, KeyHeads: 1, Width: 4, Window: 8, Positions: nn.RoPE{Width: 2}},
		"qwen": {Hidden: 4, Heads: 4, KeyHeads: 2, Width: 6, Window: 100, Positions: nn.RoPE{Width: 2, Base: 500},
			Norm: nn.RMSNorm{OnePlus: true}, Gated: true},
		"olmo":   {Hidden: 3, Heads: 2, Width: 4, Window: 16, NoPositions: true, Norm: nn.RMSNorm{}, NormAll: true, Bias: true, OutBias: true},
		"capped": {Hidden: 4, Heads: 4, KeyHeads: 2, Width: 3, Window: 2, Positions: nn.RoPE{Width: 2}, Cap: 1.5, Scale: 0.9},
	} {
		for _, size := range []string{"one", "two", "odd", "past"} {
			t.Run(name+"/"+size, func(t *testing.T) {
				graphtest.Recorded{Values: rec, Case: name + "." + size, Tolerance: 1e-10,
					Build: func(g *graph.Graph, in map[string]graph.Node) graph.Node {
						y, _ := recurrent.Scan(g, cell, in["x"], recurrent.Options{})
						return y
					}}.Compare(t)
			})
		}
	}
}

// A text read in two parts is the text read at once: the ring carries keys, values and positions, in float32, too.
func TestWindowAttentionGoesOn(t *testing.T) {
	cell := recurrent.WindowAttention{Hidden: 8, Heads: 2, Window: 5}
	layers := recurrent.Deep{Layers: []recurrent.Layer{
		recurrent.Scanned{Cell: recurrent.MinGRU{Hidden: 8}}, recurrent.Scanned{Cell: cell},
	}, Residual: true}
	out, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		whole, end := layers.Apply(g, in[0], recurrent.Options{})
		y0, between := layers.Apply(g.Shared(), g.Slice(in[0], 0, 0, 7), recurrent.Options{})
		y1, last := layers.Apply(g.Shared(), g.Slice(in[0], 0, 7, 20), recurrent.Options{Initial: between})
		return append(append([]graph.Node{whole, g.Concat(0, y0, y1)}, end...), last...)
	}).Run(graphtest.Float32(graphtest.Random(1, 20, 3, 6)))
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "outputs", out[1], out[0], 1e-6)
	n := (len(out) - 2) / 2
	for i := range n {
		graphtest.Close(t, "state", out[2+n+i], out[2+i], 1e-6)
	}
}

func TestWindowAttentionMistakes(t *testing.T) {
	for name, cell := range map[string]recurrent.WindowAttention{
		"no width":          {Window: 3},
		"no window":         {Hidden: 4},
		"heads that differ": {Hidden: 4, Heads: 4, KeyHeads: 3, Window: 3},
		"more heads":        {Hidden: 4, Heads: 8, Window: 3},
		"a cap below 0":     {Hidden: 4, Window: 3, Cap: -1},
		"an odd head":       {Hidden: 3, Window: 3},
	} {
		g := graph.New(graph.NewParams(1))
		if y, _ := recurrent.Scan(g, cell, g.Full(1, 3, 2, 4), recurrent.Options{}); y.Valid() || g.Err() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
