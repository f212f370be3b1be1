// Package opcases has small graphs that between them hold every operation of package graph, for the tests of all who compute them.
package opcases

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// Case builds one operation from inputs of the given shapes.
type Case struct {
	Name   string
	Shapes [][]int
	Build  func(g *graph.Graph, in []graph.Node) graph.Node
	// Domain maps normal draws into the operation's domain, away from kinks; nil leaves them.
	Domain func(float64) float64
	IDs    []int // shape of an extra id input, drawn below Below
	Below  int
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

// All has a case for every operation at least.
func All() []Case {
	var cases []Case
	add := func(c Case) { cases = append(cases, c) }
	unary := map[string]func(*graph.Graph, graph.Node) graph.Node{
		"sigmoid": (*graph.Graph).Sigmoid, "tanh": (*graph.Graph).Tanh, "exp": (*graph.Graph).Exp,
		"square": (*graph.Graph).Square, "softplus": (*graph.Graph).Softplus, "erf": (*graph.Graph).Erf, "neg": (*graph.Graph).Neg,
		"sin": (*graph.Graph).Sin, "cos": (*graph.Graph).Cos,
	}
	for name, f := range unary {
		for _, shape := range [][]int{{}, {1}, {2, 3}, {300}} {
			add(Case{Name: name, Shapes: [][]int{shape}, Build: one(f)})
		}
	}
	add(Case{Name: "log", Shapes: [][]int{{2, 3}}, Build: one((*graph.Graph).Log), Domain: positive})
	add(Case{Name: "log1p", Shapes: [][]int{{2, 3}}, Build: one((*graph.Graph).Log1p), Domain: positive})
	add(Case{Name: "log gamma", Shapes: [][]int{{300}}, Build: one((*graph.Graph).LogGamma), Domain: positive})
	add(Case{Name: "digamma", Shapes: [][]int{{2, 3}}, Build: one((*graph.Graph).Digamma), Domain: positive})
	add(Case{Name: "sqrt", Shapes: [][]int{{2, 3}}, Build: one((*graph.Graph).Sqrt), Domain: positive})
	add(Case{Name: "relu", Shapes: [][]int{{4, 5}}, Build: one((*graph.Graph).ReLU), Domain: awayFromZero})
	add(Case{Name: "abs", Shapes: [][]int{{4, 5}}, Build: one((*graph.Graph).Abs), Domain: awayFromZero})
	add(Case{Name: "clamp", Shapes: [][]int{{4, 5}}, Domain: awayFromZero,
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Clamp(x, -0.05, 0.05) })})
	add(Case{Name: "clamp inside", Shapes: [][]int{{4, 5}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Clamp(x, -50, 50) })})
	add(Case{Name: "affine", Shapes: [][]int{{4, 5}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Affine(x, -2, 3) })})

	binary := map[string]func(*graph.Graph, graph.Node, graph.Node) graph.Node{
		"sub": (*graph.Graph).Sub, "mul": (*graph.Graph).Mul, "div": (*graph.Graph).Div, "pow": (*graph.Graph).Pow,
		"log rising factorial": (*graph.Graph).LogRisingFactorial,
		"add":                  func(g *graph.Graph, a, b graph.Node) graph.Node { return g.Add(a, b) },
	}
	pairs := [][2][]int{{{}, {}}, {{2, 3}, {2, 3}}, {{4, 3}, {3}}, {{3}, {4, 3}}, {{4, 3}, {4, 1}}, {{4, 3}, {}},
		{{2, 4, 3}, {4, 1}}, {{2, 1, 3}, {1, 4, 1}}, {{5, 1}, {1, 4}}, {{2, 4, 3}, {2, 1, 1}}, {{1, 1}, {1, 1}}, {{2, 300}, {300}}}
	for name, f := range binary {
		for _, p := range pairs {
			add(Case{Name: name, Shapes: [][]int{p[0], p[1]}, Build: two(f), Domain: positive})
		}
	}
	add(Case{Name: "add of four", Shapes: [][]int{{4, 3}, {3}, {4, 1}, {}},
		Build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.Add(in...) }})
	add(Case{Name: "add twice the same", Shapes: [][]int{{4, 3}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Add(x, x, x) })})

	add(Case{Name: "matmul", Shapes: [][]int{{4, 3}, {3, 5}}, Build: two((*graph.Graph).MatMul)})
	add(Case{Name: "matmul 3d", Shapes: [][]int{{2, 4, 3}, {3, 5}}, Build: two((*graph.Graph).MatMul)})
	add(Case{Name: "matmul t", Shapes: [][]int{{4, 3}, {5, 3}}, Build: two((*graph.Graph).MatMulT)})
	add(Case{Name: "matmul t 3d", Shapes: [][]int{{2, 4, 3}, {5, 3}}, Build: two((*graph.Graph).MatMulT)})
	add(Case{Name: "t matmul", Shapes: [][]int{{4, 3}, {4, 5}}, Build: two((*graph.Graph).TMatMul)})
	add(Case{Name: "t matmul 3d", Shapes: [][]int{{2, 4, 3}, {2, 4, 5}}, Build: two((*graph.Graph).TMatMul)})
	for _, lead := range [][]int{nil, {1}, {3}, {2, 3}} {
		shape := func(m, n int) []int { return append(append([]int{}, lead...), m, n) }
		add(Case{Name: "batched matmul", Shapes: [][]int{shape(4, 3), shape(3, 5)}, Build: two((*graph.Graph).MatMul)})
		add(Case{Name: "batched matmul t", Shapes: [][]int{shape(4, 3), shape(5, 3)}, Build: two((*graph.Graph).MatMulT)})
	}
	add(Case{Name: "batched matmul added twice", Shapes: [][]int{{2, 3, 4}, {2, 4, 3}},
		Build: two(func(g *graph.Graph, a, b graph.Node) graph.Node {
			return g.Add(g.MatMul(a, b), g.MatMulT(a, g.Transpose(b, 0, 2, 1)))
		})})
	for _, c := range [][]int{{1, 1, 1}, {1, 2, 3}, {3, 9, 1}, {2, 33, 4}} {
		add(Case{Name: "solve lower", Shapes: [][]int{{c[0], c[1], c[1]}, c}, Build: two((*graph.Graph).SolveLower),
			Domain: func(v float64) float64 { return 0.3 * v }})
	}
	add(Case{Name: "solve lower, one matrix", Shapes: [][]int{{5, 5}, {5, 300}}, Build: two((*graph.Graph).SolveLower)})
	add(Case{Name: "pick", Shapes: [][]int{{2, 3, 7}}, IDs: []int{2, 3, 4}, Below: 7, Build: two((*graph.Graph).Pick)})
	add(Case{Name: "pick for every step", Shapes: [][]int{{5, 3, 7}}, IDs: []int{3, 9}, Below: 7, Build: two((*graph.Graph).Pick)})
	add(Case{Name: "pick of a vector", Shapes: [][]int{{300}}, IDs: []int{1}, Below: 300, Build: two((*graph.Graph).Pick)})
	add(Case{Name: "scatter", Shapes: [][]int{{5, 3, 9}}, IDs: []int{3, 9}, Below: 4,
		Build: two(func(g *graph.Graph, x, ids graph.Node) graph.Node { return g.Scatter(x, ids, 6) })})
	for _, shape := range [][]int{{1, 1, 2, 2}, {3, 2, 4, 5}, {2, 1, 2, 300}} {
		add(Case{Name: fmt.Sprint("transducer scores ", shape), Shapes: [][]int{shape}, IDs: []int{shape[1], shape[2] - 1}, Below: shape[3],
			Build: two(func(g *graph.Graph, x, ids graph.Node) graph.Node { return g.TransducerScores(x, ids, 1) })})
	}
	for _, c := range []struct{ shape, frames, labels []int }{
		{[]int{1, 1, 1}, []int{1}, []int{0}},
		{[]int{3, 2, 1}, []int{3, 2}, []int{0, 0}},
		{[]int{1, 1, 7}, []int{1}, []int{3}},
		{[]int{5, 3, 7}, []int{5, 1, 4}, []int{3, 0, 2}},
		{[]int{2, 2, 9}, []int{1, 2}, []int{4, 4}},
		{[]int{260, 1, 3}, []int{257}, []int{1}},
	} {
		add(Case{Name: fmt.Sprint("transducer ", c.frames, c.labels), Shapes: [][]int{c.shape},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node {
				return g.Transducer(x, g.Const(graph.Ints(c.frames)), g.Const(graph.Ints(c.labels)))
			})})
	}
	add(Case{Name: "matmul within", Shapes: [][]int{{5, 3, 4}, {6, 4}}, IDs: []int{5, 3}, Below: 7,
		Build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.MatMulTWithin(in[0], in[1], in[2], 2, 6) }})
	add(Case{Name: "cross-entropy within", Shapes: [][]int{{5, 3, 4}, {4, 4}}, IDs: []int{5, 3}, Below: 7,
		Build: func(g *graph.Graph, in []graph.Node) graph.Node {
			return g.CrossEntropyWithin(in[0], in[1], in[2], 2, 6, graph.NoID)
		}})
	add(Case{Name: "matmul ones", Shapes: [][]int{{1, 1}, {1, 1}}, Build: two((*graph.Graph).MatMul)})
	add(Case{Name: "matmul wide", Shapes: [][]int{{2, 300}, {3, 300}}, Build: two((*graph.Graph).MatMulT)})

	for _, axis := range []int{0, 1, 2, -1} {
		add(Case{Name: fmt.Sprint("slice axis ", axis), Shapes: [][]int{{3, 4, 5}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Slice(x, axis, 1, 3) })})
		add(Case{Name: fmt.Sprint("concat axis ", axis), Shapes: [][]int{{3, 4, 5}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Concat(axis, x, g.Square(x), x) })})
		add(Case{Name: fmt.Sprint("sum axis ", axis), Shapes: [][]int{{3, 4, 5}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Sum(g.Square(x), axis) })})
		add(Case{Name: fmt.Sprint("mean axis ", axis), Shapes: [][]int{{3, 4, 5}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Mean(g.Square(x), axis) })})
		add(Case{Name: fmt.Sprint("max axis ", axis), Shapes: [][]int{{3, 4, 5}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Max(x, axis) })})
		add(Case{Name: fmt.Sprint("softmax axis ", axis), Shapes: [][]int{{3, 4, 5}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Softmax(x, axis) })})
		add(Case{Name: fmt.Sprint("log softmax axis ", axis), Shapes: [][]int{{3, 4, 5}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSoftmax(x, axis) })})
	}
	add(Case{Name: "slice past 255", Shapes: [][]int{{2, 600}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node {
			gates := g.Split(g.Square(x), 1, 2)
			return g.Sub(gates[0], g.MulScalar(gates[1], 3))
		})})
	add(Case{Name: "unstack and stack", Shapes: [][]int{{4, 2, 3}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node {
			rows := g.Unstack(x)
			return g.Stack(rows[3], g.Square(rows[0]), rows[1])
		})})
	add(Case{Name: "reshape", Shapes: [][]int{{4, 6}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Square(g.Reshape(x, 2, -1, 3)) })})
	add(Case{Name: "transpose", Shapes: [][]int{{4, 6}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Transpose(x) })})
	add(Case{Name: "transpose 3d", Shapes: [][]int{{2, 3, 4}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Transpose(x, 1, 2, 0) })})
	add(Case{Name: "broadcast to", Shapes: [][]int{{3, 1}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.BroadcastTo(x, 2, 3, 4) })})
	add(Case{Name: "sum to", Shapes: [][]int{{2, 3, 4}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.SumTo(g.Square(x), 3, 1) })})
	add(Case{Name: "sum to middle", Shapes: [][]int{{2, 3, 4}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.SumTo(g.Square(x), 2, 1, 4) })})
	add(Case{Name: "mean", Shapes: [][]int{{2, 3}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Mean(g.Square(x)) })})
	for _, axis := range []int{0, 1, -1} {
		add(Case{Name: fmt.Sprint("logsumexp axis ", axis), Shapes: [][]int{{3, 5, 2}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.LogSumExp(x, axis) })})
	}
	for _, axes := range [][]int{nil, {0, 1}, {-1, 0}, {2, 0, 1}} {
		for name, reduce := range map[string]func(*graph.Graph, graph.Node, ...int) graph.Node{
			"sum": (*graph.Graph).Sum, "mean": (*graph.Graph).Mean, "max": (*graph.Graph).Max} {
			add(Case{Name: fmt.Sprint(name, " axes ", axes), Shapes: [][]int{{3, 5, 2}},
				Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return reduce(g, x, axes...) })})
		}
	}
	add(Case{Name: "softmax of one class", Shapes: [][]int{{3, 1}},
		Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Softmax(x, -1) })})
	add(Case{Name: "gather", Shapes: [][]int{{7, 3}}, IDs: []int{4, 5}, Below: 7,
		Build: two((*graph.Graph).Gather)})
	add(Case{Name: "gather padded", Shapes: [][]int{{7, 3}}, IDs: []int{20}, Below: 7,
		Build: two(func(g *graph.Graph, table, ids graph.Node) graph.Node {
			// the padding row takes part in the value but not in the gradient: take it out of the value too
			return g.Where(g.IDMask(ids, 2), g.GatherPadded(table, ids, 2), g.Full(0))
		})})
	add(Case{Name: "cross-entropy", Shapes: [][]int{{4, 5, 7}}, IDs: []int{4, 5}, Below: 7,
		Build: two(func(g *graph.Graph, x, ids graph.Node) graph.Node { return g.CrossEntropy(x, ids, 3) })})
	add(Case{Name: "where", Shapes: [][]int{{4, 3}, {4, 3}}, IDs: []int{4}, Below: 2,
		Build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.Where(g.IDMask(in[2], 0), in[0], in[1]) }})
	add(Case{Name: "where full mask", Shapes: [][]int{{4, 3}, {}}, IDs: []int{4, 3}, Below: 2,
		Build: func(g *graph.Graph, in []graph.Node) graph.Node { return g.Where(g.IDMask(in[2], 0), in[0], in[1]) }})
	add(Case{Name: "length mask", Shapes: [][]int{{6, 4, 3}}, IDs: []int{4}, Below: 7,
		Build: two(func(g *graph.Graph, x, lengths graph.Node) graph.Node {
			return g.Where(g.LengthMask(lengths, 6), x, g.Full(0))
		})})
	for _, c := range []struct {
		name string
		f    func(g *graph.Graph, x graph.Node, axis int) graph.Node
	}{{"cumsum", (*graph.Graph).CumSum}, {"cumsum reverse", (*graph.Graph).CumSumReverse},
		{"cumprod", (*graph.Graph).CumProd}, {"cumprod reverse", (*graph.Graph).CumProdReverse}} {
		for _, axis := range []int{0, 1, -1} {
			for _, shape := range [][]int{{3, 4, 2}, {1, 1, 1}, {2, 3, 9}} {
				add(Case{Name: c.name, Shapes: [][]int{shape}, // some are exactly zero
					Domain: func(v float64) float64 { return max(math.Abs(v), 0.2) - 0.2 },
					Build:  one(func(g *graph.Graph, x graph.Node) graph.Node { return c.f(g, g.AddScalar(x, 0), axis) })})
			}
		}
	}
	for _, size := range []struct{ T, B, E, S int }{{1, 1, 1, 1}, {2, 3, 5, 4}, {19, 2, 3, 2}, {33, 1, 100, 1}} {
		for _, reverse := range []bool{false, true} {
			T, B, E, S := size.T, size.B, size.E, size.S
			add(Case{Name: fmt.Sprint("selective scan reverse ", reverse),
				Shapes: [][]int{{T, B, E}, {T, B, E}, {E, S}, {T, B, S}, {T, B, S}, {B, E * S}},
				Build: func(g *graph.Graph, in []graph.Node) graph.Node {
					y, last := g.SelectiveScan(in[0], g.Softplus(in[1]), g.Neg(g.Softplus(in[2])), in[3], in[4], in[5], reverse)
					return g.Concat(0, g.Reshape(y, T*B*E), g.Reshape(last, B*E*S))
				}})
		}
	}
	return append(cases, windowCases()...)
}

// Inputs draws the case's inputs.
func (c Case) Inputs() []*tensor.Dense {
	var in []*tensor.Dense
	for i, shape := range c.Shapes {
		v := graphtest.Random(uint64(11+i), shape...)
		if c.Domain != nil {
			for j, x := range v.Float64s() {
				v.Float64s()[j] = c.Domain(x)
			}
		}
		in = append(in, v)
	}
	if c.IDs != nil {
		in = append(in, graphtest.RandomIDs(5, c.Below, c.IDs...))
	}
	return in
}

// Loss weighs every element of the operation's result differently.
func (c Case) Loss(g *graph.Graph, in []graph.Node) []graph.Node {
	y := c.Build(g, in)
	w := g.Const(graphtest.Random(uint64(3+len(y.Shape())), y.Shape()...))
	return []graph.Node{g.Sum(g.Mul(y, w)), y}
}

func (c Case) String() string { return fmt.Sprint(c.Name, c.Shapes) }
