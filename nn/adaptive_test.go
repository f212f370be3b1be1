package nn_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// adaptiveOf is the head of a recorded case.
func adaptiveOf(t *testing.T, meta map[string]string, name string) nn.AdaptiveHead {
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	h := nn.AdaptiveHead{Classes: number(meta[name+".classes"]), HeadBias: meta[name+".bias"] == "1"}
	for c := range strings.FieldsSeq(meta[name+".cutoffs"]) {
		h.Cutoffs = append(h.Cutoffs, number(c))
	}
	var err error
	if h.DivValue, err = strconv.ParseFloat(meta[name+".div"], 64); err != nil {
		t.Fatal(err)
	}
	return h
}

// The recorded values come from testdata/record_adaptive.py, which runs PyTorch.
func TestAdaptiveHeadAgreesWithPyTorch(t *testing.T) {
	rec, meta := graphtest.Golden(t, "testdata/adaptive_f64.safetensors")
	for name := range strings.SplitSeq(meta["cases"], ",") {
		t.Run(name, func(t *testing.T) {
			h := adaptiveOf(t, meta, name)
			graphtest.Recorded{Values: rec, Case: name, Tolerance: 1e-10, Build: func(g *graph.Graph, in map[string]graph.Node) graph.Node {
				return h.Losses(g, in["x"], in["targets"], graph.NoID)
			}}.Compare(t)
			graphtest.Recorded{Values: rec, Case: name + "_all", Tolerance: 1e-10, Build: func(g *graph.Graph, in map[string]graph.Node) graph.Node {
				return h.Apply(g, in["x"])
			}}.Compare(t)
			p := graph.NewParams64(1)
			for k, v := range rec {
				if local, ok := strings.CutPrefix(k, name+".param."); ok {
					if _, err := p.Add(local, v); err != nil {
						t.Fatal(err)
					}
				}
			}
			p.Seal()
			out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{h.Predict(g, in[0])}
			}).Run(rec[name+".in.x"])
			if err != nil {
				t.Fatal(err)
			}
			if want := rec[name+"_best.ids"].Ints(); !slices.Equal(out[0].Ints(), want) {
				t.Errorf("Predict gives %v, want %v", out[0].Ints(), want)
			}
		})
	}
}

// Over a sequence with padding, the loss is the mean of -log p over what counts, found here from all probabilities; and
// batches with other clusters follow each other in one program.
func TestAdaptiveHeadOverSequences(t *testing.T) {
	h := nn.AdaptiveHead{Classes: 12, Cutoffs: []int{3, 7}, DivValue: 2}
	weights := make([]float64, h.Classes)
	for i := range weights {
		weights[i] = 1 / float64(i+1)
	}
	pad := 8
	p := graph.NewParams64(7)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		loss := losses.Mean{Ignore: &pad, Weights: weights, Lengths: in[2]}.Apply(g, h.Losses(g, in[0], in[1], pad), in[1])
		return []graph.Node{loss, h.Apply(g.Shared(), in[0])}
	})
	const steps, batch = 6, 4
	lengths := []int{6, 3, 1, 0}
	for round, shift := range []int{0, 5, 9} {
		x, targets := graphtest.Random(uint64(round+1), steps, batch, 5), make([]int, steps*batch)
		for i := range targets {
			targets[i] = (i*i + shift) % h.Classes
		}
		out, err := f.Grad(x, graph.Ints(targets, steps, batch), graph.Ints(lengths))
		if err != nil {
			t.Fatal(err)
		}
		sum, weight := 0.0, 0.0
		for i, c := range targets {
			if i/batch < lengths[i%batch] && c != pad {
				sum -= weights[c] * out[1].Float64s()[i*h.Classes+c]
				weight += weights[c]
			}
		}
		if got := graph.Scalar(out[0]); math.Abs(got-sum/weight) > 1e-12 {
			t.Errorf("round %d: loss %v, want %v", round, got, sum/weight)
		}
	}
	graphtest.CheckGradient(t, graphtest.Gradient{
		Params: p,
		Inputs: []*tensor.Dense{graphtest.Random(1, steps, batch, 5), graphtest.RandomIDs(2, h.Classes, steps, batch), graph.Ints(lengths)},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.Mean{Ignore: &pad, Weights: weights, Lengths: in[2]}.Apply(g, h.Losses(g, in[0], in[1], pad), in[1])}
		},
	})
}

// Parts of a batch, with other clusters in each, have the loss and the gradients of the whole.
func TestAdaptiveHeadInParts(t *testing.T) {
	h := nn.AdaptiveHead{Classes: 12, Cutoffs: []int{3, 7}, DivValue: 2}
	p := graph.NewParams64(7)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.Mean{Lengths: in[2]}.Apply(g, h.Losses(g, in[0], in[1], graph.NoID), in[1])}
	})
	x, ids := graphtest.Random(1, 3, 2, 5), []int{0, 11, 8, 2, 4, 1}
	out, err := f.Grad(x, graph.Ints(ids, 3, 2), graph.Ints([]int{3, 2}))
	if err != nil {
		t.Fatal(err)
	}
	whole, grad := graph.Scalar(out[0]), slices.Clone(p.Get("head.weight").Grad().Float64s())
	total, part := 0.0, make([]float64, len(grad))
	for b, n := range []int{3, 2} {
		in := []*tensor.Dense{graph.Floats64(make([]float64, 15), 3, 1, 5), graph.Ints(make([]int, 3), 3, 1), graph.Ints([]int{n})}
		for step := range 3 {
			copy(in[0].Float64s()[step*5:][:5], x.Float64s()[(step*2+b)*5:])
			in[1].Ints()[step] = ids[step*2+b]
		}
		out, err := f.Parts().Grad(append(in, graph.Floats64([]float64{2 / 5.0}, 1))...)
		if err != nil {
			t.Fatal(err)
		}
		total += graph.Scalar(out[0]) / 2
		for i, v := range p.Get("head.weight").Grad().Float64s() {
			part[i] += v / 2
		}
	}
	if math.Abs(total-whole) > 1e-12 {
		t.Errorf("the parts' loss is %v, the whole's %v", total, whole)
	}
	graphtest.Close(t, "gradient", graph.Floats64(part), graph.Floats64(grad), 1e-12)
}

func TestAdaptiveHeadBadUse(t *testing.T) {
	x, ids := graphtest.Random(1, 2, 8), graph.Ints([]int{0, 30})
	good := nn.AdaptiveHead{Classes: 30, Cutoffs: []int{5, 9}}
	for want, h := range map[string]nn.AdaptiveHead{
		"cutoffs [] of 30 classes; want one at least, increasing, from 1 to 29": {Classes: 30},
		"cutoffs [9 5] of 30":               {Classes: 30, Cutoffs: []int{9, 5}},
		"cutoffs [5 5] of 30":               {Classes: 30, Cutoffs: []int{5, 5}},
		"cutoffs [0 5] of 30":               {Classes: 30, Cutoffs: []int{0, 5}},
		"cutoffs [5 30] of 30":              {Classes: 30, Cutoffs: []int{5, 30}},
		"div value -1; want above 0":        {Classes: 30, Cutoffs: []int{5}, DivValue: -1},
		"cluster 1 would see no number":     {Classes: 30, Cutoffs: []int{5, 9}},
		"target 30 at position 1; want 0 t": {Classes: 30, Cutoffs: []int{5}},
	} {
		for i, apply := range []func(g *graph.Graph, in []graph.Node) graph.Node{
			func(g *graph.Graph, in []graph.Node) graph.Node { return h.Losses(g, in[0], in[1], graph.NoID) },
			func(g *graph.Graph, in []graph.Node) graph.Node { return h.Apply(g, in[0]) },
		} {
			_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{apply(g, in)}
			}).Run(x, ids)
			if i == 1 && strings.HasPrefix(want, "target") {
				continue
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v, want one with %q", fmt.Sprint(h.Cutoffs), err, want)
			}
		}
	}
	_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{good.Apply(g, in[0])}
	}).Run(ids)
	if err == nil || !strings.Contains(err.Error(), "want an input [..., H]") {
		t.Errorf("error %v", err)
	}
}
