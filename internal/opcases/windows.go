package opcases

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
)

// Geometry is a window over pictures: the shapes of x and of the weights, and how it moves.
type Geometry struct {
	X, W []int
	O    graph.Window
}

// Geometries have every setting, windows that reach over the picture and that leave some of it out, one place and 300.
var Geometries = []Geometry{
	{[]int{2, 3, 7}, []int{4, 3, 3}, graph.Window{}},
	{[]int{1, 1, 1}, []int{1, 1, 1}, graph.Window{}},
	{[]int{2, 4, 300}, []int{6, 2, 5}, graph.Window{Stride: []int{3}, Before: []int{2}, After: []int{1}, Groups: 2}},
	{[]int{2, 3, 9}, []int{3, 1, 3}, graph.Window{Dilation: []int{2}, Before: []int{3}, Groups: 3}},
	{[]int{2, 3, 5, 6}, []int{4, 3, 3, 2}, graph.Window{}},
	{[]int{3, 4, 6, 5}, []int{2, 4, 1, 1}, graph.Window{}},
	{[]int{1, 2, 8, 7}, []int{4, 1, 3, 3},
		graph.Window{Stride: []int{2, 3}, Dilation: []int{2, 1}, Before: []int{1, 2}, After: []int{3, 0}, Groups: 2}},
	{[]int{1, 2, 3, 2}, []int{2, 2, 5, 3}, graph.Window{Before: []int{2, 2}, After: []int{2, 1}}},
	{[]int{1, 2, 3, 4, 5}, []int{3, 2, 2, 3, 2}, graph.Window{Stride: []int{1, 1, 2}, Before: []int{1, 0, 1}}},
}

// windowCases are the rows of the table of operations that move a window, and those that take entries.
func windowCases() []Case {
	var cases []Case
	for i, c := range Geometries {
		name := fmt.Sprint(" ", i)
		if i < 1 {
			name = "" // of which the second derivative is checked
		}
		cases = append(cases,
			Case{Name: "conv" + name, Shapes: [][]int{c.X, c.W, {c.W[0]}}, Build: func(g *graph.Graph, in []graph.Node) graph.Node {
				return g.Conv(in[0], in[1], in[2], c.O)
			}},
			Case{Name: "conv transpose" + name, Shapes: [][]int{c.Result(), c.W}, Build: two(func(g *graph.Graph, x, w graph.Node) graph.Node {
				return g.ConvTranspose(x, w, c.O, c.X[2:]...)
			})})
		if i == 7 {
			continue // some of its windows cover padding alone
		}
		pool := graph.Window{Size: c.W[2:], Stride: c.O.Stride, Dilation: c.O.Dilation, Before: c.O.Before, After: c.O.After}
		if i == 3 {
			pool.Before = []int{2}
		}
		cases = append(cases,
			Case{Name: "max-pool" + name, Shapes: [][]int{c.X},
				Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.MaxPool(x, pool) })},
			Case{Name: "sum-pool" + name, Shapes: [][]int{c.X},
				Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.SumPool(x, pool) })})
	}
	for _, axis := range []int{0, 1, -1} {
		cases = append(cases, Case{Name: "take", Shapes: [][]int{{3, 4, 300}},
			Build: one(func(g *graph.Graph, x graph.Node) graph.Node { return g.Take(x, axis, 2, -1, 0, 0, 2) })})
	}
	for name, f := range map[string]func(*graph.Graph, graph.Node, graph.Node) graph.Node{
		"less": (*graph.Graph).Less, "less or equal": (*graph.Graph).LessOrEqual, "equal": (*graph.Graph).Equal} {
		cases = append(cases, Case{Name: "where " + name, Shapes: [][]int{{4, 300}, {300}},
			Build: two(func(g *graph.Graph, a, b graph.Node) graph.Node {
				return g.Where(f(g, a, b), g.Square(a), g.MulScalar(g.BroadcastTo(b, 4, 300), 3))
			})})
	}
	return cases
}

// Result is the shape that the convolution gives.
func (c Geometry) Result() []int {
	out := []int{c.X[0], c.W[0]}
	at := func(list []int, i, otherwise int) int {
		if list == nil {
			return otherwise
		}
		return list[i]
	}
	for i, n := range c.X[2:] {
		reach := (c.W[2+i]-1)*at(c.O.Dilation, i, 1) + 1
		out = append(out, (n+at(c.O.Before, i, 0)+at(c.O.After, i, 0)-reach)/at(c.O.Stride, i, 1)+1)
	}
	return out
}
