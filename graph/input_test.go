package graph_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// badTensors are tensors that no function may compute with, where one of shape [2, 3] is right. They are made anew for
// each use.
func badTensors(t *testing.T) map[string]*tensor.Dense {
	t.Helper()
	transposed := graph.Floats([]float32{1, 4, 2, 5, 3, 6}, 3, 2)
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	columns, err := graph.Floats(make([]float32, 10), 2, 5).Slice(nil, tensor.S(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*tensor.Dense{
		"is nil":                          nil,
		"never given an element type":     {},
		"clone it first":                  transposed,
		"is a view":                       columns.(*tensor.Dense),
		"needs 6 numbers, found 5":        graph.Floats(make([]float32, 5), 2, 3),
		"needs 6 numbers, found 0":        graph.Floats(nil, 2, 3),
		"needs 6 numbers, found 7":        graph.Floats(make([]float32, 7), 2, 3),
		"[-2 -3] has a dimension below 0": graph.Floats(make([]float32, 6), -2, -3),
		"a dimension of 0":                graph.Floats(nil, 0, 3),
		"[0] has a dimension of 0":        graph.Floats(nil),
		"element type uint8":              tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Uint8)),
		"elements":                        graph.Floats(make([]float32, 6), dense.MaxElements, 6),
	}
}

// takers calls every function of the package that takes a tensor. Each returns the error that it met; what it leaves
// must be as it was.
func takers(t *testing.T) map[string]func(bad *tensor.Dense) error {
	t.Helper()
	good := func() *tensor.Dense { return graph.Floats([]float32{1, 2, 3, 4, 5, 6}, 2, 3) }
	p := graph.NewParams(1)
	if _, err := p.Add("w", good()); err != nil {
		t.Fatal(err)
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Add(in...)), in[0]}
	})
	program, err := f.Program(good(), good())
	if err != nil {
		t.Fatal(err)
	}
	stream, err := f.Stream([]*tensor.Dense{good()}, good())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w")
	return map[string]func(*tensor.Dense) error{
		"Params.Add": func(bad *tensor.Dense) error { _, err := p.Add("new", bad); return err },
		"Params.Set": func(bad *tensor.Dense) error { return p.Set("w", bad) },
		"Params.SetAll": func(bad *tensor.Dense) error {
			return p.SetAll([]graph.Named{{Name: "first", Value: good()}, {Name: "w", Value: bad}})
		},
		"WriteSafetensors": func(bad *tensor.Dense) error {
			if dense.Empty(bad) { // legal in files
				bad = nil
			}
			return graph.WriteSafetensors(path, []graph.Named{{Name: "w", Value: bad}}, nil)
		},
		"Func.Run":         func(bad *tensor.Dense) error { _, err := f.Run(good(), bad); return err },
		"Func.Grad":        func(bad *tensor.Dense) error { _, err := f.Grad(good(), bad); return err },
		"Func.Program":     func(bad *tensor.Dense) error { _, err := f.Program(good(), bad); return err },
		"Func.GradProgram": func(bad *tensor.Dense) error { _, err := f.GradProgram(good(), bad); return err },
		"Func.Stream": func(bad *tensor.Dense) error {
			if _, err := f.Stream([]*tensor.Dense{bad}, good()); err == nil {
				return nil
			}
			_, err := f.Stream([]*tensor.Dense{good()}, bad)
			return err
		},
		"Stream.Step":  func(bad *tensor.Dense) error { _, err := stream.Step(bad); return err },
		"Stream.Reset": func(bad *tensor.Dense) error { return stream.Reset(bad) },
		"Program.Run":  func(bad *tensor.Dense) error { _, err := program.Run(good(), bad); return err },
		"Graph.Const": func(bad *tensor.Dense) error {
			g := graph.New(p)
			g.Const(bad)
			return g.Err()
		},
		"Scalar": nil, // it cannot return an error; see TestScalar
	}
}

// Whoever takes a tensor refuses one that is not a block of numbers of its shape, and says why.
func TestBadTensors(t *testing.T) {
	call := takers(t)
	for _, name := range exportedWith(t, ".", "tensor.Dense", "Named") {
		take, ok := call[name]
		if !ok {
			t.Errorf("%s takes a tensor: tell this test how to call it with a bad one", name)
		}
		if take == nil {
			continue
		}
		for want, bad := range badTensors(t) {
			if dense.Empty(bad) && name == "WriteSafetensors" {
				continue
			}
			if err := take(bad); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: want an error with %q, got %v", name, want, err)
			}
		}
	}
}

// exportedWith lists a package's exported functions and methods that have a parameter of one of the given types.
func exportedWith(t *testing.T, dir string, types ...string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				of := typeName(f.Recv.List[0].Type)
				if !ast.IsExported(of) {
					continue
				}
				name = of + "." + name
			}
			takes := func(p *ast.Field) bool { return slices.Contains(types, typeName(p.Type)) }
			if slices.ContainsFunc(f.Type.Params.List, takes) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		t.Fatalf("no function in %s takes %v", dir, types)
	}
	return names
}

// typeName is a type without pointers, slices and dots before it.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.Ellipsis:
		return typeName(e.Elt)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func TestScalar(t *testing.T) {
	for name, c := range map[string]struct {
		value *tensor.Dense
		want  float64
	}{
		"scalar":      {tensor.New(tensor.FromScalar(float32(1.5))), 1.5},
		"float64":     {graph.Floats64([]float64{2}, 1, 1), 2},
		"int":         {graph.Ints([]int{-3}), -3},
		"vector":      {graph.Floats([]float32{1, 2}), math.NaN()},
		"nil":         {nil, math.NaN()},
		"zero value":  {&tensor.Dense{}, math.NaN()},
		"no elements": {graph.Floats(nil), math.NaN()},
		"bytes":       {tensor.New(tensor.WithShape(1), tensor.Of(tensor.Uint8)), math.NaN()},
	} {
		if got := graph.Scalar(c.value); got != c.want && !(got != got && c.want != c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// The slices are shared, and what fits is a tensor as any other.
func TestFloatsShareTheirSlice(t *testing.T) {
	data := []float32{1, 2, 3, 4, 5, 6}
	v := graph.Floats(data, 2, 3)
	data[5] = 7
	if v.Float32s()[5] != 7 || !slices.Equal(v.Shape(), []int{2, 3}) {
		t.Error(v)
	}
	graphtest.Close(t, "ints", graph.Ints([]int{1, 2}), graph.Floats([]float32{1, 2}), 0)
}

// Constants are rounded to the graph's element type and do not share their numbers.
func TestConst(t *testing.T) {
	const third = 1.0 / 3
	for name, c := range map[string]struct {
		params *graph.Params
		value  *tensor.Dense
		want   float64
	}{
		"64 in 64":        {graph.NewParams64(1), graph.Floats64([]float64{third}, 1, 1), third},
		"64 in 32":        {graph.NewParams(1), graph.Floats64([]float64{third}, 1, 1), float64(float32(third))},
		"32 in 64":        {graph.NewParams64(1), graph.Floats([]float32{third}), float64(float32(third))},
		"32 in 32":        {graph.NewParams(1), graph.Floats([]float32{third}), float64(float32(third))},
		"scalar 64 in 32": {graph.NewParams(1), tensor.New(tensor.FromScalar(third)), float64(float32(third))},
		"scalar 32 in 64": {graph.NewParams64(1), tensor.New(tensor.FromScalar(float32(third))), float64(float32(third))},
	} {
		f := graph.NewFunc(c.params, func(g *graph.Graph, _ []graph.Node) []graph.Node {
			fixed := g.Const(c.value)
			c.value.Zero()
			return []graph.Node{g.Add(fixed, g.Full(0, c.value.Shape()...))}
		})
		out, err := f.Run()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := graph.Scalar(out[0]); got != c.want || !slices.Equal(out[0].Shape(), c.value.Shape()) {
			t.Errorf("%s: %v %v, want %v", name, out[0].Shape(), got, c.want)
		}
	}
}
