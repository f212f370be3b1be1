package graph_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// everyProduct has a graph for each operation that multiplies matrices, by the name of its type in package op: x and w are
// [5, 12] and [7, 12], the ids are of x's rows. The result is weighed by numbers that float32 has exactly, and so are its gradients.
var everyProduct = map[string]func(g *graph.Graph, x, w, ids graph.Node) graph.Node{
	"MatMul": func(g *graph.Graph, x, w, _ graph.Node) graph.Node { return g.MatMulT(x, w) },
	"BatchMatMul": func(g *graph.Graph, x, w, _ graph.Node) graph.Node {
		return g.MatMulT(g.Reshape(x, 1, 5, 12), g.Reshape(w, 1, 7, 12))
	},
	"MatMulWithin":           func(g *graph.Graph, x, w, ids graph.Node) graph.Node { return g.MatMulTWithin(x, w, ids, 1, 8) },
	"Conv":                   convolved,
	"ConvInput":              convolved,
	"ConvWeight":             convolved,
	"CrossEntropyWithin":     crossEntropyWithin,
	"CrossEntropyWithinGrad": crossEntropyWithin,
}

func convolved(g *graph.Graph, x, w, _ graph.Node) graph.Node {
	return g.Conv(g.Reshape(x, 5, 4, 3), g.Reshape(w, 7, 4, 3), graph.Node{}, graph.Window{Before: []int{1}, After: []int{1}})
}

func crossEntropyWithin(g *graph.Graph, x, w, ids graph.Node) graph.Node {
	return g.CrossEntropyWithin(x, w, ids, 1, 8, graph.NoID)
}

// TestEveryProductIsRounded holds results and gradients of every product between the errors that rounding leaves; the program
// names the precision wherever it names an operation that has one.
func TestEveryProductIsRounded(t *testing.T) {
	kernel.UseLoops(true)
	defer kernel.UseLoops(false)
	x, w := graphtest.Float32(graphtest.Random(1, 5, 12)), graphtest.Float32(graphtest.Random(2, 7, 12))
	ids := graph.Ints([]int{1, 7, 3, 5, 2}, 5)
	for name, apply := range everyProduct {
		build := func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := apply(g, g.Param("x", nil, 5, 12), g.Param("w", nil, 7, 12), in[0])
			weigh := graphtest.Random(3, y.Shape()...)
			for i, v := range weigh.Float64s() {
				weigh.Float64s()[i] = math.Round(16*v) / 16
			}
			if g.Params().Dtype() == tensor.Float32 {
				weigh = graphtest.Float32(weigh)
			}
			return []graph.Node{g.Sum(g.Mul(y, g.Const(weigh))), y}
		}
		results := func(params *graph.Params, p graph.Precision, values ...*tensor.Dense) (out [3][]float64, listing string) {
			for i, name := range []string{"x", "w"} {
				if _, err := params.Add(name, values[i]); err != nil {
					t.Fatal(err)
				}
			}
			f := graph.NewFunc(params, build)
			if err := f.SetPrecision(p); err != nil {
				t.Fatal(err)
			}
			result, err := f.Grad(ids)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range []*tensor.Dense{result[1], params.Get("x").Grad(), params.Get("w").Grad()} {
				if out[i] = []float64(nil); v.Dtype() == tensor.Float64 {
					out[i] = v.Float64s()
				} else {
					out[i] = widened(v.Float32s())
				}
			}
			program, err := f.GradProgram(ids)
			if err != nil {
				t.Fatal(err)
			}
			return out, program.String()
		}
		exact, _ := results(graph.NewParams64(1), graph.Float32,
			graph.Floats64(widened(x.Float32s()), 5, 12), graph.Floats64(widened(w.Float32s()), 7, 12))
		for p, bounds := range map[graph.Precision][2]float64{
			graph.Float32: {0, 1e-6}, graph.BFloat16x3: {2e-7, 1e-4}, graph.BFloat16: {1e-4, 2e-2},
		} {
			got, listing := results(graph.NewParams(1), p, x, w)
			for i, what := range []string{"the result", "x's gradient", "w's gradient"} {
				var off, all float64
				for j, v := range exact[i] {
					off += (got[i][j] - v) * (got[i][j] - v)
					all += v * v
				}
				if e := math.Sqrt(off / all); !(e >= bounds[0] && e < bounds[1]) {
					t.Errorf("%s in %v: %s is off by %.2g; want %v", name, p, what, e, bounds)
				}
			}
			for line := range strings.SplitSeq(listing, "\n") {
				product := strings.Contains(line, "matmul") || strings.Contains(line, "within") || strings.Contains(line, "pack ") || strings.Contains(line, "convolution")
				if product && strings.Contains(line, p.String()) == (p == graph.Float32) {
					t.Errorf("%s in %v: %s", name, p, line)
				}
			}
		}
	}
}

func widened(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestEveryProductHasAPrecision reads package op: only its function multiply, and the products with a packed operand, call
// the kernels of products; whoever calls multiply does so in a precision of his; and each operation that has one is in the
// table of the test above.
func TestEveryProductHasAPrecision(t *testing.T) {
	const dir = "../internal/op"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	calls, products := 0, []string{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, entry.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if f.Name.Name == "In" && f.Recv != nil {
				products = append(products, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				switch callee := call.Fun.(type) {
				case *ast.Ident:
					if callee.Name != "multiply" {
						break
					}
					calls++
					if s, ok := call.Args[0].(*ast.SelectorExpr); !ok || s.Sel.Name != "Precision" {
						t.Errorf("%s: %s multiplies in a precision that is not its own", entry.Name(), f.Name.Name)
					}
				case *ast.SelectorExpr:
					name := callee.Sel.Name
					if entry.Name() == "substitute.go" { // a system is solved: its errors add up from row to row, so nothing is rounded there
						break
					}
					if strings.HasPrefix(name, "Gemm") && f.Name.Name != "multiply" && name != "GemmPacked" {
						t.Errorf("%s: %s calls %s; want multiply, which knows of precisions", entry.Name(), f.Name.Name, name)
					}
				}
				return true
			})
		}
	}
	slices.Sort(products)
	if table := slices.Sorted(maps.Keys(everyProduct)); !slices.Equal(products, table) || calls < 7 {
		t.Errorf("%d calls of multiply, from the products %v; the test of all products has %v", calls, products, table)
	}
}
