package recurrent_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// leaky is a cell as a program might write one: h' = a⊙h + (1-a)⊙tanh(W·x), with a = σ(b).
type leaky struct{ hidden int }

func (c leaky) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.hidden)}
}

func (c leaky) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	a := g.Sigmoid(g.Param("b", graph.Constant(0.3), c.hidden))
	u := g.Tanh(g.MatMulT(x, g.Param("w", graph.GlorotUniform(), c.hidden, x.Dim(-1))))
	h := g.Add(g.Mul(a, s[0]), g.Mul(g.Affine(a, -1, 1), u))
	return h, recurrent.State{h}
}

// recomputed are the ways to read a sequence that segments must not change.
func recomputed() map[string]struct {
	layer recurrent.Layer
	o     recurrent.Options
} {
	type way = struct {
		layer recurrent.Layer
		o     recurrent.Options
	}
	one := func(c recurrent.Cell) recurrent.Layer { return recurrent.Unidirectional{Cell: c} }
	lstm, gru := recurrent.LSTM{Hidden: 5}, recurrent.GRU{Hidden: 4}
	drop := recurrent.Options{Dropout: recurrent.SequenceDropout{Input: 0.2, Recurrent: 0.3, Weights: 0.2}}
	return map[string]way{
		"lstm": {layer: one(lstm)}, "gru": {layer: one(gru)}, "own cell": {layer: one(leaky{3})},
		"norm":          {layer: one(recurrent.LSTM{Hidden: 4, Peepholes: true, Projection: 3, LayerNorm: true})},
		"reverse":       {layer: one(gru), o: recurrent.Options{Reverse: true}},
		"learnt start":  {layer: one(lstm), o: recurrent.Options{LearnInitial: true}},
		"dropout":       {layer: one(lstm), o: drop},
		"zoneout":       {layer: one(recurrent.Zoneout{Cell: lstm, HiddenRate: 0.3, MemoryRate: 0.4}), o: drop},
		"stack":         {layer: one(recurrent.Stack{Cells: []recurrent.Cell{lstm, gru}, Dropout: 0.3})},
		"bidirectional": {layer: recurrent.Bidirectional{Cell: lstm}},
		"deep":          {layer: recurrent.Deep{Layers: []recurrent.Layer{recurrent.Bidirectional{Cell: gru}, one(lstm)}, Dropout: 0.3}, o: drop},
	}
}

// Outputs keep every bit when steps are computed again, random masks included, and gradients agree up to the order in which
// segments are added up.
func TestRecomputeChangesNothing(t *testing.T) {
	const steps, batch, width = 11, 3, 4
	x, lengths := graphtest.Random(1, steps, batch, width), graph.Ints([]int{steps, 0, 6})
	for name, way := range recomputed() {
		for _, padded := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " padded ", padded), func(t *testing.T) {
				in := []*tensor.Dense{x}
				if padded {
					in = append(in, lengths)
				}
				run := func(every int) (out [][]float64, grads map[string][]float64) {
					p := graph.NewParams64(3)
					o := way.o
					o.Recompute = every
					f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
						if len(in) > 1 {
							o.Lengths = in[1]
						}
						w := g.Param("embedding", graph.GlorotUniform(), width, width) // so that x has a gradient
						y, final := way.layer.Apply(g, g.MatMul(in[0], w), o)
						loss := g.Full(0)
						for _, n := range append(recurrent.State{y}, final...) {
							loss = g.Add(loss, g.Sum(g.Mul(n, weighing(g, n))))
						}
						return append([]graph.Node{loss, y}, final...)
					})
					f.Seed(5)
					values, err := f.Grad(in...)
					if err != nil {
						t.Fatal(err)
					}
					for _, v := range values {
						out = append(out, slices.Clone(v.Float64s()))
					}
					grads = map[string][]float64{}
					for i := range p.Len() {
						grads[p.At(i).Name()] = slices.Clone(p.At(i).Grad().Float64s())
					}
					return out, grads
				}
				want, wantGrads := run(0)
				for _, every := range []int{1, 2, 4, steps, 2 * steps, recurrent.RecomputeSqrt} {
					out, grads := run(every)
					if fmt.Sprint(out) != fmt.Sprint(want) {
						t.Errorf("every %d steps: outputs differ", every)
					}
					for name, want := range wantGrads {
						for i, w := range want {
							if g := grads[name][i]; math.Abs(g-w) > 1e-13*(1+math.Abs(w)) {
								t.Fatalf("every %d steps: gradient of %s at %d is %v; want %v", every, name, i, g, w)
							}
						}
					}
				}
			})
		}
	}
}

// The gradient with segments is that of finite differences.
func TestRecomputeGradient(t *testing.T) {
	for name, way := range recomputed() {
		if strings.Contains(name, "drop") || strings.Contains(name, "zone") || name == "stack" || name == "deep" {
			continue // masks are new at every call
		}
		t.Run(name, func(t *testing.T) {
			o := way.o
			o.Recompute = recurrent.RecomputeSqrt
			graphtest.CheckGradient(t, graphtest.Gradient{Inputs: []*tensor.Dense{graphtest.Random(1, 5, 2, 3)}, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, final := way.layer.Apply(g, in[0], o)
				loss := g.Sum(g.Mul(y, weighing(g, y)))
				for _, n := range final {
					loss = g.Add(loss, g.Sum(g.Mul(n, weighing(g, n))))
				}
				return []graph.Node{loss}
			}})
		})
	}
}

// A program that computes again needs memory for the states that are kept and for one segment, not for all steps.
func TestRecomputeSavesMemory(t *testing.T) {
	const steps, hidden = 400, 8
	bytes := func(every int) int {
		f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			x := g.BroadcastTo(in[0], steps, 1, hidden) // one row, so that inputs do not count
			_, final := recurrent.Unroll(g, recurrent.LSTM{Hidden: hidden}, x, recurrent.Options{Recompute: every})
			return []graph.Node{g.Sum(g.Square(final[0]))}
		})
		p, err := f.GradProgram(graphtest.Float32(graphtest.Random(1, hidden)))
		if err != nil {
			t.Fatal(err)
		}
		return p.Bytes() - 4*steps*hidden // less x, which is one tensor
	}
	all, some := bytes(0), bytes(recurrent.RecomputeSqrt)
	if some*5 > all {
		t.Errorf("%d bytes, and %d without Recompute; want less than a fifth", some, all)
	}
}

func TestRecomputeRefusesNonsense(t *testing.T) {
	for _, c := range []struct {
		o    recurrent.Options
		scan bool
		want string
	}{
		{recurrent.Options{Recompute: -2}, false, "Options.Recompute is -2; want a number of steps, 0 for none, or RecomputeSqrt"},
		{recurrent.Options{Recompute: 3}, true, "Recompute need one step after the other"},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			var y graph.Node
			if c.scan {
				y, _ = recurrent.Scan(g, recurrent.MinGRU{Hidden: 2}, in[0], c.o)
			} else {
				y, _ = recurrent.Unroll(g, recurrent.MinGRU{Hidden: 2}, in[0], c.o)
			}
			return []graph.Node{y}
		}).Run(graphtest.Float32(graphtest.Random(1, 3, 2, 2)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want an error with %q, got %v", c.want, err)
		}
	}
}
