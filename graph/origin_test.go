package graph_test

import (
	"errors"
	"fmt"
	"hash"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chewxy/hm"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// next is the line below the one that it is called on, as errors write it.
func next() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line+1)
}

// What an operation finds wrong with its data, when it runs, comes with the scope, the shape, and the line outside the
// library that asked for the operation: in a run, in a derivative, under a profile and in a program of one's own.
func TestRunningErrorsNameTheirLine(t *testing.T) {
	x := graphtest.Float32(graphtest.Random(1, 2, 3))
	at := ""
	for want, c := range map[string]struct {
		build func(g *graph.Graph, x, ids graph.Node) graph.Node
		ids   []int
	}{
		"softmax cross-entropy in deep [2]: target 3 at position 1; want 0 to 2": {func(g *graph.Graph, x, ids graph.Node) graph.Node {
			at = next()
			return losses.CrossEntropy{}.Apply(g, x, ids)
		}, []int{0, 3}},
		"gather rows in deep/e [2 3]: id -1 at position 0; want 0 to 4": {func(g *graph.Graph, x, ids graph.Node) graph.Node {
			at = next()
			return nn.Embedding{Tokens: 5, Size: 3}.Apply(g.Scope("e"), ids)
		}, []int{-1, 0}},
		fmt.Sprintf("gather rows in deep [2 3]: id %d at position 1", math.MinInt): {func(g *graph.Graph, x, ids graph.Node) graph.Node {
			at = next()
			return g.Gather(x, ids)
		}, []int{0, math.MinInt}},
		fmt.Sprintf("softmax cross-entropy in deep [2]: target %d at position 1", math.MinInt): {func(g *graph.Graph, x, ids graph.Node) graph.Node {
			at = next()
			return losses.CrossEntropy{}.Apply(g, x, ids)
		}, []int{0, math.MinInt}},
		"pick along the last axis in deep [2 2]: id 7 at place 1 of row 0; want 0 to 2": {func(g *graph.Graph, x, ids graph.Node) graph.Node {
			at = next()
			return g.Pick(x, ids)
		}, []int{0, 7}},
		"scatter-add along a last axis of 5 in deep [2 5]: id 7 at place 1": {func(g *graph.Graph, x, ids graph.Node) graph.Node {
			at = next()
			return g.Scatter(g.Slice(x, 1, 0, 2), ids, 5)
		}, []int{0, 7}},
		"length mask of 4 steps in deep [4 2]: length 5 of sequence 1; want 0 to 4": {func(g *graph.Graph, x, ids graph.Node) graph.Node {
			at = next()
			return g.LengthMask(ids, 4)
		}, []int{0, 5}},
		"log in deep [2 3] gave -Inf at element 0": {func(g *graph.Graph, x, _ graph.Node) graph.Node {
			zero := g.MulScalar(x, 0)
			at = next()
			return g.Log(g.Mul(zero, zero))
		}, []int{0}},
	} {
		build := func(g *graph.Graph, in []graph.Node) []graph.Node {
			w := g.Param("w", graph.Constant(1), 2, 3)
			return []graph.Node{g.Sum(c.build(g.Scope("deep"), g.Mul(in[0], w), in[1]))}
		}
		f := graph.NewFunc(graph.NewParams(1), build)
		ids := graph.Ints(c.ids)
		g := graph.New(graph.NewParams(1))
		own, err := g.Compile(build(g, []graph.Node{g.Input("x", 2, 3), g.InputIDs("ids", len(c.ids))})...)
		if err != nil {
			t.Fatal(err)
		}
		measured := graph.NewFunc(graph.NewParams(1), build)
		measured.SetProfile(&graph.Profile{})
		for name, run := range map[string]func(...*tensor.Dense) ([]*tensor.Dense, error){"Run": f.Run, "Grad": f.Grad, "profile": measured.Run, "program": own.Run} {
			_, err := run(x, ids)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), "("+at+")") {
				t.Errorf("%s: want an error with %q and %s, got %v", name, want, at, err)
			}
			var located *graph.Error
			if !strings.Contains(want, "gave") && (!errors.As(err, &located) || located.Caller != at || !strings.HasPrefix(located.Scope, "deep") || located.Shape == nil) {
				t.Errorf("%s: %#v", name, located)
			}
		}
	}
}

// One of Gorgonia's operations has a cause of its own, which stays in the chain.
func TestForeignErrorsKeepTheirCause(t *testing.T) {
	_, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		n, err := gorgonia.ApplyOp(failing{}, in[0].Gorgonia())
		if err != nil {
			t.Fatal(err)
		}
		return []graph.Node{g.Tanh(g.Wrap(n))}
	}).Run(graph.Floats([]float32{1, 2}))
	if !errors.Is(err, errFailing) {
		t.Error(err)
	}
}

// failing is an operation that cannot be computed.
type failing struct{}

var errFailing = errors.New("it does not work")

func (failing) Arity() int { return 1 }
func (failing) Type() hm.Type {
	a := hm.TypeVariable('a')
	return hm.NewFnType(a, a)
}
func (failing) InferShape(in ...gorgonia.DimSizer) (tensor.Shape, error) {
	return in[0].(tensor.Shape), nil
}
func (failing) Do(...gorgonia.Value) (gorgonia.Value, error) { return nil, errFailing }
func (failing) ReturnsPtr() bool                             { return false }
func (failing) CallsExtern() bool                            { return false }
func (failing) OverwritesInput() int                         { return -1 }
func (failing) WriteHash(h hash.Hash)                        { h.Write([]byte("failing")) }
func (failing) Hashcode() uint32                             { return 7 }
func (failing) String() string                               { return "failing" }

// Two layers in one scope: the hint leads to two scopes, and to sharing only who wants to share.
func TestHintForTwoLayersInOneScope(t *testing.T) {
	for name, build := range map[string]func(g *graph.Graph, x graph.Node) graph.Node{
		"one view": func(g *graph.Graph, x graph.Node) graph.Node {
			d := nn.Dense{Units: 3}
			return d.Apply(g, d.Apply(g, x))
		},
		"two views": func(g *graph.Graph, x graph.Node) graph.Node {
			d := nn.Dense{Units: 3}
			return d.Apply(g.Scope("d"), d.Apply(g.Scope("d"), x))
		},
	} {
		_, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{build(g, in[0])}
		}).Run(graphtest.Float32(graphtest.Random(1, 2, 3)))
		if err == nil || !strings.Contains(err.Error(), `give each layer a scope of its own, g.Scope("name"), or use Graph.Shared if they are to share their weights`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A function that reads an input it was not given says how many it got.
func TestMissingInput(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Add(in[0], in[1])}
	})
	x := graph.Floats([]float32{1})
	if _, err := f.Run(x); err == nil || !strings.Contains(err.Error(), "called with 1 inputs, panicked") || !strings.Contains(err.Error(), "does it read inputs that it was not given?") {
		t.Error(err)
	}
	if _, err := f.Run(x, x); err != nil {
		t.Error(err)
	}
}

// An empty batch is refused for what it is, in whichever dimension it is empty.
func TestEmptyInput(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node { return in })
	for _, shape := range [][]int{{0, 2, 3}, {3, 0, 3}, {3, 2, 0}} {
		want := fmt.Sprintf("input 0: shape %v has a dimension of 0, so there is nothing to compute", shape)
		if _, err := f.Run(graph.Floats(nil, shape...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// A profile tells kinds of work apart by the numbers in their names, but not the steps of a sequence.
func TestProfileKinds(t *testing.T) {
	t.Setenv("UNROLL_PASSES", "none")
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := g.Mul(in[0], g.Param("w", graph.Constant(1), 4, 3))
		var parts []graph.Node
		for i := range 4 {
			parts = append(parts, g.Slice(x, 1, i%3, i%3+1))
		}
		y := g.Concat(1, parts...)
		return []graph.Node{g.Sum(g.Mul(g.RandomMask(0.9, 4, 4), g.Transpose(g.BroadcastTo(g.Mean(y, 0), 4, 4))))}
	})
	prof := &graph.Profile{}
	f.SetProfile(prof)
	if _, err := f.Grad(graphtest.Float32(graphtest.Random(1, 4, 3))); err != nil {
		t.Fatal(err)
	}
	text := prof.String()
	for _, want := range []string{"random mask keeping 0.9 ", "expand 4 times ", "transpose [1 0] ", "sum of 4 ", "pad 1 to 3 "} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\npad "); n != 1 {
		t.Errorf("%d kinds of pad in\n%s", n, text)
	}
}

// A profile counts each operand and each result of an instruction once: what is looked up by the rows that are picked, what
// goes from one fused operation to the next not at all, and a weight's packing in the runs that pack it.
func TestProfileBytes(t *testing.T) {
	t.Setenv("UNROLL_PASSES", "")
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := g.Gather(g.Param("table", graph.Constant(1), 1000, 100), in[0]) // [250, 100]
		y := g.MatMul(x, g.Param("w", graph.Constant(1), 100, 40))           // [250, 40]
		return []graph.Node{g.Exp(g.Tanh(y))}
	})
	prof := &graph.Profile{}
	f.SetProfile(prof)
	for range 2 {
		if _, err := f.Run(graph.Ints(make([]int, 250))); err != nil {
			t.Fatal(err)
		}
	}
	text, ids := prof.String(), 250*strconv.IntSize/8
	for kind, bytes := range map[string]int{
		"gather rows ":       200_000 + ids, // 25,000 numbers in, as many out, 250 ids
		"pack ":              16_000,        // 4,000 numbers in, as many out, in one of two runs
		"matmul A·B packed ": 156_000,       // 25,000 and 4,000 numbers in, 10,000 out
		"element-wise ":      80_000,        // 10,000 numbers in, as many out
		"total ":             452_000 + ids,
	} {
		want := fmt.Sprintf("%.3f", float64(bytes)/1e6)
		_, row, _ := strings.Cut(text, "\n"+kind)
		row, _, _ = strings.Cut(row, "\n")
		if !slices.Contains(strings.Fields(row), want) {
			t.Errorf("%sdoes not move %s MB a run:\n%s", kind, want, text)
		}
	}
}
