package graph_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// Every misuse is an error that says what was wanted and what was found, and nothing panics.
func TestBadUse(t *testing.T) {
	cases := map[string]func(g *graph.Graph, x, y, ids graph.Node) graph.Node{ // x [2 3], y [4 5], ids [2]
		"MatMul: want [..., K]·[K, N], found [2 3]·[4 5]": func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.MatMul(x, y) },
		"MatMulT: want [..., K]·[N, K]ᵀ":                  func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.MatMulT(x, y) },
		"TMatMul: want [..., M]ᵀ·[..., N]":                func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.TMatMul(x, y) },
		"operands need at least two dimensions":           func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.MatMul(x, g.Full(0, 3)) },
		"Add: shapes do not broadcast: [2 3] [4 5]":       func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.Add(x, y) },
		"Add: no terms":                func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Add() },
		"holds ids; want float32":      func(g *graph.Graph, x, _, ids graph.Node) graph.Node { return g.Mul(x, ids) },
		"Gather: want ids (ints)":      func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.Gather(x, y) },
		"the table is a scalar":        func(g *graph.Graph, x, _, ids graph.Node) graph.Node { return g.Gather(g.Sum(x), ids) },
		"operand 1 is an invalid node": func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Sub(x, graph.Node{}) },
		"Slice in here: rows 1:4 of axis 1, which has 3 (shape [2 3])": func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Scope("here").Slice(x, 1, 1, 4) },
		"Slice: rows 2:2 of axis 1":                                    func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Slice(x, 1, 2, 2) },
		"Slice: axis 2 of a tensor with shape [2 3]":                   func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Slice(x, 2, 0, 1) },
		"does not split in 4 equal parts":                              func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Split(x, 1, 4)[0] },
		"does not split in 0 equal parts":                              func(g *graph.Graph, x, _, _ graph.Node) graph.Node { g.Split(x, 1, 0); return x },
		"Concat: no parts":                                             func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Concat(0) },
		"differ outside axis 0":                                        func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.Concat(0, x, y) },
		"differ outside axis 1":                                        func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Concat(1, x, g.Sum(x)) },
		"Stack: parts have shapes [2 3] and [4 5]":                     func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.Stack(x, y) },
		"Unstack: axis 0 of a tensor with shape []":                    func(g *graph.Graph, x, _, _ graph.Node) graph.Node { g.Unstack(g.Sum(x)); return x },
		"[2 3] has 6 elements, [4 2] does not":                         func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Reshape(x, 4, 2) },
		"at most one -1":                                               func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Reshape(x, -1, -1) },
		"axes [0 0] are no permutation":                                func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Transpose(x, 0, 0) },
		"Softmax: axis -3":                                             func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Softmax(x, -3) },
		"Sum: axis 5":                                                  func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Sum(x, 5) },
		"SumTo: [5] does not broadcast to [2 3]":                       func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.SumTo(x, 5) },
		"BroadcastTo: [2 3] does not broadcast to [3 2]":               func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.BroadcastTo(x, 3, 2) },
		"Clamp: low 2 is above high 1":                                 func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Clamp(x, 2, 1) },
		"Where: branches have shapes [2 3] and [4 5]":                  func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.Where(x, x, y) },
		"Where: mask [4 5]; want [2 3]":                                func(g *graph.Graph, x, y, _ graph.Node) graph.Node { return g.Where(y, x, x) },
		"LengthMask: want lengths [B]":                                 func(g *graph.Graph, _, _, ids graph.Node) graph.Node { return g.LengthMask(ids, 0) },
		"RandomMask: keep 0; want above 0":                             func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.RandomMask(0, 3) },
		"shape [0 3] has a dimension of 0":                             func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Full(0, 0, 3) },
		"Const: shape [3] needs 3 numbers, found 2": func(g *graph.Graph, _, _, _ graph.Node) graph.Node {
			return g.Const(graph.Floats64(make([]float64, 2), 3))
		},
		"Const: the tensor is nil":                         func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Const(nil) },
		`"a b" is not a parameter name`:                    func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Param("a b", nil, 2) },
		`"a.b" is not a scope name`:                        func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Scope("a.b").Full(0, 1) },
		"parameter w: not in the store and no initialiser": func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Param("w", nil, 2) },
		"want a square matrix, found shape [2 3]":          func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Param("w", graph.Identity(1), 2, 3) },
		"shape [5 3] does not split in 2 equal blocks": func(g *graph.Graph, _, _, _ graph.Node) graph.Node {
			return g.Param("w", graph.Repeat(2, graph.Constant(0)), 5, 3)
		},
		"fan-in and fan-out need at least two dimensions": func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Param("w", graph.GlorotUniform(), 5) },
		"want a matrix, found shape [5]":                  func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Param("w", graph.Orthogonal(1), 5) },
		"constants NaN and 0; want finite numbers":        func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.MulScalar(x, nan()) },
		"[2 3]; want a scalar":                            func(g *graph.Graph, x, _, _ graph.Node) graph.Node { return g.Grad(x, x)[0] },
		"it has no second derivative": func(g *graph.Graph, x, _, _ graph.Node) graph.Node {
			return g.Grad(g.Sum(g.Grad(g.Sum(g.Square(g.Max(x, 1))), x)[0]), x)[0]
		},
		"Wrap: the Gorgonia node is nil": func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Wrap(nil) },
		"LSTM: hidden size 0":            func(g *graph.Graph, _, _, _ graph.Node) graph.Node { return g.Failf("LSTM", "hidden size %d", 0) },
	}
	for want, build := range cases {
		f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			bad := build(g, in[0], in[1], in[2])
			return []graph.Node{g.Sum(g.Tanh(g.Add(bad, bad)))} // errors pass through what follows
		})
		x, y := graphtest.Float32(graphtest.Random(1, 2, 3)), graphtest.Float32(graphtest.Random(1, 4, 5))
		_, err := f.Run(x, y, graph.Ints([]int{0, 1}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
			continue
		}
		if located, ok := errors.AsType[*graph.Error](err); !ok {
			t.Errorf("%v is no *graph.Error", err)
		} else if !strings.Contains(located.Caller, "errors_test.go:") {
			t.Errorf("%q: caller %q", want, located.Caller)
		}
	}
}

func nan() float64 { x := 0.0; return x / x }

func TestBadInputs(t *testing.T) {
	f := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Gather(in[0], in[1]))}
	})
	table := graphtest.Float32(graphtest.Random(1, 5, 3))
	program, err := f.Program(table, graph.Ints([]int{0, 1}))
	if err != nil {
		t.Fatal(err)
	}
	column, err := table.Slice(nil, tensor.S(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	for want, in := range map[string][]*tensor.Dense{
		"the program has 2 inputs, found 1":                         {table},
		"input 1 (input1): want int [2], found int [3]":             {table, graph.Ints([]int{1, 2, 3})},
		"input 0 (input0): want float32 [5 3], found float64 [5 3]": {graphtest.Random(1, 5, 3), graph.Ints([]int{1, 2})},
		"input 0 (input0): the tensor is nil":                       {nil, graph.Ints([]int{1, 2})},
		"gather rows [2 3]: id 5 at position 1; want 0 to 4":        {table, graph.Ints([]int{1, 5})},
		"id -1 at position 0; want 0 to 4":                          {table, graph.Ints([]int{-1, 0})},
		"is a view or not row-major":                                {column.(*tensor.Dense), graph.Ints([]int{1, 2})},
	} {
		if _, err := program.Run(in...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, err := f.Run(graphtest.Random(1, 5, 3), graph.Ints([]int{1})); err == nil || !strings.Contains(err.Error(), "want float32 or int, found float64") {
		t.Error(err)
	}
	if _, err := f.Run(nil); err == nil {
		t.Error("a nil input was accepted")
	}
	panics := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node { return in[3:] })
	if _, err := panics.Run(table); err == nil || !strings.Contains(err.Error(), "panicked: runtime error") || !strings.Contains(err.Error(), "errors_test.go:") {
		t.Error(err)
	}
	lengths := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.LengthMask(in[0], 4)}
	})
	if _, err := lengths.Run(graph.Ints([]int{4, 5})); err == nil || !strings.Contains(err.Error(), "length 5 of sequence 1; want 0 to 4") {
		t.Error(err)
	}
}

// ending is a suffix "_x" that messages call "place x".
type ending string

func (e ending) String() string { return "_" + string(e) }

func (e ending) Where() string { return "place " + string(e) }

func TestParameterNames(t *testing.T) {
	p := graph.NewParams(1)
	g := graph.NewTraining(p)
	w := func(v *graph.Graph) { v.Param("w", graph.Constant(0), 2) }
	w(g)
	w(g.Scope("a"))
	w(g.Scope("a").WithSuffix(ending("x")).Scope("b"))
	w(g.Scope("a").WithSuffix(ending("x")).WithSuffix(ending("y")))
	w(g.Shared())
	shared := g.Scope("a").Shared()
	w(shared)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := 0; i < p.Len(); i++ {
		names = append(names, p.At(i).Name())
	}
	if got := strings.Join(names, " "); got != "w a.w a.b.w_x a.w_y" {
		t.Error(got)
	}
	for want, misuse := range map[string]func(g *graph.Graph){
		"parameter w is asked for twice in one place":    func(g *graph.Graph) { w(g); w(g) },
		"parameter a.w is asked for twice":               func(g *graph.Graph) { w(g.Scope("a")); w(g.Scope("a")) },
		"parameter w is asked for twice in one":          func(g *graph.Graph) { w(g); s := g.Shared(); w(s); w(s) },
		"parameter w has shape [2], this use wants":      func(g *graph.Graph) { w(g); g.Shared().Param("w", graph.Constant(0), 3) },
		"is asked for twice in one place; ":              func(g *graph.Graph) { w(g); w(g.WithSuffix(ending("x")).WithSuffix(nil)) },
		"Param in a/b place x: parameter a.b.w_x is":     func(g *graph.Graph) { v := g.Scope("a").WithSuffix(ending("x")).Scope("b"); w(v); w(v) },
		`"_x.y" does not end a name`:                     func(g *graph.Graph) { w(g.WithSuffix(ending("x.y"))) },
		"the model wants shape [5], the store holds [2]": func(g *graph.Graph) { g.Param("w", graph.Constant(0), 5) },
	} {
		g := graph.NewTraining(p)
		misuse(g)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	p.Seal()
	g = graph.NewTraining(p)
	g.Param("new", graph.Constant(0), 2)
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "parameter new is not in the store, which is sealed") {
		t.Error(err)
	}
}
