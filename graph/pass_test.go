package graph_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// compileLSTM compiles a language model of 20 characters over 6 steps of 7 sequences, with its gradients.
func compileLSTM(t *testing.T, passes string) *graph.Program {
	t.Helper()
	t.Setenv("UNROLL_PASSES", passes)
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: 20, Size: 5}.Apply(g.Scope("embedding"), in[0])
		y, _ := recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: 8}, x, recurrent.Options{})
		logits := nn.Head{Classes: 20}.Apply(g.Scope("head"), y)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}
	})
	program, err := f.GradProgram(graphtest.RandomIDs(1, 20, 6, 7), graphtest.RandomIDs(2, 20, 6, 7))
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// What each pass does to a program: how often a word occurs in its listing with the pass, and without.
func TestPasses(t *testing.T) {
	for _, c := range []struct {
		pass, word    string
		with, without int
	}{
		// The biases b_ih and b_hh have one gradient: the sum of the columns of the gates' gradient.
		{"merge", "sum of 42", 3, 4},
		// What the slices of gates, inputs and outputs send back are no padded sums.
		{"flatten", " pad ", 0, 30},
		// One product each for 6 x_t·W, for 6 of their gradients, and for 6 terms of each weight's gradient.
		{"batch", "matmul", 19, 38},
		// The embedding has 20 rows, the sequences 42 elements: products are made of the former.
		{"hoist", "[20 32]", 2, 0},
		// h·U is added to the memory of x·W; the gradient of h comes from above and from the next step.
		{"accumulate", "+=", 12, 0},
		// The recurrent weight is packed for 6 products forward, and again for 5 backward.
		{"pack", "weight_hh_l0  [32 8]", 2, 0},
		// Gates and their gradients lie in the rows of one tensor from the start.
		{"place", "copy", 0, 61},
		// Results that no other step reads have no address.
		{"fuse", "\n      -  ", 48, 0},
	} {
		with, without := compileLSTM(t, ""), compileLSTM(t, "-"+c.pass)
		n, m := strings.Count(with.String(), c.word), strings.Count(without.String(), c.word)
		t.Logf("%s: %q %d times, %d without; %d steps, %d without", c.pass, c.word, n, m, with.Steps(), without.Steps())
		if n != c.with || m != c.without {
			t.Errorf("%s: %q comes %d times with the pass and %d without; want %d and %d\n%v", c.pass, c.word, n, m, c.with, c.without, without)
		}
	}
}

func TestUnknownPass(t *testing.T) {
	t.Setenv("UNROLL_PASSES", "-fuse,-bath")
	g := graph.New(graph.NewParams(1))
	_, err := g.Compile(g.Full(1))
	if err == nil || !strings.Contains(err.Error(), `found "-bath"`) {
		t.Errorf("want an error that names the word, found %v", err)
	}
}

// The suites of gradients and of PyTorch's values pass without any one of the passes, and without all.
func TestSuitesUnderEveryPass(t *testing.T) {
	if testing.Short() || os.Getenv("UNROLL_PASSES") != "" {
		t.Skip("runs the tests of several packages again and again")
	}
	settings := []string{"check", "none"}
	for p := compile.Merge; p <= compile.Fuse; p++ {
		if p != compile.Freeze { // for streams alone
			settings = append(settings, "-"+p.String())
		}
	}
	// Each package's tests are linked once, for all settings.
	programs := t.TempDir()
	packages := []string{".", "../recurrent", "../nn", "../losses"}
	build := exec.Command("go", append([]string{"test", "-c", "-o", programs + string(filepath.Separator)}, packages...)...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, setting := range settings {
		for _, dir := range packages {
			name := filepath.Base(dir)
			if dir == "." {
				name = "graph"
			}
			t.Run(setting+"/"+name, func(t *testing.T) {
				t.Parallel()
				// That a step gives the bits of the sequence takes packed weights, and sums in one order. Long sequences, large
				// networks and several networks in one have no code that the single operations, cells and layers have not:
				// without a pass they are left to .ci/nightly.
				cmd := exec.Command(filepath.Join(programs, name+".test"), "-test.short", "-test.skip",
					"StepIsUnroll|^Test(LongGradients|GradientsAtSize|Seq2SeqGradients|TopologyGradients)$",
					"-test.run", "Gradient|PyTorch|Derivative|Plans|Tape|Unroll|LanguageModel")
				cmd.Dir, cmd.Env = dir, append(os.Environ(), "UNROLL_PASSES="+setting)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// Several embeddings side by side in a row, as a feed-forward language model has them, are no rows of the table: the
// product cannot move to it.
func TestHoistNeedsRows(t *testing.T) {
	const words, tokens, size, batch = 3, 5, 4, 20
	ids, targets := graphtest.RandomIDs(1, tokens, batch, words), graphtest.RandomIDs(2, tokens, batch)
	run := func(passes string) (*graph.Params, float64) {
		t.Helper()
		t.Setenv("UNROLL_PASSES", passes)
		p := graph.NewParams64(1)
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			x := nn.Embedding{Tokens: tokens, Size: size}.Apply(g.Scope("embedding"), in[0]) // [B, 3, E]
			h := g.Tanh(nn.Dense{Units: 6}.Apply(g.Scope("hidden"), g.Reshape(x, batch, words*size)))
			return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: tokens}.Apply(g.Scope("head"), h), in[1])}
		}).Grad(ids, targets)
		if err != nil {
			t.Fatal(err)
		}
		return p, graph.Scalar(out[0])
	}
	want, loss := run("none")
	got, again := run("")
	if d := loss - again; d > 1e-12 || d < -1e-12 {
		t.Errorf("loss %v; %v as the graph stands", again, loss)
	}
	for i := range want.Len() {
		q := want.At(i)
		graphtest.Close(t, "gradient of "+q.Name(), got.Get(q.Name()).Grad(), q.Grad(), 1e-12)
	}
}

// Two biases of a lone product become one value, which later products of another weight depend on.
func TestLoneBiasBeforeABatch(t *testing.T) {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.GlorotUniform(), 3, 3)
		x := g.Add(g.MatMulT(in[0], g.Param("first", graph.GlorotUniform(), 3, 2)), g.Param("a", graph.Normal(0, 1), 3), g.Param("b", graph.Normal(0, 1), 3))
		y := g.MatMulT(g.Tanh(g.MatMulT(g.Tanh(x), w)), w)
		return []graph.Node{g.Sum(g.Square(y)), y}
	})
	in := graphtest.Random(1, 4, 2)
	got, err := f.Grad(in)
	if err != nil {
		t.Fatal(err)
	}
	y := graph.Floats64(got[1].Float64s(), 4, 3)
	t.Setenv("UNROLL_PASSES", "none")
	want, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", nil, 3, 3)
		x := g.Add(g.MatMulT(in[0], g.Param("first", nil, 3, 2)), g.Param("a", nil, 3), g.Param("b", nil, 3))
		return []graph.Node{g.MatMulT(g.Tanh(g.MatMulT(g.Tanh(x), w)), w)}
	}).Run(in)
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "result", y, want[0], 1e-14)
}

// A weight's gradient that only thin products read, or a sum of such, is never computed: each product takes one of its two sides
// first. Whatever is transposed, the results are the same but for rounding.
func TestThinProductsOfAGradient(t *testing.T) {
	const rows, out, in, rank = 70, 90, 110, 2
	shapes := map[string][]int{"d": {7, 10, out}, "x": {7, 10, in}, "e": {rows, out}, "y": {rows, in}, "a": {rank, in}, "b": {out, rank}}
	var values []*tensor.Dense
	names := slices.Sorted(maps.Keys(shapes))
	for i, name := range names {
		values = append(values, graphtest.Random(uint64(i), shapes[name]...))
	}
	build := func(sum bool) graph.Build {
		return func(g *graph.Graph, nodes []graph.Node) []graph.Node {
			at := map[string]graph.Node{}
			for i, name := range names {
				at[name] = nodes[i]
			}
			w := g.TMatMul(at["d"], at["x"]) // [out, in]
			if sum {
				w = g.Add(w, g.TMatMul(at["e"], at["y"]))
			}
			a, b := at["a"], at["b"]
			return []graph.Node{
				g.MatMulT(w, a), g.MatMul(w, g.Transpose(a, 1, 0)), g.TMatMul(b, w), g.MatMul(g.Transpose(b, 1, 0), w),
				g.TMatMul(w, b), g.MatMulT(a, w),
			}
		}
	}
	for _, sum := range []bool{false, true} {
		var results [2][]*tensor.Dense
		for i, passes := range []string{"-batch,-associate", "-batch"} { // the pass before makes one product of the sum
			t.Setenv("UNROLL_PASSES", passes)
			f := graph.NewFunc(graph.NewParams64(1), build(sum))
			var err error
			if results[i], err = f.Run(values...); err != nil {
				t.Fatal(err)
			}
			program, err := f.Program(values...)
			if err != nil {
				t.Fatal(err)
			}
			if whole := strings.Contains(program.String(), "[90 110]"); whole != (i == 0) {
				t.Errorf("passes %q, sum %v: the gradient of the whole is computed: %v\n%v", passes, sum, whole, program)
			}
		}
		for i, got := range results[1] {
			graphtest.Close(t, "result "+strconv.Itoa(i), got, results[0][i], 1e-12)
		}
	}
}
