package recurrent_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// eachPrecision runs a test in both precisions that round, in Go loops, and by the machine's instructions where it has some.
func eachPrecision(t *testing.T, test func(t *testing.T, p graph.Precision)) {
	for _, p := range []graph.Precision{graph.BFloat16x3, graph.BFloat16} {
		if name, err := p.Instructions(); err == nil {
			t.Run(p.String()+"/"+name, func(t *testing.T) { test(t, p) })
		}
		t.Run(p.String()+"/loops", func(t *testing.T) {
			kernel.UseLoops(true)
			defer kernel.UseLoops(false)
			test(t, p)
		})
	}
}

// weighedOutputs is a loss that reads every output of a cell and its final state.
func weighedOutputs(cell recurrent.Cell) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, final := recurrent.Unroll(g.Scope("cell"), cell, in[0], recurrent.Options{})
		terms := []graph.Node{}
		for i, n := range append([]graph.Node{y}, final...) {
			w := graphtest.Random(uint64(i), n.Shape()...)
			if g.Params().Dtype() == tensor.Float32 {
				w = graphtest.Float32(w)
			}
			terms = append(terms, g.Sum(g.Mul(n, g.Const(w))))
		}
		return []graph.Node{g.Add(terms...)}
	}
}

// TestCellGradientsInPrecision compares the gradients of every cell with those in float64, all of a cell's together. The
// error of a precision is that of float32 times what its rounding is coarser by: how far rounding carries is the cell's, and
// float32's error measures it. A cell that divides by a sum of both signs, as mLSTM does, carries it far.
func TestCellGradientsInPrecision(t *testing.T) {
	usual := map[string]float64{}
	for name, cell := range allCells(6) {
		usual[name] = gradientError(t, cell, graph.Float32)
	}
	eachPrecision(t, func(t *testing.T, p graph.Precision) {
		coarser := map[graph.Precision]float64{graph.BFloat16x3: 0x1p8, graph.BFloat16: 0x1p16}[p]
		var all []float64
		for name, cell := range allCells(6) {
			e := gradientError(t, cell, p)
			if bound := 4 * coarser * usual[name]; !(e < bound) {
				t.Errorf("%s: gradients are off by %.2g; want below %.2g", name, e, bound)
			}
			all = append(all, e/coarser)
		}
		slices.Sort(all)
		median := coarser * all[len(all)/2]
		t.Logf("the median cell's gradients are off by %.2g", median)
		if median < coarser/0x1p27 {
			t.Errorf("the median cell's gradients are off by %.2g: nothing was rounded", median)
		}
	})
}

// gradientError is what a cell's gradients are off by in a precision, relative to those in float64.
func gradientError(t *testing.T, cell recurrent.Cell, p graph.Precision) float64 {
	t.Helper()
	const input, steps, batch = 5, 4, 3
	rounded, exact := graph.NewParams(1), graph.NewParams64(1)
	f, g := graph.NewFunc(rounded, weighedOutputs(cell)), graph.NewFunc(exact, weighedOutputs(cell))
	if err := f.SetPrecision(p); err != nil {
		t.Fatal(err)
	}
	x := graphtest.Float32(graphtest.Random(2, steps, batch, input))
	must := func(_ []*tensor.Dense, err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	wide := graph.Floats64(widened(x.Float32s()), steps, batch, input)
	must(f.Run(x))
	must(g.Run(wide))
	for i := range rounded.Len() {
		copy(exact.At(i).Value().Float64s(), widened(rounded.At(i).Value().Float32s()))
	}
	must(f.Grad(x))
	must(g.Grad(wide))
	var off, all float64
	for i := range rounded.Len() {
		got := rounded.At(i).Grad().Float32s()
		for j, w := range exact.At(i).Grad().Float64s() {
			off += math.Pow(float64(got[j])-w, 2)
			all += w * w
		}
	}
	return math.Sqrt(off / all)
}

func widened(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestTrainingInPrecision trains a small model of a text of its own in each precision, and compares the last losses.
func TestTrainingInPrecision(t *testing.T) {
	const tokens, hidden, steps, batch, last = 12, 24, 16, 8, 60
	text := make([]int, 4000)
	for i := range text {
		text[i] = (i*i/7 + i/3) % tokens
	}
	train := func(p graph.Precision) float64 {
		params := graph.NewParams(3)
		f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
			x := nn.Embedding{Tokens: tokens, Size: hidden}.Apply(g.Scope("embedding"), in[0])
			y, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.LSTM{Hidden: hidden}, x, recurrent.Options{})
			return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: tokens}.Apply(g.Scope("head"), y), in[1])}
		})
		if err := f.SetPrecision(p); err != nil {
			t.Fatal(err)
		}
		o := &optim.Adam{}
		sum := 0.0
		for i := range last {
			in, out := make([]int, steps*batch), make([]int, steps*batch)
			for j := range in {
				at := (i*steps + j%batch*430 + j/batch) % (len(text) - 1)
				in[j], out[j] = text[at], text[at+1]
			}
			loss, err := f.Grad(graph.Ints(in, steps, batch), graph.Ints(out, steps, batch))
			if err != nil {
				t.Fatal(err)
			}
			if i >= last-10 {
				sum += float64(loss[0].Float32s()[0]) / 10
			}
			if err := o.Step(params, 0.01); err != nil {
				t.Fatal(err)
			}
		}
		return sum
	}
	want := train(graph.Float32)
	if want > 2.2 {
		t.Fatalf("the loss is %.4f in float32: nothing was learnt", want)
	}
	eachPrecision(t, func(t *testing.T, p graph.Precision) {
		bound := map[graph.Precision]float64{graph.BFloat16x3: 1e-4, graph.BFloat16: 5e-3}[p]
		got := train(p)
		t.Logf("loss %.6f, in float32 %.6f", got, want)
		if math.Abs(got-want) > bound*want {
			t.Errorf("the loss is %.5f, in float32 %.5f; want no more than %g off", got, want, bound)
		}
		if got == want {
			t.Error("the loss is the same: nothing was rounded")
		}
	})
}

// BenchmarkGradInPrecision is the gradient of a language model of two LSTM layers.
func BenchmarkGradInPrecision(b *testing.B) {
	for _, s := range []struct{ hidden, tokens, steps, batch int }{{128, 65, 50, 50}, {512, 65, 50, 50}, {512, 10000, 35, 50}} {
		for _, p := range []graph.Precision{graph.Float32, graph.BFloat16, graph.BFloat16x3} {
			if _, err := p.Instructions(); err != nil {
				continue
			}
			b.Run(fmt.Sprintf("H%dV%dT%dB%d/%v", s.hidden, s.tokens, s.steps, s.batch, p), func(b *testing.B) {
				f := graph.NewFunc(graph.NewParams(3), func(g *graph.Graph, in []graph.Node) []graph.Node {
					x := nn.Embedding{Tokens: s.tokens, Size: s.hidden}.Apply(g.Scope("embedding"), in[0])
					y, _ := recurrent.Unroll(g.Scope("rnn"), recurrent.StackOf(2, recurrent.LSTM{Hidden: s.hidden}), x, recurrent.Options{})
					return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: s.tokens}.Apply(g.Scope("head"), y), in[1])}
				})
				if err := f.SetPrecision(p); err != nil {
					b.Fatal(err)
				}
				ids := make([]int, s.steps*s.batch)
				for i := range ids {
					ids[i] = i * 7919 % s.tokens
				}
				in := graph.Ints(ids, s.steps, s.batch)
				if _, err := f.Grad(in, in); err != nil { // builds the program
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := f.Grad(in, in); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(s.steps*s.batch*b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
