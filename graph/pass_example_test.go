package graph_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
)

// passExamples are small computations that one pass changes, given others that have to run in any case.
var passExamples = []struct {
	pass, file string
	others     []string
	build      func(g *graph.Graph) graph.Node
}{
	{"merge", "merge.go", nil, func(g *graph.Graph) graph.Node {
		x := g.Input("x", 2, 3)
		return g.Mul(g.Tanh(x), g.Exp(g.Tanh(x)))
	}},
	{"flatten", "flatten.go", []string{"merge", "place"}, func(g *graph.Graph) graph.Node {
		x := g.Input("x", 2, 3)
		parts := g.Unstack(x)
		return g.Grad(g.Sum(g.Mul(parts[0], parts[1])), x)[0]
	}},
	{"batch", "batch.go", []string{"merge"}, func(g *graph.Graph) graph.Node {
		x, w := g.Input("x", 2, 5, 3), g.Param("w", graph.Constant(1), 3, 4)
		steps := g.Unstack(x)
		return g.Mul(g.MatMul(steps[0], w), g.Tanh(g.MatMul(steps[1], w)))
	}},
	{"hoist", "hoist.go", nil, func(g *graph.Graph) graph.Node {
		table, w := g.Param("table", graph.Constant(1), 4, 3), g.Param("w", graph.Constant(1), 3, 2)
		return g.MatMul(g.Gather(table, g.InputIDs("ids", 50)), w)
	}},
	{"associate", "associate.go", nil, func(g *graph.Graph) graph.Node {
		d, x, a := g.Input("d", 64, 8), g.Input("x", 64, 32), g.Input("a", 2, 32)
		return g.MatMulT(g.TMatMul(d, x), a)
	}},
	{"accumulate", "accumulate.go", []string{"merge"}, func(g *graph.Graph) graph.Node {
		x, h, b := g.Input("x", 2, 3), g.Input("h", 2, 4), g.Param("b", graph.Constant(1), 4)
		w, u := g.Param("w", graph.Constant(1), 3, 4), g.Param("u", graph.Constant(1), 4, 4)
		return g.Tanh(g.Add(g.MatMul(x, w), g.MatMul(h, u), b))
	}},
	{"pack", "pack.go", nil, func(g *graph.Graph) graph.Node {
		h, u := g.Input("h", 2, 4), g.Param("u", graph.Constant(1), 4, 4)
		return g.Tanh(g.MatMul(g.Tanh(g.MatMul(h, u)), u))
	}},
	{"chunk", "chunk.go", []string{"accumulate", "place"}, func(g *graph.Graph) graph.Node {
		x, w, targets := g.Input("x", 1024, 8), g.Param("w", graph.Constant(1), 8, 4096), g.InputIDs("targets", 1024)
		loss := g.Sum(g.CrossEntropy(g.MatMul(x, w), targets, graph.NoID))
		return g.Grad(loss, w)[0]
	}},
	{"place", "place.go", []string{"fuse"}, func(g *graph.Graph) graph.Node {
		x, u := g.Input("x", 2, 2), g.Param("u", graph.Constant(1), 4, 4)
		return g.MatMul(g.Concat(1, g.Tanh(x), g.Exp(x)), u)
	}},
	{"fuse", "fused.go", nil, func(g *graph.Graph) graph.Node {
		c, f, o := g.Input("c", 2, 4), g.Input("f", 2, 4), g.Input("o", 2, 4)
		return g.Mul(g.Sigmoid(o), g.Tanh(g.Mul(g.Sigmoid(f), c)))
	}},
}

// Each pass's file shows a program without the pass, and with it. This test holds the comments against the compiler; with
// -v it prints what they should have.
func TestExamplesOfPasses(t *testing.T) {
	for _, e := range passExamples {
		if e.pass == "chunk" && kernel.SumDepth[float32]() == 0 {
			continue // the loops in Go cut no sums, so this pass must not
		}
		source, err := os.ReadFile(filepath.Join("..", "internal", "compile", e.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range []bool{false, true} {
			var out []string
			for _, o := range passExamples {
				if p := o.pass; !slices.Contains(e.others, p) && !(on && p == e.pass) {
					out = append(out, "-"+p)
				}
			}
			t.Setenv("UNROLL_PASSES", strings.Join(out, ","))
			g := graph.New(graph.NewParams(1))
			program, err := g.Compile(e.build(g))
			if err != nil {
				t.Fatal(e.pass, err)
			}
			_, listing, _ := strings.Cut(program.String(), "\n")
			comment := ""
			for line := range strings.Lines(listing) {
				comment += "//\t" + strings.TrimPrefix(line, "   ") // as gofmt has it
			}
			t.Logf("%s, %v:\n%s", e.pass, on, comment)
			if !strings.Contains(string(source), comment) {
				t.Errorf("%s does not show the program with the pass %v:\n%s", e.file, on, comment)
			}
		}
	}
}
