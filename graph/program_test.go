package graph_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// mlp is a small network with a shared weight: loss and output.
func mlp(g *graph.Graph, in []graph.Node) []graph.Node {
	w := g.Param("w", graph.Orthogonal(1), 6, 6)
	h := in[0]
	for i := range 4 {
		h = g.Tanh(g.Add(g.MatMulT(h, w), g.Param("b"+string(rune('0'+i)), graph.Constant(0), 6)))
	}
	return []graph.Node{g.Mean(g.Square(h)), h}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, mlp)
	in := []*tensor.Dense{graphtest.Float32(graphtest.Random(1, 5, 6))}
	for name, run := range map[string]func(...*tensor.Dense) ([]*tensor.Dense, error){"Run": f.Run, "Grad": f.Grad} {
		if n := testing.AllocsPerRun(20, func() {
			if _, err := run(in...); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("Func.%s: %v allocations", name, n)
		}
	}
	program, err := f.GradProgram(in...)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() { program.Run(in...) }); n != 0 {
		t.Errorf("Program.Run: %v allocations", n)
	}
}

// What a caller puts in the place of an output, such as a copy of it, is not returned by the next run.
func TestOutputsMayBeReplaced(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.MulScalar(in[0], 2)} })
	for i := range 3 {
		out, err := f.Run(graph.Floats([]float32{float32(i)}, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := out[0].Float32s()[0]; got != float32(2*i) {
			t.Errorf("run %d: %g; want %d", i, got, 2*i)
		}
		out[0] = out[0].Clone().(*tensor.Dense)
	}
}

// Programs share parameters across goroutines: run with -race.
func TestConcurrentPrograms(t *testing.T) {
	p := graph.NewParams(1)
	x := graphtest.Float32(graphtest.Random(1, 5, 6))
	want, err := graph.NewFunc(p, mlp).Run(x)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			f := graph.NewFunc(p, mlp) // builds and compiles beside the others, too
			for range 50 {
				got, err := f.Run(x)
				if err != nil {
					t.Error(err)
					return
				}
				if graph.Scalar(got[0]) != graph.Scalar(want[0]) {
					t.Error("another result")
					return
				}
			}
		})
	}
	wg.Wait()
}

// What a user sees is never memory that a later step or run changes, or that belongs to a parameter.
func TestOutputsAreCopies(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Constant(2), 2, 3)
		flat := g.Reshape(w, 6)
		return []graph.Node{flat, g.Add(flat, g.Reshape(in[0], 6)), g.Reshape(in[0], 6), w}
	})
	out, err := f.Run(graph.Floats([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{2, 2, 2, 2, 2, 2}, {3, 4, 5, 6, 7, 8}, {1, 2, 3, 4, 5, 6}, {2, 2, 2, 2, 2, 2}} {
		for j, v := range out[i].Float32s() {
			if v != want[j] {
				t.Errorf("output %d: %v, want %v", i, out[i].Float32s(), want)
				break
			}
		}
		out[i].Zero()
	}
	if v := p.Get("w").Value().Float32s()[0]; v != 2 {
		t.Error("writing to an output changed the parameter to", v)
	}
}

// One function serves all shapes; parameters that a loss does not reach get zero gradients.
func TestShapesAndUnreachedParameters(t *testing.T) {
	p := graph.NewParams64(1)
	if _, err := p.Add("other", graph.Floats64([]float64{1, 2})); err != nil {
		t.Fatal(err)
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Constant(3), 1)
		g.Param("unused", graph.Constant(3), 2)
		return []graph.Node{g.Sum(g.Mul(in[0], w))}
	})
	for _, n := range []int{1, 3, 2, 3} {
		for _, name := range []string{"other", "w", "unused"} {
			if q := p.Get(name); q != nil {
				q.Grad().Memset(7.0)
			}
		}
		out, err := f.Grad(graphtest.Random(1, n, 2))
		if err != nil {
			t.Fatal(err)
		}
		if want := 3 * p.Get("w").Grad().Float64s()[0]; math.Abs(graph.Scalar(out[0])-want) > 1e-12 {
			t.Error(graph.Scalar(out[0]), want)
		}
		for _, name := range []string{"other", "unused"} {
			if g := p.Get(name).Grad().Float64s(); g[0] != 0 || g[1] != 0 {
				t.Errorf("the gradient of %s is %v", name, g)
			}
		}
	}
}

// One node as the gradient of two parameters, and a parameter that is the loss's only reader of itself.
func TestSharedGradient(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		a, b := g.Param("a", graph.Constant(1), 3), g.Param("b", graph.Constant(1), 3)
		return []graph.Node{g.Sum(g.Mul(g.Add(a, b), in[0]))}
	})
	x := graph.Floats64([]float64{1, 2, 3})
	for range 2 {
		if _, err := f.Grad(x); err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, "a", p.Get("a").Grad(), x, 0)
		graphtest.Close(t, "b", p.Get("b").Grad(), x, 0)
	}
}

func TestNonFiniteIsLocated(t *testing.T) {
	nan := float32(math.NaN())
	x := func(v float32) *tensor.Dense { return graph.Floats([]float32{1, v}) }
	f := func(build func(g *graph.Graph, x graph.Node) graph.Node) *graph.Func {
		return graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(build(g.Scope("deep"), in[0]))}
		})
	}
	logs := f(func(g *graph.Graph, x graph.Node) graph.Node { return g.Log(g.Mul(x, x)) })
	roots := f(func(g *graph.Graph, x graph.Node) graph.Node {
		return g.Mul(x, g.Sqrt(g.Param("w", graph.Constant(0), 2))) // its derivative at 0 is infinite
	})
	for want, c := range map[string]struct {
		f    *graph.Func
		in   *tensor.Dense
		grad bool
	}{
		"input input0 has NaN at element 1":      {logs, x(nan), false},
		"log in deep [2] gave -Inf at element 1": {logs, x(0), false},
		"gave +Inf at element 0":                 {roots, x(1), true},
	} {
		run := c.f.Run
		if c.grad {
			run = c.f.Grad
		}
		if _, err := run(c.in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if _, err := logs.Run(x(1)); err != nil { // the program still works
			t.Error(err)
		}
	}
	p := graph.NewParams(1)
	g := graph.NewFunc(p, mlp)
	in := graphtest.Float32(graphtest.Random(1, 5, 6))
	if _, err := g.Run(in); err != nil {
		t.Fatal(err)
	}
	p.Get("b2").Value().Float32s()[3] = nan
	if _, err := g.Run(in); err == nil || !strings.Contains(err.Error(), "parameter b2 has NaN at element 3") {
		t.Error(err)
	}
}

// Gorgonia's own operations mix with ours.
func TestForeignOperations(t *testing.T) {
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		h := g.Square(in[0])
		n, err := gorgonia.Sin(h.Gorgonia())
		if err != nil {
			t.Fatal(err)
		}
		m, err := gorgonia.HadamardProd(n, in[1].Gorgonia())
		if err != nil {
			t.Fatal(err)
		}
		return []graph.Node{g.Sum(g.Mul(g.Wrap(m), h))}
	}
	graphtest.CheckGradient(t, graphtest.Gradient{Build: build,
		Inputs: []*tensor.Dense{graphtest.Random(1, 3, 4), graphtest.Random(2, 3, 4)}})
}

func TestPrinting(t *testing.T) {
	t.Setenv("UNROLL_PASSES", "")
	p := graph.NewParams(1)
	program, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return mlp(g.Scope("net"), in)
	}).GradProgram(graphtest.Float32(graphtest.Random(1, 5, 6)))
	if err != nil {
		t.Fatal(err)
	}
	text := program.String()
	for _, want := range []string{"matmul A·Bᵀ packed + bias", "pack Bᵀ net.w", "; net", "tanh'", "own+0", "; gradient of net"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	if last := fmt.Sprintf("\n%4d  ", program.Steps()-1); !strings.Contains(text, last) {
		t.Errorf("%d steps, found\n%s", program.Steps(), text)
	}
	dot := program.DOT()
	for _, want := range []string{"digraph program {", `label="net"`, "shape=box", "shape=ellipse", "->"} {
		if !strings.Contains(dot, want) {
			t.Errorf("%q is missing from\n%s", want, dot)
		}
	}
}

func TestSeeds(t *testing.T) {
	g := graph.NewTraining(graph.NewParams(1))
	program, err := g.Compile(g.RandomMask(0.5, 1000), g.RandomMask(0.5, 1000))
	if err != nil {
		t.Fatal(err)
	}
	draw := func(seed uint64) (a, b []float32) {
		program.Seed(seed)
		out, err := program.Run()
		if err != nil {
			t.Fatal(err)
		}
		return append(a, out[0].Float32s()...), append(b, out[1].Float32s()...)
	}
	same := func(a, b []float32) (n int) {
		for i := range a {
			if a[i] == b[i] {
				n++
			}
		}
		return n
	}
	a, b := draw(1)
	c, _ := draw(2)
	d, _ := draw(1)
	if same(a, d) != 1000 || same(a, b) > 600 || same(a, c) > 600 {
		t.Error(same(a, d), same(a, b), same(a, c))
	}
}
