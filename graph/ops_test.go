package graph_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// opCase builds one operation from inputs of the given shapes.
type opCase struct {
	name   string
	shapes [][]int
	build  func(g *graph.Graph, in []graph.Node) graph.Node
	// domain maps normal draws into the operation's domain, away from kinks; nil leaves them.
	domain func(float64) float64
	ids    []int // shape of an extra id input, drawn below idsBelow
	below  int
}

func positive(v float64) float64 { return 0.5 + math.Abs(v) }

// awayFromZero keeps the kinks of ReLU, Abs and Clamp out of reach of the finite differences.
func awayFromZero(v float64) float64 {
	if v < 0 {
		return v - 0.1
	}
	return v + 0.1
}

func one(f func(g *graph.Graph, x graph.Node) graph.Node) func(*graph.Graph, []graph.Node) graph.Node {
	return func(g *graph.Graph, in []graph.Node) graph.Node { return f(g, in[0]) }
}

func two(f func(g *graph.Graph, a, b graph.Node) graph.Node) func(*graph.Graph, []graph.Node) graph.Node {
	return func(g *graph.Graph, in []graph.Node) graph.Node { return f(g, in[0], in[1]) }
}

func opCases() []opCase {
	var cases []opCase
	add := func(c opCase) { cases = append(cases, c) }
	unary := map[string]func(*graph.Graph, graph.Node) graph.Node{
		"sigmoid": (*graph.Graph).Sigmoid, "tanh": (*graph.Graph).Tanh, "exp": (*graph.Graph).Exp,
		"square": (*graph.Graph).Square, "softplus": (*graph.Graph).Softplus, "erf": (*graph.Graph).Erf, "neg": (*graph.Graph).Neg,
		"sin": (*graph.Graph).Sin, "cos": (*graph.Graph).Cos,
	}
	for name, f := range unary {
		for _, shape := range [][]int{{}, {1}, {2, 3}, {300}} {
			add(opCase{name: name, shapes: [][]int{shape}, build: one(f)})
		}
	}
	add(opCase{name: "log", shapes: [][]int{{2, 3}}, build: one((*graph.Graph).Log), domain: positive})
	add(opCase{name: "log1p", shapes: [][]int{{2, 3}}, build: one((*graph.Graph).Log1p), domain: positive})
	add(opCase{name: "log gamma", shapes: [][]int{{300}}, build: one((*graph.Graph).LogGamma), domain: positive})
	add(opCase{name: "digamma", shapes: [][]int{{2, 3}}, build: one((*graph.Graph).Digamma), domain: positive})
	add(opCase{name: "sqrt", shapes: [][]int{{2, 3}}, build: one((*graph.Graph).Sqrt), domain: positive})
	add(opCase{name: "relu", shapes: [][]int{{4, 5}}, build: one((*graph.Graph).ReLU), domain: awayFromZero})
	add(opCase{name: "abs", shapes: [][]int{{4, 5}}, build: one((*graph.Graph).Abs), domain: awayFromZero})
	add(opCase{name: "clamp", shapes: [][]int{{4, 5}}, domain: awayFromZero,
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Clamp(x, -0.05, 0.05) })})
	add(opCase{name: "clamp inside", shapes: [][]int{{4, 5}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Clamp(x, -50, 50) })})
	add(opCase{name: "affine", shapes: [][]int{{4, 5}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Affine(x, -2, 3) })})

	binary := map[string]func(*graph.Graph, graph.Node, graph.Node) graph.Node{
		"sub": (*graph.Graph).Sub, "mul": (*graph.Graph).Mul, "div": (*graph.Graph).Div, "pow": (*graph.Graph).Pow,
		"log rising factorial": (*graph.Graph).LogRisingFactorial,
		"add":                  func(g *graph.Graph, a, b graph.Node) graph.Node { return g.Add(a, b) },
	}
	pairs := [][2][]int{{{}, {}}, {{2, 3}, {2, 3}}, {{4, 3}, {3}}, {{3}, {4, 3}}, {{4, 3}, {4, 1}}, {{4, 3}, {}},
		{{2, 4, 3}, {4, 1}}, {{2, 1, 3}, {1, 4, 1}}, {{5, 1}, {1, 4}}, {{2, 4, 3}, {2, 1, 1}}, {{1, 1}, {1, 1}}, {{2, 300}, {300}}}
	for name, f := range binary {
		for _, p := range pairs {
			add(opCase{name: name, shapes: [][]int{p[0], p[1]}, build: two(f), domain: positive})
		}
	}
	add(opCase{name: "add of four", shapes: [][]int{{4, 3}, {3}, {4, 1}, {}},
		build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.Add(in...) }})
	add(opCase{name: "add twice the same", shapes: [][]int{{4, 3}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Add(x, x, x) })})

	add(opCase{name: "matmul", shapes: [][]int{{4, 3}, {3, 5}}, build: two((*graph.Graph).MatMul)})
	add(opCase{name: "matmul 3d", shapes: [][]int{{2, 4, 3}, {3, 5}}, build: two((*graph.Graph).MatMul)})
	add(opCase{name: "matmul t", shapes: [][]int{{4, 3}, {5, 3}}, build: two((*graph.Graph).MatMulT)})
	add(opCase{name: "matmul t 3d", shapes: [][]int{{2, 4, 3}, {5, 3}}, build: two((*graph.Graph).MatMulT)})
	add(opCase{name: "t matmul", shapes: [][]int{{4, 3}, {4, 5}}, build: two((*graph.Graph).TMatMul)})
	add(opCase{name: "t matmul 3d", shapes: [][]int{{2, 4, 3}, {2, 4, 5}}, build: two((*graph.Graph).TMatMul)})
	for _, lead := range [][]int{nil, {1}, {3}, {2, 3}} {
		shape := func(m, n int) []int { return append(append([]int{}, lead...), m, n) }
		add(opCase{name: "batched matmul", shapes: [][]int{shape(4, 3), shape(3, 5)}, build: two((*graph.Graph).MatMul)})
		add(opCase{name: "batched matmul t", shapes: [][]int{shape(4, 3), shape(5, 3)}, build: two((*graph.Graph).MatMulT)})
	}
	add(opCase{name: "batched matmul added twice", shapes: [][]int{{2, 3, 4}, {2, 4, 3}},
		build: two(func(g *graph.Graph, a, b graph.Node) graph.Node {
			return g.Add(g.MatMul(a, b), g.MatMulT(a, g.Transpose(b, 0, 2, 1)))
		})})
	for _, c := range [][]int{{1, 1, 1}, {1, 2, 3}, {3, 9, 1}, {2, 33, 4}} {
		add(opCase{name: "solve lower", shapes: [][]int{{c[0], c[1], c[1]}, c}, build: two((*graph.Graph).SolveLower),
			domain: func(v float64) float64 { return 0.3 * v }})
	}
	add(opCase{name: "solve lower, one matrix", shapes: [][]int{{5, 5}, {5, 300}}, build: two((*graph.Graph).SolveLower)})
	add(opCase{name: "pick", shapes: [][]int{{2, 3, 7}}, ids: []int{2, 3, 4}, below: 7, build: two((*graph.Graph).Pick)})
	add(opCase{name: "pick for every step", shapes: [][]int{{5, 3, 7}}, ids: []int{3, 9}, below: 7, build: two((*graph.Graph).Pick)})
	add(opCase{name: "pick of a vector", shapes: [][]int{{300}}, ids: []int{1}, below: 300, build: two((*graph.Graph).Pick)})
	add(opCase{name: "scatter", shapes: [][]int{{5, 3, 9}}, ids: []int{3, 9}, below: 4,
		build: two(func(g *graph.Graph, x, ids graph.Node) graph.Node { return g.Scatter(x, ids, 6) })})
	for _, shape := range [][]int{{1, 1, 2, 2}, {3, 2, 4, 5}, {2, 1, 2, 300}} {
		add(opCase{name: fmt.Sprint("transducer scores ", shape), shapes: [][]int{shape}, ids: []int{shape[1], shape[2] - 1}, below: shape[3],
			build: two(func(g *graph.Graph, x, ids graph.Node) graph.Node { return g.TransducerScores(x, ids, 1) })})
	}
	add(opCase{name: "matmul within", shapes: [][]int{{5, 3, 4}, {6, 4}}, ids: []int{5, 3}, below: 7,
		build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.MatMulTWithin(in[0], in[1], in[2], 2, 6) }})
	add(opCase{name: "cross-entropy within", shapes: [][]int{{5, 3, 4}, {4, 4}}, ids: []int{5, 3}, below: 7,
		build: func(g *graph.Graph, in []graph.Node) graph.Node {
			return g.CrossEntropyWithin(in[0], in[1], in[2], 2, 6, graph.NoID)
		}})
	add(opCase{name: "matmul ones", shapes: [][]int{{1, 1}, {1, 1}}, build: two((*graph.Graph).MatMul)})
	add(opCase{name: "matmul wide", shapes: [][]int{{2, 300}, {3, 300}}, build: two((*graph.Graph).MatMulT)})

	for _, axis := range []int{0, 1, 2, -1} {
		add(opCase{name: fmt.Sprint("slice axis ", axis), shapes: [][]int{{3, 4, 5}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Slice(x, axis, 1, 3) })})
		add(opCase{name: fmt.Sprint("concat axis ", axis), shapes: [][]int{{3, 4, 5}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Concat(axis, x, g.Square(x), x) })})
		add(opCase{name: fmt.Sprint("sum axis ", axis), shapes: [][]int{{3, 4, 5}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Sum(g.Square(x), axis) })})
		add(opCase{name: fmt.Sprint("mean axis ", axis), shapes: [][]int{{3, 4, 5}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Mean(g.Square(x), axis) })})
		add(opCase{name: fmt.Sprint("max axis ", axis), shapes: [][]int{{3, 4, 5}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Max(x, axis) })})
		add(opCase{name: fmt.Sprint("softmax axis ", axis), shapes: [][]int{{3, 4, 5}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Softmax(x, axis) })})
		add(opCase{name: fmt.Sprint("log softmax axis ", axis), shapes: [][]int{{3, 4, 5}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSoftmax(x, axis) })})
	}
	add(opCase{name: "slice past 255", shapes: [][]int{{2, 600}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node {
			gates := g.Split(g.Square(x), 1, 2)
			return g.Sub(gates[0], g.MulScalar(gates[1], 3))
		})})
	add(opCase{name: "unstack and stack", shapes: [][]int{{4, 2, 3}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node {
			rows := g.Unstack(x)
			return g.Stack(rows[3], g.Square(rows[0]), rows[1])
		})})
	add(opCase{name: "reshape", shapes: [][]int{{4, 6}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Square(g.Reshape(x, 2, -1, 3)) })})
	add(opCase{name: "transpose", shapes: [][]int{{4, 6}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Transpose(x) })})
	add(opCase{name: "transpose 3d", shapes: [][]int{{2, 3, 4}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Transpose(x, 1, 2, 0) })})
	add(opCase{name: "broadcast to", shapes: [][]int{{3, 1}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.BroadcastTo(x, 2, 3, 4) })})
	add(opCase{name: "sum to", shapes: [][]int{{2, 3, 4}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.SumTo(g.Square(x), 3, 1) })})
	add(opCase{name: "sum to middle", shapes: [][]int{{2, 3, 4}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.SumTo(g.Square(x), 2, 1, 4) })})
	add(opCase{name: "mean", shapes: [][]int{{2, 3}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Mean(g.Square(x)) })})
	for _, axis := range []int{0, 1, -1} {
		add(opCase{name: fmt.Sprint("logsumexp axis ", axis), shapes: [][]int{{3, 5, 2}},
			build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSumExp(x, axis) })})
	}
	for _, axes := range [][]int{nil, {0, 1}, {-1, 0}, {2, 0, 1}} {
		for name, reduce := range map[string]func(*graph.Graph, graph.Node, ...int) graph.Node{
			"sum": (*graph.Graph).Sum, "mean": (*graph.Graph).Mean, "max": (*graph.Graph).Max} {
			add(opCase{name: fmt.Sprint(name, " axes ", axes), shapes: [][]int{{3, 5, 2}},
				build: one(func(g *graph.Graph, x graph.Node) graph.Node { return reduce(g, x, axes...) })})
		}
	}
	add(opCase{name: "softmax of one class", shapes: [][]int{{3, 1}},
		build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Softmax(x, -1) })})
	add(opCase{name: "gather", shapes: [][]int{{7, 3}}, ids: []int{4, 5}, below: 7,
		build: two((*graph.Graph).Gather)})
	add(opCase{name: "gather padded", shapes: [][]int{{7, 3}}, ids: []int{20}, below: 7,
		build: two(func(g *graph.Graph, table, ids graph.Node) graph.Node {
			// the padding row takes part in the value but not in the gradient: take it out of the value too
			return g.Where(g.IDMask(ids, 2), g.GatherPadded(table, ids, 2), g.Full(0))
		})})
	add(opCase{name: "cross-entropy", shapes: [][]int{{4, 5, 7}}, ids: []int{4, 5}, below: 7,
		build: two(func(g *graph.Graph, x, ids graph.Node) graph.Node { return g.CrossEntropy(x, ids, 3) })})
	add(opCase{name: "where", shapes: [][]int{{4, 3}, {4, 3}}, ids: []int{4}, below: 2,
		build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.Where(g.IDMask(in[2], 0), in[0], in[1]) }})
	add(opCase{name: "where full mask", shapes: [][]int{{4, 3}, {}}, ids: []int{4, 3}, below: 2,
		build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.Where(g.IDMask(in[2], 0), in[0], in[1]) }})
	add(opCase{name: "length mask", shapes: [][]int{{6, 4, 3}}, ids: []int{4}, below: 7,
		build: two(func(g *graph.Graph, x, lengths graph.Node) graph.Node {
			return g.Where(g.LengthMask(lengths, 6), x, g.Full(0))
		})})
	for _, c := range []struct {
		name string
		f    func(g *graph.Graph, x graph.Node, axis int) graph.Node
	}{{"cumsum", (*graph.Graph).CumSum}, {"cumsum reverse", (*graph.Graph).CumSumReverse},
		{"cumprod", (*graph.Graph).CumProd}, {"cumprod reverse", (*graph.Graph).CumProdReverse}} {
		for _, axis := range []int{0, 1, -1} {
			for _, shape := range [][]int{{3, 4, 2}, {1, 1, 1}, {2, 3, 9}} {
				add(opCase{name: c.name, shapes: [][]int{shape}, // some are exactly zero
					domain: func(v float64) float64 { return max(math.Abs(v), 0.2) - 0.2 },
					build:  one(func(g *graph.Graph, x graph.Node) graph.Node { return c.f(g, g.AddScalar(x, 0), axis) })})
			}
		}
	}
	for _, size := range []struct{ T, B, E, S int }{{1, 1, 1, 1}, {2, 3, 5, 4}, {19, 2, 3, 2}, {33, 1, 100, 1}} {
		for _, reverse := range []bool{false, true} {
			T, B, E, S := size.T, size.B, size.E, size.S
			add(opCase{name: fmt.Sprint("selective scan reverse ", reverse),
				shapes: [][]int{{T, B, E}, {T, B, E}, {E, S}, {T, B, S}, {T, B, S}, {B, E * S}},
				build: func(g *graph.Graph, in []graph.Node) graph.Node {
					y, last := g.SelectiveScan(in[0], g.Softplus(in[1]), g.Neg(g.Softplus(in[2])), in[3], in[4], in[5], reverse)
					return g.Concat(0, g.Reshape(y, T*B*E), g.Reshape(last, B*E*S))
				}})
		}
	}
	return append(cases, windowCases()...)
}

// inputs draws the case's inputs.
func (c opCase) inputs() []*tensor.Dense {
	var in []*tensor.Dense
	for i, shape := range c.shapes {
		v := graphtest.Random(uint64(11+i), shape...)
		if c.domain != nil {
			for j, x := range v.Float64s() {
				v.Float64s()[j] = c.domain(x)
			}
		}
		in = append(in, v)
	}
	if c.ids != nil {
		in = append(in, graphtest.RandomIDs(5, c.below, c.ids...))
	}
	return in
}

// loss weighs every element of the operation's result differently.
func (c opCase) loss(g *graph.Graph, in []graph.Node) []graph.Node {
	y := c.build(g, in)
	w := g.Const(graphtest.Random(uint64(3+len(y.Shape())), y.Shape()...))
	return []graph.Node{g.Sum(g.Mul(y, w)), y}
}

func (c opCase) String() string { return fmt.Sprint(c.name, c.shapes) }

func TestOpGradients(t *testing.T) {
	for _, c := range opCases() {
		t.Run(c.String(), func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Build: c.loss, Inputs: c.inputs()})
		})
	}
}

// The derivatives of the gates are operations of their own; differentiating twice checks theirs.
func TestSecondDerivatives(t *testing.T) {
	for _, c := range opCases() {
		switch c.name {
		case "sigmoid", "tanh", "relu", "exp", "log", "sqrt", "square", "softplus", "mul", "div", "matmul", "matmul t",
			"t matmul", "softmax axis -1", "log softmax axis -1", "logsumexp", "gather", "slice axis 1", "where", "abs",
			"erf", "log1p", "log gamma", "digamma", "log rising factorial", "batched matmul", "batched matmul t", "batched t matmul", "pick", "scatter",
			"pow", "take", "sin", "cos", "cumsum", "cumsum reverse", "conv", "conv transpose", "sum-pool":
		default:
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			build := func(g *graph.Graph, in []graph.Node) []graph.Node {
				loss := c.loss(g, in)[0]
				total := g.Full(0)
				for i, d := range g.Grad(loss, in[0]) {
					total = g.Add(total, g.MulScalar(g.Sum(g.Square(d)), float64(i+1)))
				}
				return []graph.Node{g.Add(total, loss)}
			}
			graphtest.CheckGradient(t, graphtest.Gradient{Build: build, Inputs: c.inputs()})
		})
	}
}

// Every operation, run by Gorgonia's TapeMachine with Gorgonia's own differentiation, and by Program, in float32.
func TestOpsOnTapeMachine(t *testing.T) {
	for _, c := range opCases() {
		t.Run(c.String(), func(t *testing.T) {
			var in []*tensor.Dense
			for _, v := range c.inputs() {
				in = append(in, graphtest.Float32(v))
			}
			compareWithTape(t, graph.NewParams(1), in, c.loss)
		})
	}
}

// askAgain asks for a parameter that exists, by its full name: "scope.weight_ih_l0".
func askAgain(g *graph.Graph, q *graph.Param) graph.Node {
	path := strings.Split(q.Name(), ".")
	for _, scope := range path[:len(path)-1] {
		g = g.Scope(scope)
	}
	return g.Shared().Param(path[len(path)-1], nil, q.Shape()...)
}

// compareWithTape runs one graph on both machines and compares the loss and the gradients of float inputs and weights.
func compareWithTape(t *testing.T, p *graph.Params, in []*tensor.Dense, build graph.Build) {
	t.Helper()
	declare := func() (*graph.Graph, []graph.Node, []graph.Node, []graph.Node) {
		g := graph.NewTraining(p)
		var nodes, wrt []graph.Node
		for i, v := range in {
			name := fmt.Sprint("in", i)
			if v.Dtype() == tensor.Int {
				nodes = append(nodes, g.InputIDs(name, v.Shape()...))
			} else {
				nodes = append(nodes, g.Input(name, v.Shape()...))
				wrt = append(wrt, nodes[i])
			}
		}
		out := build(g, nodes)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < p.Len(); i++ { // the weights, too, by asking for them again
			wrt = append(wrt, askAgain(g, p.At(i)))
		}
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		return g, nodes, wrt, out
	}
	g, _, wrt, out := declare()
	program, err := g.Compile(append(out[:1:1], g.Grad(out[0], wrt...)...)...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := program.Run(in...)
	if err != nil {
		t.Fatal(err)
	}

	g2, nodes, wrt2, out2 := declare()
	expr := g2.Expr()
	var targets gorgonia.Nodes
	for _, n := range wrt2 {
		targets = append(targets, n.Gorgonia())
	}
	grads, err := gorgonia.Grad(out2[0].Gorgonia(), targets...)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range nodes {
		if err := gorgonia.Let(n.Gorgonia(), in[i]); err != nil {
			t.Fatal(err)
		}
	}
	g2.Expr() // bind the constants that the derivatives added
	values := make([]gorgonia.Value, len(grads)+1)
	gorgonia.Read(out2[0].Gorgonia(), &values[0])
	for i, n := range grads {
		gorgonia.Read(n, &values[i+1])
	}
	machine := gorgonia.NewTapeMachine(expr)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		want, ok := v.(*tensor.Dense)
		if !ok {
			want = tensor.New(tensor.FromScalar(v.Data()))
		}
		tolerance := 1e-6
		if p.Dtype() == tensor.Float64 {
			tolerance = 1e-12
		}
		graphtest.Close(t, fmt.Sprint("result ", i), got[i], want, tolerance)
	}
}
