package graph_test

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// twoProducts is the sum of x·W·V, of batches of matrices with their own transposes, and of what they are.
func twoProducts(in, hidden, out int) graph.Build {
	return func(g *graph.Graph, args []graph.Node) []graph.Node {
		w, v := g.Param("w", graph.Uniform(-0.1, 0.1), in, hidden), g.Param("v", graph.Uniform(-0.1, 0.1), hidden, out)
		y := g.MatMul(g.Tanh(g.MatMul(args[0], w)), v)
		return []graph.Node{g.Add(g.Sum(g.Square(y)), g.Sum(g.MatMulT(y, y))), y}
	}
}

// inLoops runs a test with products in Go loops unless the machine has instructions for a precision.
func inLoops(t *testing.T, p graph.Precision) {
	if _, err := p.Instructions(); err != nil {
		kernel.UseLoops(true)
		t.Cleanup(func() { kernel.UseLoops(false) })
	}
}

// TestPrecisionIsTheSameOnAllProcessors compares the bits of gradients with different numbers of processors.
func TestPrecisionIsTheSameOnAllProcessors(t *testing.T) {
	for _, p := range []graph.Precision{graph.BFloat16, graph.BFloat16x3} {
		t.Run(p.String(), func(t *testing.T) {
			inLoops(t, p)
			in, hidden, out := 96, 130, 70
			if name, _ := p.Instructions(); name == "AVX512_BF16" || name == "AMX" {
				in, hidden, out = 400, 520, 300
			}
			params := graph.NewParams(1)
			f := graph.NewFunc(params, twoProducts(in, hidden, out))
			if err := f.SetPrecision(p); err != nil {
				t.Fatal(err)
			}
			x := make([]float32, 40*in)
			for i := range x {
				x[i] = float32(math.Sin(float64(i * i)))
			}
			before := runtime.GOMAXPROCS(0)
			defer runtime.GOMAXPROCS(before)
			var want []float32
			for _, n := range []int{1, 2, 3, 7} {
				runtime.GOMAXPROCS(n)
				result, err := f.Grad(graph.Floats(x, 5, 8, in))
				if err != nil {
					t.Fatal(err)
				}
				got := slices.Clone(result[0].Float32s())
				for i := range params.Len() {
					got = append(got, params.At(i).Grad().Float32s()...)
				}
				if want == nil {
					want = got
				}
				for i, v := range got {
					if math.Float32bits(v) != math.Float32bits(want[i]) {
						t.Fatalf("%d processors: number %d is %v, with one %v", n, i, v, want[i])
					}
				}
			}
		})
	}
}

// TestPrecisionRoundsAllProducts looks at the programs.
func TestPrecisionRoundsAllProducts(t *testing.T) {
	kernel.UseLoops(true)
	defer kernel.UseLoops(false)
	f := graph.NewFunc(graph.NewParams(1), twoProducts(5, 6, 7))
	x := graph.Floats(make([]float32, 2*3*5), 2, 3, 5)
	listing := func(f *graph.Func) (text string) {
		for _, program := range []func(...*tensor.Dense) (*graph.Program, error){f.Program, f.GradProgram} {
			p, err := program(x)
			if err != nil {
				t.Fatal(err)
			}
			text += p.String()
		}
		return text
	}
	before := listing(f)
	products := strings.Count(before, "matmul")
	if products < 9 || strings.Contains(before, "bf16") {
		t.Fatalf("%d products in\n%s", products, before)
	}
	for _, p := range []graph.Precision{graph.BFloat16, graph.BFloat16x3} {
		if err := f.SetPrecision(p); err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]*graph.Func{"the function": f, "over another store": f.WithParams(graph.NewParams(2))} {
			text := listing(f)
			for line := range strings.SplitSeq(text, "\n") {
				if (strings.Contains(line, "matmul") || strings.Contains(line, "pack ")) && !strings.Contains(line, p.String()+" ") {
					t.Errorf("%s: not in %v: %s", name, p, line)
				}
			}
			if n := strings.Count(text, "matmul"); n != products {
				t.Errorf("%s: %d products in %v, %d in float32", name, n, p, products)
			}
		}
	}
	if err := f.SetPrecision(graph.Float32); err != nil {
		t.Fatal(err)
	}
	if listing(f) != before {
		t.Errorf("back in float32, the program is\n%s\nand was\n%s", listing(f), before)
	}
}

func TestSetPrecisionRefuses(t *testing.T) {
	build := func(_ *graph.Graph, in []graph.Node) []graph.Node { return in }
	for _, p := range []graph.Precision{graph.BFloat16, graph.BFloat16x3} {
		err := graph.NewFunc(graph.NewParams(1), build).SetPrecision(p)
		_, lacks := p.Instructions()
		switch {
		case (err == nil) != (lacks == nil):
			t.Errorf("%v: SetPrecision says %v, Instructions %v", p, err, lacks)
		case err != nil && !strings.Contains(err.Error(), "the machine lacks"):
			t.Errorf("%v: %v", p, err)
		}
		t.Log(err)
	}
	kernel.UseLoops(true)
	defer kernel.UseLoops(false)
	if err := graph.NewFunc(graph.NewParams64(1), build).SetPrecision(graph.BFloat16); err == nil {
		t.Error("a store of float64 was taken")
	}
	if err := graph.NewFunc(graph.NewParams(1), build).SetPrecision(9); err == nil {
		t.Error("a precision that there is not was taken")
	}
	if err := (*graph.Func)(nil).SetPrecision(graph.BFloat16); err == nil {
		t.Error("no function was taken")
	}
	for _, p := range []graph.Precision{graph.Float32, graph.BFloat16x3, graph.BFloat16} {
		if got, err := graph.ParsePrecision(p.String()); got != p || err != nil {
			t.Errorf("%v was read as %v, %v", p, got, err)
		}
	}
	if _, err := graph.ParsePrecision("tf32"); err == nil {
		t.Error("tf32 was taken")
	}
	if s := graph.Precision(77).String(); s != "unknown" {
		t.Errorf("a precision that there is not is %q", s)
	}
}
