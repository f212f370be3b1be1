package losses_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

func ctc(l losses.CTC) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{l.Apply(g, in[0], in[1], in[2], in[3])}
	}
}

// CTC against the sum over all ways to label the frames.
func TestCTCAgainstBruteForce(t *testing.T) {
	const steps, classes = 5, 3
	logits := graphtest.Random(3, steps, 1, classes)
	collapse := func(path []int) string {
		var b strings.Builder
		for i, v := range path {
			if v != 0 && (i == 0 || v != path[i-1]) {
				b.WriteByte(byte('0' + v))
			}
		}
		return b.String()
	}
	total := map[string]float64{}
	var walk func(path []int, p float64)
	walk = func(path []int, p float64) {
		if len(path) == steps {
			total[collapse(path)] += p
			return
		}
		row := logits.Float64s()[len(path)*classes:][:classes]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		for v := range classes {
			walk(append(slices.Clip(path), v), p*math.Exp(row[v])/sum)
		}
	}
	walk(nil, 1)
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CTC{}.Apply(g, in[0], in[1], in[2], in[3])}
	})
	for target, p := range total {
		ids := make([]int, steps) // padded
		for i := range target {
			ids[i] = int(target[i] - '0')
		}
		out, err := f.Run(logits, graph.Ints(ids, 1, steps), graph.Ints([]int{steps}), graph.Ints([]int{len(target)}))
		if err != nil {
			t.Fatal(err)
		}
		want := -math.Log(p) / float64(max(len(target), 1))
		if got := graph.Scalar(out[0]); math.Abs(got-want) > 1e-10 {
			t.Errorf("target %q: %g, want %g", target, got, want)
		}
	}
}

func TestCTCGradients(t *testing.T) {
	for name, c := range map[string]struct {
		l              losses.CTC
		steps, classes int
		targets        [][]int
		frames, labels []int
	}{
		"one of all":         {losses.CTC{}, 1, 2, [][]int{{1}}, []int{1}, []int{1}},
		"no labels":          {losses.CTC{}, 3, 2, [][]int{{1}, {1}}, []int{3, 2}, []int{0, 0}},
		"no frames":          {losses.CTC{}, 3, 3, [][]int{{1}, {2}}, []int{0, 3}, []int{0, 1}},
		"repeated, no slack": {losses.CTC{}, 5, 3, [][]int{{1, 1, 1}}, []int{5}, []int{3}},
		"mixed":              {losses.CTC{Blank: 2}, 7, 4, [][]int{{0, 0, 1}, {3, 1, 0}, {1, 0, 0}}, []int{7, 3, 5}, []int{3, 3, 1}},
		"one impossible":     {losses.CTC{ZeroInfinity: true}, 4, 3, [][]int{{1, 1, 1}, {1, 2, 0}}, []int{4, 4}, []int{3, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			var ids []int
			for _, target := range c.targets {
				ids = append(ids, target...)
			}
			graphtest.CheckGradient(t, graphtest.Gradient{Build: ctc(c.l), Inputs: []*tensor.Dense{
				graphtest.Random(3, c.steps, len(c.targets), c.classes), graph.Ints(ids, len(c.targets), len(c.targets[0])),
				graph.Ints(c.frames), graph.Ints(c.labels)}})
		})
	}
}

// In float32, 300 frames give PyTorch's float64 loss and gradient to float32's precision.
func TestCTCInFloat32(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/more_f64.safetensors")
	const name = "ctc_long"
	p := graph.NewParams(1)
	q, err := p.Add("x", graphtest.Float32(rec[name+".in.x"]))
	if err != nil {
		t.Fatal(err)
	}
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CTC{}.Apply(g, g.Param("x", nil, q.Shape()...), in[0], in[1], in[2])}
	}).Grad(rec[name+".in.targets"], rec[name+".in.frames"], rec[name+".in.labels"])
	if err != nil {
		t.Fatal(err)
	}
	want := graph.Scalar(rec[name+".out.loss"])
	if v := graph.Scalar(out[0]); math.Abs(v-want) > 2e-6*want {
		t.Errorf("loss %g, want %g", v, want)
	}
	top, worst := 0.0, 0.0
	grad := graphtest.Float64s(q.Grad())
	for i, w := range rec[name+".grad.x"].Float64s() {
		top, worst = max(top, math.Abs(w)), max(worst, math.Abs(grad[i]-w))
	}
	if worst > 1e-4*top {
		t.Errorf("gradient: off by %g, where the largest is %g", worst, top)
	}
}

// If no sequence fits in its frames, the loss may be zero, without a gradient.
func TestCTCAllImpossible(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := g.Param("x", graph.Normal(0, 1), 3, 2, 4)
		return []graph.Node{losses.CTC{ZeroInfinity: true}.Apply(g, x, in[0], in[1], in[2])}
	})
	out, err := f.Grad(graph.Ints([]int{1, 1, 1, 2, 3, 2}, 2, 3), graph.Ints([]int{3, 0}), graph.Ints([]int{3, 2}))
	if err != nil || graph.Scalar(out[0]) != 0 {
		t.Fatalf("%v, error %v; want 0", out, err)
	}
	for i, v := range p.Get("x").Grad().Float32s() {
		if v != 0 {
			t.Errorf("gradient %g at %d", v, i)
		}
	}
}

func TestCTCRefuses(t *testing.T) {
	ids := graph.Ints([]int{0, 1})
	seq := func(l losses.CTC, tail ...*tensor.Dense) (graph.Build, []*tensor.Dense) {
		return ctc(l), append([]*tensor.Dense{graphtest.Random(1, 3, 2, 4)}, tail...)
	}
	try := func(want string, build graph.Build, in ...*tensor.Dense) {
		t.Helper()
		if _, err := graph.NewFunc(graph.NewParams64(1), build).Run(in...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	target := graph.Ints([]int{1, 2, 1, 1}, 2, 2)
	build, in := seq(losses.CTC{Blank: 4}, target, ids, ids)
	try("blank 4; want 0 to 3", build, in...)
	build, in = seq(losses.CTC{}, graph.Ints([]int{1, 2, 1, 1, 1, 1}, 3, 2), ids, ids)
	try("want logits [T, B, V] and targets [B, S]", build, in...)
	build, in = seq(losses.CTC{}, target, graph.Ints([]int{1}), ids)
	try("want numbers of frames and labels [2]", build, in...)
	build, in = seq(losses.CTC{}, target, graph.Ints([]int{4, 3}), ids)
	try("length 4 of sequence 0; want 0 to 3", build, in...)
	build, in = seq(losses.CTC{}, target, graph.Ints([]int{3, 1}), graph.Ints([]int{2, 2}))
	try("losses.CTC [2 1]: target 1 has 2 labels, 1 of them repeated, and needs 3 frames; found 1", build, in...)

	if err := losses.CheckCTC([][]int{{1, 2}, {3, 3, 4}}, []int{2, 3}); err == nil ||
		!strings.Contains(err.Error(), "target 1 has 3 labels, 1 of them repeated, and needs 4 frames; found 3") {
		t.Error(err)
	}
	if err := losses.CheckCTC([][]int{{1, 2}, {3, 3, 4}, {}}, []int{2, 4, 0}); err != nil {
		t.Error(err)
	}
	if losses.CheckCTC([][]int{{1}}, nil) == nil {
		t.Error("a target without frames was accepted")
	}
	build, in = seq(losses.CTC{}, target, graph.Ints([]int{3, 3}), graph.Ints([]int{2, 3}))
	try("target 1 has 3 labels; want 0 to 2", build, in...)
	build, in = seq(losses.CTC{}, graphtest.Random(1, 2, 2), ids, ids)
	try("numbers of labels are ids (ints); found", build, in...)
	build, in = seq(losses.CTC{}, target, graphtest.Random(1, 2), ids)
	try("numbers of labels are ids (ints); found", build, in...)
	build, in = seq(losses.CTC{}, target, ids, graphtest.Random(1, 2))
	try("numbers of labels are ids (ints); found", build, in...)
	build, in = seq(losses.CTC{Blank: 1, ZeroInfinity: true}, target, graph.Ints([]int{3, 3}), graph.Ints([]int{0, 1}))
	try("label 0 of target 1 is the blank, 1", build, in...)
	// -1 is padding behind the labels and nowhere else.
	padded := func(zero bool) (graph.Build, []*tensor.Dense) {
		return seq(losses.CTC{ZeroInfinity: zero}, graph.Ints([]int{1, 2, 1, -1}, 2, 2), graph.Ints([]int{3, 3}), graph.Ints([]int{2, 2}))
	}
	for _, zero := range []bool{false, true} {
		build, in = padded(zero)
		try("label 1 of target 1, which has 2, is -1; want 0 to 3 without the blank, 0", build, in...)
	}
	build, in = seq(losses.CTC{}, graph.Ints([]int{1, 2, 1, 7}, 2, 2), graph.Ints([]int{3, 3}), graph.Ints([]int{2, 1}))
	try("behind the 1 labels of target 1 is 7; want -1 or 0 to 3", build, in...)
}

// Whatever fills the targets behind their labels, -1 too, the loss and its gradient are the same to the bit.
func TestCTCPadding(t *testing.T) {
	var want []*tensor.Dense
	for _, fill := range []int{-1, 0, 1, 2, 3} {
		p := graph.NewParams64(1)
		q, err := p.Add("x", graphtest.Random(1, 5, 2, 4))
		if err != nil {
			t.Fatal(err)
		}
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return ctc(losses.CTC{})(g, append([]graph.Node{g.Param("x", nil, 5, 2, 4)}, in...))
		}).Grad(graph.Ints([]int{1, 2, fill, 3, fill, fill}, 2, 3), graph.Ints([]int{5, 4}), graph.Ints([]int{2, 1}))
		if err != nil {
			t.Fatal(err)
		}
		got := []*tensor.Dense{out[0], q.Grad()}
		if want == nil {
			want = got
		}
		graphtest.Close(t, "loss", got[0], want[0], 0)
		graphtest.Close(t, "gradient", got[1], want[1], 0)
	}
}
