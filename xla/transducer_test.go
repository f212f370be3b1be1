package xla

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// transducerOf is the loss of a parameter x of logits.
func transducerOf(blank int, shape ...int) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.Transducer{Blank: blank}.Apply(g, g.Param("x", graph.Uniform(-1, 1), shape...), in[0], in[1], in[2])}
	}
}

// The transducer's loss of full and ragged lengths, one frame, no labels and long lattices, in both precisions.
func TestTransducer(t *testing.T) {
	c := client(t)
	long := make([]int, 2*40)
	for i := range long {
		long[i] = 1 + i%4
	}
	for name, l := range map[string]struct {
		blank, steps, classes   int
		targets, frames, labels []int
	}{
		"one of all":              {0, 1, 2, []int{1}, []int{1}, []int{1}},
		"no labels":               {0, 3, 2, []int{-1, -1}, []int{3, 2}, []int{0, 0}},
		"one frame":               {1, 1, 3, []int{0, 2, 0}, []int{1}, []int{3}},
		"full":                    {0, 4, 5, []int{1, 2, 3, 4}, []int{4, 4}, []int{2, 2}},
		"ragged, padded":          {2, 5, 4, []int{0, 0, 1, 3, 1, -1, 1, -1, 2}, []int{5, 1, 4}, []int{3, 2, 1}},
		"more labels than frames": {0, 2, 3, []int{1, 1, 2, 1, 2}, []int{2}, []int{5}},
		"long":                    {0, 257, 5, long, []int{257, 120}, []int{40, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batch := len(l.frames)
			wide := len(l.targets) / batch
			shape := []int{l.steps, batch, wide + 1, l.classes}
			x := graphtest.Random(3, shape...)
			for frame := l.frames[batch-1]; frame < l.steps; frame++ { // behind the last sequence's end, nothing is read
				at := (frame*batch + batch - 1) * (wide + 1) * l.classes
				x.Float64s()[at], x.Float64s()[at+1] = math.Inf(1), math.NaN()
			}
			in := []*tensor.Dense{graph.Ints(l.targets, batch, wide), graph.Ints(l.frames), graph.Ints(l.labels)}
			for i, p := range []*graph.Params{graph.NewParams(1), graph.NewParams64(1)} {
				value, limit := graphtest.Float32(x), 1e-5
				if i == 1 {
					value, limit = x, 1e-9
				}
				_, err := p.Add("x", value)
				check(t, err)
				worst := compareGradients(t, c, p, transducerOf(l.blank, shape...), in, 0)
				t.Logf("difference %.1e", worst)
				if !(worst <= limit) {
					t.Errorf("difference %g; want %g at most", worst, limit)
				}
			}
		})
	}
}

// A sequence of probability 0 has no gradient; the other one of its batch has its own.
func TestImpossibleTransducer(t *testing.T) {
	c := client(t)
	p := graph.NewParams(1)
	x := graphtest.Float32(graphtest.Random(3, 3, 2, 3))
	x.Float32s()[(2*2+0)*3+1] = float32(math.Inf(-1)) // the last blank of the first sequence
	_, err := p.Add("x", x)
	check(t, err)
	worst := compareGradients(t, c, p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		each := g.Exp(g.Neg(g.Transducer(g.Param("x", nil, 3, 2, 3), in[0], in[1])))
		return []graph.Node{g.Sum(each), each}
	}, []*tensor.Dense{graph.Ints([]int{3, 2}), graph.Ints([]int{1, 1})}, 0)
	t.Logf("difference %.1e", worst)
	if !(worst <= 1e-5) {
		t.Errorf("difference %g; want 1e-5 at most", worst)
	}
	grad := p.Get("x").Grad().Float32s()
	for at, v := range grad {
		if sequence := at / 3 % 2; sequence == 0 && v != 0 {
			t.Errorf("element %d has the gradient %g; want none", at, v)
		}
	}
	if grad[3] == 0 {
		t.Error("the second sequence has no gradient either")
	}
}

// The text grows neither with the frames nor with the labels, of the loss and of a network whose logits are made in parts.
func TestTransducerTextIsFlat(t *testing.T) {
	whole := func(steps, labels int) (graph.Build, []*tensor.Dense) {
		return transducerOf(0, steps, 2, labels+1, 5), nil
	}
	parts := func(steps, labels int) (graph.Build, []*tensor.Dense) {
		return func(g *graph.Graph, in []graph.Node) []graph.Node {
			m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: 5, Size: 3}, Cell: recurrent.GRU{Hidden: 4}, Units: 4}
			scores := m.Scores(g.Scope("model"), in[3], in[0])
			return []graph.Node{losses.Transducer{}.FromScores(g, scores, in[0], in[1], in[2])}
		}, []*tensor.Dense{graphtest.Float32(graphtest.Random(1, steps, 2, 6))}
	}
	for name, of := range map[string]func(steps, labels int) (graph.Build, []*tensor.Dense){"loss": whole, "network": parts} {
		var sizes []int
		for _, l := range [][2]int{{64, 16}, {256, 16}, {64, 64}} {
			build, features := of(l[0], l[1])
			in := append([]*tensor.Dense{ids(1, 4, 2, l[1]), graph.Ints([]int{l[0], 3}), graph.Ints([]int{l[1], 2})}, features...)
			p := graph.NewParams(1)
			m, err := stablehlo.Gradients(graph.NewFunc(p, build), p, in...)
			check(t, err)
			sizes = append(sizes, len(m.Text))
		}
		t.Logf("%s: %d bytes for 64 frames and 16 labels, %d for 256 frames, %d for 64 labels", name, sizes[0], sizes[1], sizes[2])
		if float64(max(sizes[1], sizes[2])) > 1.05*float64(sizes[0]) {
			t.Errorf("%s: %d bytes for 64 frames and 16 labels, %d for 256 frames, %d for 64 labels; want about as many",
				name, sizes[0], sizes[1], sizes[2])
		}
	}
}

// Numbers of frames and labels are looked at before a run, as are the labels.
func TestTransducerMistakes(t *testing.T) {
	p := graph.NewParams(1)
	_, err := p.Add("x", graphtest.Float32(graphtest.Random(3, 3, 1, 3)))
	check(t, err)
	m, err := stablehlo.Forward(graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Transducer(g.Param("x", nil, 3, 1, 3), in[0], in[1])}
	}), p, graph.Ints([]int{1}), graph.Ints([]int{1}))
	check(t, err)
	for _, l := range []struct {
		frames, labels int
		want           string
	}{
		{0, 1, "number of frames 0 at position 0; want 1 to 3"}, {4, 1, "number of frames 4"},
		{3, 2, "number of labels 2 at position 0; want 0 to 1"}, {3, -1, "number of labels -1"},
	} {
		_, err := m.Feed(1, 0, graph.Ints([]int{l.frames}), graph.Ints([]int{l.labels}))
		if err == nil || !strings.Contains(err.Error(), l.want) {
			t.Errorf("error %v, want one with %q", err, l.want)
		}
	}
	p = graph.NewParams(1)
	one := graph.Ints([]int{1})
	m, err = stablehlo.Gradients(graph.NewFunc(p, transducerOf(0, 3, 1, 2, 4)), p, graph.Ints([]int{1}, 1, 1), one, one)
	check(t, err)
	for id, want := range map[int]string{4: "label 4 at position 0; want 0 to 3", 0: "label 0 of target 0 is the blank, 0", -1: "padding"} {
		_, err := m.Feed(1, 0, graph.Ints([]int{id}, 1, 1), one, one)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("label %d: error %v, want one with %q", id, err, want)
		}
	}
}
