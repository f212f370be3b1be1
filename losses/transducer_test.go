package losses_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

func transducer(l losses.Transducer) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{l.Apply(g, in[0], in[1], in[2], in[3])}
	}
}

// alignments sums the probability of all ways from the first frame and no label to the last blank.
func alignments(logits *tensor.Dense, b, frames, blank int, target []int) float64 {
	shape := logits.Shape()
	p := func(t, u, v int) float64 {
		row := logits.Float64s()[((t*shape[1]+b)*shape[2]+u)*shape[3]:][:shape[3]]
		sum := 0.0
		for _, x := range row {
			sum += math.Exp(x)
		}
		return math.Exp(row[v]) / sum
	}
	var walk func(t, u int, sofar float64) float64
	walk = func(t, u int, sofar float64) float64 {
		total := 0.0
		if u < len(target) {
			total = walk(t, u+1, sofar*p(t, u, target[u]))
		}
		if sofar *= p(t, u, blank); t+1 < frames {
			return total + walk(t+1, u, sofar)
		}
		if u == len(target) {
			total += sofar
		}
		return total
	}
	return walk(0, 0, 1)
}

func TestTransducerAgainstBruteForce(t *testing.T) {
	for seed := range uint64(40) {
		steps, wide, classes := 1+int(seed%5), 1+int(seed/5%4), 2+int(seed%3)
		blank := int(seed) % classes
		logits := graphtest.Random(seed, steps, 2, wide+1, classes)
		targets := graphtest.RandomIDs(seed, classes, 2, wide)
		for i, id := range targets.Ints() {
			if id == blank {
				targets.Ints()[i] = (id + 1) % classes
			}
		}
		frames, labels := []int{steps, 1 + int(seed)%steps}, []int{wide, int(seed/2) % (wide + 1)}
		want := 0.0
		for b, n := range labels {
			want -= math.Log(alignments(logits, b, frames[b], blank, targets.Ints()[b*wide:][:n])) / 2
			for i := n; i < wide; i++ {
				targets.Ints()[b*wide+i] = -1 + int(seed%2)
			}
		}
		out, err := graph.NewFunc(graph.NewParams64(1), transducer(losses.Transducer{Blank: blank})).
			Run(logits, targets, graph.Ints(frames), graph.Ints(labels))
		if err != nil {
			t.Fatal(err)
		}
		if got := graph.Scalar(out[0]); math.Abs(got-want) > 1e-12*max(want, 1) {
			t.Errorf("seed %d, %d frames, %d labels of %d: %g, want %g", seed, steps, wide, classes, got, want)
		}
	}
}

// Values and gradients are torchaudio's, as far as it has them: it takes its sums in float32.
func TestTransducerAgainstTorchaudio(t *testing.T) {
	rec, settings := graphtest.Golden(t, "testdata/transducer_f32.safetensors")
	for name := range strings.FieldsSeq(settings["cases"]) {
		t.Run(name, func(t *testing.T) {
			blank, err := strconv.Atoi(settings[name+".blank"])
			if err != nil {
				t.Fatal(err)
			}
			loss, grad := transducerRun(t, losses.Transducer{Blank: blank}, rec[name+".in.x"],
				rec[name+".in.targets"], rec[name+".in.frames"], rec[name+".in.labels"])
			if want := graph.Scalar(rec[name+".out.loss"]); math.Abs(loss-want) > 2e-6*want {
				t.Errorf("loss %g, want %g", loss, want)
			}
			graphtest.Close(t, "gradient", graph.Floats(grad, len(grad)), graph.Floats(rec[name+".grad.x"].Float32s(), len(grad)), 2e-5)
		})
	}
}

// transducerRun returns the loss of float32 logits and their gradient.
func transducerRun(t *testing.T, l losses.Transducer, x *tensor.Dense, ids ...*tensor.Dense) (float64, []float32) {
	t.Helper()
	p := graph.NewParams(1)
	q, err := p.Add("x", x)
	if err != nil {
		t.Fatal(err)
	}
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{l.Apply(g, g.Param("x", nil, q.Shape()...), in[0], in[1], in[2])}
	}).Grad(ids...)
	if err != nil {
		t.Fatal(err)
	}
	return graph.Scalar(out[0]), slices.Clone(q.Grad().Float32s())
}

func TestTransducerGradients(t *testing.T) {
	for name, c := range map[string]struct {
		blank, steps, classes int
		targets               []int
		frames, labels        []int
	}{
		"one of all":              {0, 1, 2, []int{1}, []int{1}, []int{1}},
		"no labels":               {0, 3, 2, []int{-1, -1}, []int{3, 2}, []int{0, 0}},
		"one frame":               {1, 1, 3, []int{0, 2, 0}, []int{1}, []int{3}},
		"mixed, padded":           {2, 5, 4, []int{0, 0, 1, 3, 1, -1, 1, -1, 2}, []int{5, 2, 4}, []int{3, 2, 1}},
		"more labels than frames": {0, 2, 3, []int{1, 1, 2, 1, 2}, []int{2}, []int{5}},
	} {
		t.Run(name, func(t *testing.T) {
			batch := len(c.frames)
			wide := len(c.targets) / batch
			graphtest.CheckGradient(t, graphtest.Gradient{Build: transducer(losses.Transducer{Blank: c.blank}), Inputs: []*tensor.Dense{
				graphtest.Random(3, c.steps, batch, wide+1, c.classes), graph.Ints(c.targets, batch, wide),
				graph.Ints(c.frames), graph.Ints(c.labels)}})
		})
	}
}

// What lies at padding is not looked at, and the loss of a batch is that of its sequences.
func TestTransducerPadding(t *testing.T) {
	x, ids := graphtest.Float32(graphtest.Random(5, 4, 2, 4, 6)), []int{1, 2, 3, 4, 5, 5}
	run := func(x *tensor.Dense, ids []int, frames, labels []int) (float64, []float32) {
		return transducerRun(t, losses.Transducer{}, x, graph.Ints(ids, len(frames), len(ids)/len(frames)),
			graph.Ints(frames), graph.Ints(labels))
	}
	whole, grad := run(x, ids, []int{4, 2}, []int{3, 1})
	other := x.Clone().(*tensor.Dense)
	for i := range other.Float32s() {
		if t, b, u := i/48, i/24%2, i/6%4; b == 1 && (t >= 2 || u > 1) {
			other.Float32s()[i] = float32(100 * i)
		}
	}
	again, gradAgain := run(other, []int{1, 2, 3, 4, -1, 0}, []int{4, 2}, []int{3, 1})
	if whole != again || !slices.Equal(grad, gradAgain) {
		t.Errorf("%g with other padding, %g before", again, whole)
	}
	sum := 0.0
	for b := range 2 {
		var one []float32
		for t := range 4 {
			one = append(one, x.Float32s()[(t*2+b)*24:][:24]...)
		}
		loss, _ := run(graph.Floats(one, 4, 1, 4, 6), ids[3*b:][:3], [][]int{{4}, {2}}[b], [][]int{{3}, {1}}[b])
		sum += loss / 2
	}
	if math.Abs(sum-whole) > 1e-6 {
		t.Errorf("%g of both sequences, %g of each", whole, sum)
	}
}

// The bits do not depend on the number of threads. In float32 a long lattice has the gradient of float64.
func TestTransducerThreadsAndPrecision(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const steps, batch, wide, classes = 150, 3, 20, 8
	x := graphtest.Random(2, steps, batch, wide+1, classes)
	targets := graphtest.RandomIDs(3, classes-1, batch, wide)
	frames, labels := graph.Ints([]int{150, 90, 31}), graph.Ints([]int{20, 20, 7})
	var loss float64
	var grad []float32
	for _, n := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(n)
		l, g := transducerRun(t, losses.Transducer{Blank: classes - 1}, graphtest.Float32(x), targets, frames, labels)
		if n > 1 && (l != loss || !slices.Equal(g, grad)) {
			t.Errorf("%d threads give other bits", n)
		}
		loss, grad = l, g
	}
	p := graph.NewParams64(1)
	q, err := p.Add("x", x)
	if err != nil {
		t.Fatal(err)
	}
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.Transducer{Blank: classes - 1}.Apply(g, g.Param("x", nil, q.Shape()...), in[0], in[1], in[2])}
	}).Grad(targets, frames, labels)
	if err != nil {
		t.Fatal(err)
	}
	if want := graph.Scalar(out[0]); math.Abs(loss-want) > 1e-6*want {
		t.Errorf("loss %g in float32, %g in float64", loss, want)
	}
	graphtest.Close(t, "gradient", graph.Floats(grad, x.Shape()...), graphtest.Float32(q.Grad()), 2e-6)
}

func TestTransducerRefuses(t *testing.T) {
	two := graph.Ints([]int{2, 1})
	targets := func(ids ...int) *tensor.Dense { return graph.Ints(ids, 2, len(ids)/2) }
	for i, c := range []struct {
		want  string
		blank int
		ids   []*tensor.Dense
	}{
		{"blank 4; want 0 to 3", 4, []*tensor.Dense{targets(1, 2, 1, 1), two, two}},
		{"want logits [T, B, U+1, V] and targets [B, U], found [3 2 3 4] and [2 1]", 0, []*tensor.Dense{targets(1, 2), two, two}},
		{"want numbers of frames and labels [2]", 0, []*tensor.Dense{targets(1, 2, 1, 1), graph.Ints([]int{1}), two}},
		{"label 1 of target 0 is 4; want 0 to 3, or -1 for padding", 0, []*tensor.Dense{targets(1, 4, 1, 1), two, two}},
		{"label 0 of target 1 is the blank, 3", 3, []*tensor.Dense{targets(1, 2, 3, 1), two, two}},
		{"label 1 of target 0, which has 2, is -1, padding", 3, []*tensor.Dense{targets(1, -1, 2, 1), two, two}},
		{"sequence 1 has 0 frames; want 1 to 3", 0, []*tensor.Dense{targets(1, 2, 1, 1), graph.Ints([]int{3, 0}), two}},
		{"sequence 0 has 4 frames; want 1 to 3", 0, []*tensor.Dense{targets(1, 2, 1, 1), graph.Ints([]int{4, 1}), two}},
		{"target 0 has 3 labels; want 0 to 2", 0, []*tensor.Dense{targets(1, 2, 1, 1), two, graph.Ints([]int{3, 0})}},
		{"target 1 has -1 labels; want 0 to 2", 0, []*tensor.Dense{targets(1, 2, 1, 1), two, graph.Ints([]int{0, -1})}},
	} {
		in := append([]*tensor.Dense{graphtest.Random(1, 3, 2, 3, 4)}, c.ids...)
		_, err := graph.NewFunc(graph.NewParams64(1), transducer(losses.Transducer{Blank: c.blank})).Run(in...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: error %v, want one with %q", i, err, c.want)
		}
	}
}

func ExampleTransducer() {
	// Two frames, the target "1 2", and a network that knows nothing: each of 3 classes has 1/3 everywhere. There are 3
	// alignments of 4 steps each: -log(3/3⁴).
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits := g.Full(0, 2, 1, 3, 3) // [T, B, U+1, V]
		return []graph.Node{losses.Transducer{}.Apply(g, logits, in[0], in[1], in[2])}
	})
	out, err := f.Run(graph.Ints([]int{1, 2}, 1, 2), graph.Ints([]int{2}), graph.Ints([]int{2}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", graph.Scalar(out[0]))
	// Output: 3.2958
}
