package graph_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
)

// extremes are sizes, axes, ids and numbers of parts that nobody means. Products of some of them are 0, or small, where
// an int overflows.
var extremes = []int{math.MinInt, -1, 0, 1, 3, 1 << 16, dense.MaxElements, 1 << (32 * (math.MaxUint >> 63)), math.MaxInt/2 + 1, math.MaxInt}

// Every method of a graph gets extreme numbers for all of its ints, and operands so large that results overflow. It
// either refuses them, or gives nodes whose shapes are sound; it never panics. New methods are tried as well.
func TestSizesOverflowNowhere(t *testing.T) {
	methods := reflect.TypeFor[*graph.Graph]()
	skipped := map[string]string{
		"Unstack": "it makes a node for each row, and there are 2⁴⁰", "Layer": "any number is a name",
		"Compile": "the size of a program is the machine's to bear", "Expr": "",
	}
	tried := 0
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		if _, skip := skipped[m.Name]; skip {
			continue
		}
		for _, operands := range []string{"small", "tall", "wide"} {
			for _, size := range sizes(m.Type) {
				g := graph.New(graph.NewParams(1))
				args, ok := arguments(g, m, operands, size)
				if !ok {
					continue
				}
				tried++
				sound(t, fmt.Sprintf("%s of %s operands and %v", m.Name, operands, size), g, m, args)
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d calls were tried", tried)
	}
}

// sizes are the ints to try for a method: one set if it takes none, pairs of extremes otherwise.
func sizes(m reflect.Type) [][]int {
	takes := false
	for i := 1; i < m.NumIn(); i++ {
		takes = takes || m.In(i) == reflect.TypeFor[int]() || m.In(i) == reflect.TypeFor[[]int]()
	}
	if !takes {
		return [][]int{nil}
	}
	var out [][]int
	for _, a := range extremes {
		for _, b := range extremes {
			out = append(out, []int{a, b})
		}
	}
	return out
}

// arguments makes a method's arguments; false if it takes something that is no part of this test.
func arguments(g *graph.Graph, m reflect.Method, operands string, size []int) ([]reflect.Value, bool) {
	node := func(at int) graph.Node {
		ids := strings.Contains("Gather GatherPadded CrossEntropy Pick Scatter", m.Name) && at == 1 || strings.Contains("LengthMask IDMask", m.Name)
		shape := map[string][]int{"small": {2, 3}, "tall": {dense.MaxElements, 1}, "wide": {1, dense.MaxElements}}[operands]
		if operands == "tall" && at == 1 && !ids {
			shape = []int{1, dense.MaxElements} // an outer product
		}
		if m.Name == "Assign" && at == 0 {
			return g.Buffer("buffer", graph.Constant(0), 2, 3)
		}
		if ids {
			return g.InputIDs(fmt.Sprint("ids", at), shape[0])
		}
		return g.Input(fmt.Sprint("x", at), shape...)
	}
	var args []reflect.Value
	nodes, ints := 0, 0
	for i := 1; i < m.Type.NumIn(); i++ {
		var v any
		switch m.Type.In(i) {
		case reflect.TypeFor[graph.Node]():
			v = node(nodes)
			nodes++
		case reflect.TypeFor[[]graph.Node]():
			v = []graph.Node{node(nodes), node(nodes), node(nodes)}
		case reflect.TypeFor[int]():
			v = size[min(ints, len(size)-1)]
			ints++
		case reflect.TypeFor[[]int]():
			v = append([]int{}, size...)
		case reflect.TypeFor[[]float64]():
			v = []float64{1, 2}
		case reflect.TypeFor[float64]():
			v = 0.5
		case reflect.TypeFor[string]():
			v = "name"
		case reflect.TypeFor[graph.Init]():
			v = graph.Constant(0)
		default:
			return nil, false
		}
		args = append(args, reflect.ValueOf(v))
	}
	return args, true
}

// sound calls a method and looks at the nodes that it gives.
func sound(t *testing.T, name string, g *graph.Graph, m reflect.Method, args []reflect.Value) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s panicked: %v", name, r)
		}
	}()
	method := reflect.ValueOf(g).MethodByName(m.Name)
	for _, a := range args { // nothing that is right, but would take all of the machine's memory
		if parts, ok := a.Interface().(int); ok && m.Name == "Split" && parts > 1<<15 && parts <= dense.MaxElements {
			return
		}
		if shape, ok := a.Interface().([]int); ok && strings.Contains("Full Zeros Param Buffer", m.Name) {
			if n, err := dense.Size(shape); err == nil && n > 1<<20 {
				return
			}
		}
	}
	var results []reflect.Value
	if m.Type.IsVariadic() {
		results = method.CallSlice(args)
	} else {
		results = method.Call(args)
	}
	var nodes []graph.Node
	for _, r := range results {
		switch v := r.Interface().(type) {
		case graph.Node:
			nodes = append(nodes, v)
		case []graph.Node:
			nodes = append(nodes, v...)
		}
	}
	for _, n := range nodes {
		if _, err := dense.Size(n.Shape()); n.Valid() && err != nil {
			t.Errorf("%s gives a node of %v", name, n.Shape())
		}
	}
	if len(nodes) > 0 && g.Err() == nil && !slices.ContainsFunc(nodes, graph.Node.Valid) {
		t.Errorf("%s gives no node and no error", name)
	}
}

// A program of operations that are sound each by itself may still be too large; that is found before memory is taken.
func TestProgramTooLarge(t *testing.T) {
	g := graph.New(graph.NewParams(1))
	x := g.RandomMask(0.5, dense.MaxElements)
	y := g.Transpose(g.Reshape(g.Add(x, g.RandomMask(0.5, dense.MaxElements)), 1<<10, -1))
	_, err := g.Compile(g.Sum(g.Mul(g.Reshape(y, -1), x)))
	if err == nil || !strings.Contains(err.Error(), "memory for more than") {
		t.Error(err)
	}
}

// The errors say which shape is too large.
func TestSizesAreNamed(t *testing.T) {
	huge := dense.MaxElements
	for want, build := range map[string]func(g *graph.Graph) graph.Node{
		fmt.Sprintf("Full: shape [%d 2] has more than %d elements", huge, huge): func(g *graph.Graph) graph.Node { return g.Full(0, huge, 2) },
		fmt.Sprintf("Param w: shape [2 %d] has more than", huge):                func(g *graph.Graph) graph.Node { return g.Param("w", graph.Constant(0), 2, huge) },
		fmt.Sprintf("mul: shape [%d %d] has more", huge, huge): func(g *graph.Graph) graph.Node {
			return g.Mul(g.Input("x", huge, 1), g.Input("y", 1, huge))
		},
		fmt.Sprintf("matmul A·B: shape [%d %d] has more", huge, huge): func(g *graph.Graph) graph.Node {
			return g.MatMul(g.Input("x", huge, 1), g.Input("y", 1, huge))
		},
		fmt.Sprintf("gather rows: shape [%d 3] has more", huge): func(g *graph.Graph) graph.Node {
			return g.Gather(g.Full(0, 2, 3), g.InputIDs("ids", huge))
		},
		fmt.Sprintf("length mask of %d steps: shape [%d 2] has more", huge, huge): func(g *graph.Graph) graph.Node {
			return g.LengthMask(g.InputIDs("lengths", 2), huge)
		},
		fmt.Sprintf("RandomMask: shape [%d 2] has more", huge): func(g *graph.Graph) graph.Node { return g.RandomMask(0.5, huge, 2) },
		fmt.Sprintf("Concat: shape [%d] has more", 2*huge): func(g *graph.Graph) graph.Node {
			x := g.Input("x", huge)
			return g.Concat(0, x, x, x)
		},
		fmt.Sprintf("concat of 2: shape [2 %d] has more", huge): func(g *graph.Graph) graph.Node {
			x := g.Input("x", huge)
			return g.Stack(x, x)
		},
		"shape [-1 -1]; want positive dimensions, at most one -1": func(g *graph.Graph) graph.Node { return g.Reshape(g.Full(0, 4), -1, -1) },
		"no more elements than [4] has":                           func(g *graph.Graph) graph.Node { return g.Reshape(g.Full(0, 4), -1, huge, huge) },
		"does not split in":                                       func(g *graph.Graph) graph.Node { return g.Split(g.Full(0, 3, 3), 1, math.MaxInt)[0] },
		"does not split in -1 equal blocks":                       func(g *graph.Graph) graph.Node { return g.Param("w", graph.Repeat(-1, graph.Constant(0)), 4) },
		"block initialiser: number 1 of 2 is nil":                 func(g *graph.Graph) graph.Node { return g.Param("w", graph.Blocks(graph.Constant(0), nil), 4) },
	} {
		g := graph.New(graph.NewParams(1))
		if n := build(g); n.Valid() || g.Err() == nil || !strings.Contains(g.Err().Error(), want) {
			t.Errorf("want an error with %q, got %v", want, g.Err())
		}
	}
}
