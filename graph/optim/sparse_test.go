package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// table is the recorded loss: rows that are looked up, once times g and once squared.
func table(sparse bool) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", nil, g.Params().Get("w").Shape()...)
		if sparse {
			w = g.SparseGrad(w)
		}
		return []graph.Node{g.Add(g.Sum(g.Mul(g.Gather(w, in[0]), in[1])), g.Sum(g.Square(g.Gather(w, in[2]))))}
	}
}

// tableStep is the input of a recorded step.
func tableStep(rec map[string]*tensor.Dense, step int) []*tensor.Dense {
	ids, g := rec["in.ids"].Ints()[step*9:][:9], rec["in.g"].Float64s()[step*45:][:45]
	return []*tensor.Dense{graph.Ints(ids), graph.Floats64(g, 9, 5), graph.Ints(ids[:4])}
}

// The recorded values come from testdata/record_sparse.py, which runs PyTorch. Half way, the optimiser is replaced by one
// that restores its state.
func TestSparseOptimisersAgreeWithPyTorch(t *testing.T) {
	rec, meta := graphtest.Golden(t, "testdata/sparse_f64.safetensors")
	for name := range strings.SplitSeq(meta["cases"], ",") {
		t.Run(name, func(t *testing.T) {
			begin := func() optim.Optimizer {
				o := optimizer(name, meta)
				if a, ok := o.(*optim.Adam); ok {
					a.Sparse = true
				}
				return o
			}
			p := graph.NewParams64(1)
			if _, err := p.Add("w", rec["in.w0"]); err != nil {
				t.Fatal(err)
			}
			f, o := graph.NewFunc(p, table(true)), begin()
			for step := range 12 {
				if step == 6 {
					again := begin()
					if err := again.Restore(p, o.State()); err != nil {
						t.Fatal(err)
					}
					o = again
				}
				if _, err := f.Grad(tableStep(rec, step)...); err != nil {
					t.Fatal(err)
				}
				if _, err := optim.Update(o, p, setting(meta, name, "lr"), 0); err != nil {
					t.Fatal(err)
				}
				want := rec[name+".out.w"].Float64s()[step*1500:][:1500]
				graphtest.Close(t, "weights", p.Get("w").Value(), graph.Floats64(want, 300, 5), 1e-13)
			}
		})
	}
}

// Whatever the optimiser, a table whose gradient is kept by rows trains as one whose is not; lazy Adam alone differs, by its
// definition. Functions of several shapes and sums of batches take turns.
func TestGradientsByRowsAreTheGradients(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/sparse_f64.safetensors")
	for name, begin := range map[string]func() optim.Optimizer{
		"sgd":      func() optim.Optimizer { return &optim.SGD{} },
		"momentum": func() optim.Optimizer { return &optim.SGD{Momentum: 0.9} },
		"decay":    func() optim.Optimizer { return &optim.SGD{Decay: 0.1} },
		"adam":     func() optim.Optimizer { return &optim.Adam{} },
		"adamw":    func() optim.Optimizer { return optim.AdamW(0.1) },
		"adagrad":  func() optim.Optimizer { return &optim.AdaGrad{} },
		"rmsprop":  func() optim.Optimizer { return &optim.RMSProp{} },
	} {
		for _, limit := range []float64{0, 0.5} {
			var stores []*graph.Params
			var norms [2][]float64
			for i, sparse := range []bool{false, true} {
				p := graph.NewParams64(1)
				if _, err := p.Add("w", rec["in.w0"]); err != nil {
					t.Fatal(err)
				}
				f, o := graph.NewFunc(p, table(sparse)), begin()
				whole := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
					return []graph.Node{g.Sum(g.Square(g.SparseGrad(g.Param("w", nil, 300, 5))))}
				})
				for step := range 12 {
					in := tableStep(rec, step)
					if step%3 == 2 {
						in = []*tensor.Dense{in[2], graph.Floats64(in[1].Float64s()[:20], 4, 5), in[0]}
					}
					_, err := f.Grad(in...)
					if step == 7 {
						_, err = whole.Grad()
					}
					if err != nil {
						t.Fatal(err)
					}
					norm, err := optim.Update(o, p, 0.1, limit)
					if err != nil {
						t.Fatal(err)
					}
					norms[i] = append(norms[i], norm)
				}
				stores = append(stores, p)
			}
			graphtest.Close(t, name, stores[1].Get("w").Value(), stores[0].Get("w").Value(), 1e-13)
			for i, n := range norms[0] {
				if math.Abs(n-norms[1][i]) > 1e-13*n {
					t.Errorf("%s: norm %v, want %v", name, norms[1][i], n)
				}
			}
		}
	}
}

// The rows of a gradient: those that were looked up, none where the loss does not see the table, and nothing is known where
// it is not looked up.
func TestGradRows(t *testing.T) {
	p := graph.NewParams(1)
	use := func(build graph.Build, ids ...int) ([]int, bool) {
		t.Helper()
		if _, err := graph.NewFunc(p, build).Grad(graph.Ints(ids)); err != nil {
			t.Fatal(err)
		}
		rows, known := p.Get("w").GradRows()
		for r := range 10 {
			g := p.Get("w").Grad().Float32s()[r*3:][:3]
			if known && !slices.Contains(rows, r) && (g[0] != 0 || g[1] != 0 || g[2] != 0) {
				t.Errorf("row %d is not listed, but it is %v", r, g)
			}
		}
		return slices.Clone(rows), known
	}
	w := func(g *graph.Graph) graph.Node { return g.SparseGrad(g.Param("w", graph.Normal(0, 1), 10, 3)) }
	look := func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.GatherPadded(w(g), in[0], 2))}
	}
	for _, c := range []struct {
		build graph.Build
		ids   []int
		want  []int
		known bool
	}{
		{look, []int{5, 2, 9, 5}, []int{5, 9}, true},
		{look, []int{2}, nil, true},
		{func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.GatherFromEnd(w(g), in[0])), g.Sum(w(g.Shared()))}
		}, []int{-1, 0}, []int{9, 0}, true},
		{func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Sum(g.Square(w(g)))} }, []int{0}, nil, false},
		{look, []int{1}, []int{1}, true},
		{func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Add(g.Full(1), g.Sum(g.Param("v", graph.Constant(0), 1)), g.Sum(g.MulScalar(g.Param("u", graph.Constant(0), 1), 0)))}
		}, []int{0}, nil, true},
	} {
		if got, known := use(c.build, c.ids...); known != c.known || !slices.Equal(got, c.want) {
			t.Errorf("ids %v: rows %v, known %v; want %v, %v", c.ids, got, known, c.want, c.known)
		}
	}
	p.ZeroGrad()
	q := p.Get("w")
	if err := q.SetGradRows([]int{3, 3, 1}); err != nil {
		t.Fatal(err)
	}
	if rows, known := q.GradRows(); !known || !slices.Equal(rows, []int{3, 1}) {
		t.Errorf("rows %v, known %v", rows, known)
	}
	if err := q.SetGradRows([]int{10}); err == nil || !strings.Contains(err.Error(), "row 10 of parameter w; want 0 to 9") {
		t.Errorf("error %v", err)
	}
	if err := p.Get("none").SetGradRows(nil); err == nil || !strings.Contains(err.Error(), "no parameter of that name") {
		t.Errorf("error %v", err)
	}
	_, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.SparseGrad(g.Full(0, 2, 3))}
	}).Run()
	if err == nil || !strings.Contains(err.Error(), "want a parameter") {
		t.Errorf("error %v", err)
	}
	if err := (&optim.Adam{Sparse: true, Decay: 1}).Check(); err == nil || !strings.Contains(err.Error(), "Sparse with Decay") {
		t.Errorf("error %v", err)
	}
}

// A program that writes the whole gradient says so, like Func.Grad, whoever has kept it by rows before.
func TestGradRowsOfPrograms(t *testing.T) {
	p := graph.NewParams(1)
	w := func(g *graph.Graph) graph.Node { return g.Param("w", graph.Constant(1), 10, 3) }
	byRows := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Gather(g.SparseGrad(w(g)), in[0]))}
	})
	whole := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Gather(w(g), in[0]))}
	})
	ids := []*tensor.Dense{graph.Ints([]int{3, 8}), graph.Ints([]int{5, 1})}
	for range 2 {
		for i, f := range []*graph.Func{byRows, whole} {
			program, err := f.GradProgram(ids[i])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := program.Run(ids[i]); err != nil {
				t.Fatal(err)
			}
			if rows, known := p.Get("w").GradRows(); known != (i == 0) {
				t.Errorf("function %d: rows %v, known %v", i, rows, known)
			}
			for j, v := range p.Get("w").Grad().Float32s() {
				if want := slices.Contains(ids[i].Ints(), j/3); v != map[bool]float32{true: 1}[want] {
					t.Errorf("function %d: gradient %v in row %d", i, v, j/3)
				}
			}
		}
	}
}

// A weight or a gradient that is no number is found in the rows, too.
func TestSparseNotFinite(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Mul(g.Gather(g.SparseGrad(g.Param("w", graph.Constant(0), 10, 3)), in[0]), in[1]))}
	})
	x := []float32{1, 2, 3, 4, 5, 6}
	if _, err := f.Grad(graph.Ints([]int{3, 8}), graph.Floats(x, 2, 3)); err != nil {
		t.Fatal(err)
	}
	p.Get("w").Grad().Float32s()[8*3] = float32(math.Inf(1))
	if _, err := optim.Update(&optim.SGD{}, p, 1, 1); err == nil || !strings.Contains(err.Error(), "the gradient of w is not finite") {
		t.Errorf("error %v", err)
	}
	if err := (&optim.SGD{}).Step(p, 1); err == nil || !strings.Contains(err.Error(), "the step made element 24 of w -Inf") {
		t.Errorf("error %v", err)
	}
	x[4] = float32(math.NaN())
	p.Get("w").Value().Zero()
	if _, err := f.Grad(graph.Ints([]int{3, 8}), graph.Floats(x, 2, 3)); err == nil || !strings.Contains(err.Error(), "input1 has NaN at element 4") {
		t.Errorf("error %v", err)
	}
}
