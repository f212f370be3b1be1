package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// rangeIDs are n ids below 10, of which those from 3 to 6 are some, none or all.
func rangeIDs(which string, shape ...int) *tensor.Dense {
	n := 1
	for _, d := range shape {
		n *= d
	}
	ids := make([]int, n)
	for i := range ids {
		switch which {
		case "none":
			ids[i] = []int{0, 9, 2, 7}[i%4]
		case "all":
			ids[i] = 3 + i%4
		default:
			ids[i] = (i*i + 4) % 10
		}
	}
	return graph.Ints(ids, shape...)
}

// mask is 1 at ids from 3 to 6.
func rangeMask(g *graph.Graph, ids graph.Node) graph.Node {
	return g.Sum(g.SameIDs(ids, g.Const(graph.Ints([]int{3, 4, 5, 6}))), -1)
}

// What is computed for some rows is what all rows give where a mask leaves the others out: values, gradients and second
// derivatives.
func TestWithinIsMasking(t *testing.T) {
	for _, which := range []string{"some", "none", "all"} {
		for _, size := range [][4]int{{1, 1, 1, 1}, {5, 3, 4, 6}, {20, 30, 7, 3}, {1, 3, 300, 2}} { // T, B, K, N
			t.Run(fmt.Sprint(which, size), func(t *testing.T) {
				x, w := graphtest.Random(1, size[0], size[1], size[2]), graphtest.Random(2, size[3], size[2])
				ids := rangeIDs(which, size[0], size[1])
				out := map[bool][]*tensor.Dense{}
				for _, masked := range []bool{false, true} {
					p := graph.NewParams64(1)
					for name, v := range map[string]*tensor.Dense{"x": x, "w": w} {
						if _, err := p.Add(name, v); err != nil {
							t.Fatal(err)
						}
					}
					f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
						x, w := g.Param("x", nil, x.Shape()...), g.Param("w", nil, w.Shape()...)
						var y graph.Node
						if masked {
							y = g.Where(rangeMask(g, in[0]), g.MatMulT(x, w), g.Full(0))
						} else {
							y = g.MatMulTWithin(x, w, in[0], 3, 7)
						}
						first := g.Grad(g.Sum(g.Exp(g.MulScalar(y, 0.1))), x, w)
						return []graph.Node{g.Add(g.Sum(g.Square(first[0])), g.Sum(g.Tanh(first[1]))), y, first[0], first[1]}
					})
					got, err := f.Grad(ids)
					if err != nil {
						t.Fatal(err)
					}
					out[masked] = append(got, p.Get("x").Grad(), p.Get("w").Grad())
				}
				for i, v := range out[true] {
					graphtest.Close(t, fmt.Sprint("result ", i), out[false][i], v, 1e-12)
				}
			})
		}
	}
}

// The cross-entropy of some rows is that of all, with the weight of the range's classes, where a mask leaves others out.
func TestCrossEntropyWithinIsMasking(t *testing.T) {
	for _, which := range []string{"some", "none", "all"} {
		for _, size := range [][3]int{{1, 1, 1}, {5, 3, 4}, {20, 30, 7}, {1, 3, 300}} { // T, B, K
			t.Run(fmt.Sprint(which, size), func(t *testing.T) {
				x, w := graphtest.Random(1, size[0], size[1], size[2]), graphtest.Random(2, 4, size[2])
				ids := rangeIDs(which, size[0], size[1])
				local := graph.Ints(make([]int, ids.Shape().TotalSize()), size[0], size[1]) // of the range, 0 elsewhere
				for i, id := range ids.Ints() {
					if id >= 3 && id < 7 && id != 5 { // 5 is ignored
						local.Ints()[i] = id - 3
					} else {
						local.Ints()[i] = -1
					}
				}
				weigh := graphtest.Random(3, size[0], size[1])
				out := map[bool][]*tensor.Dense{}
				for _, masked := range []bool{false, true} {
					p := graph.NewParams64(1)
					for name, v := range map[string]*tensor.Dense{"x": x, "w": w} {
						if _, err := p.Add(name, v); err != nil {
							t.Fatal(err)
						}
					}
					got, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
						x, w := g.Param("x", nil, x.Shape()...), g.Param("w", nil, w.Shape()...)
						loss := g.CrossEntropyWithin(x, w, in[0], 3, 7, 5)
						if masked {
							loss = g.CrossEntropy(g.MatMulT(x, w), in[1], -1)
						}
						return []graph.Node{g.Sum(g.Mul(loss, g.Const(weigh))), loss}
					}).Grad(ids, local)
					if err != nil {
						t.Fatal(err)
					}
					out[masked] = append(got, p.Get("x").Grad(), p.Get("w").Grad())
				}
				for i, v := range out[true] {
					graphtest.Close(t, fmt.Sprint("result ", i), out[false][i], v, 1e-12)
				}
			})
		}
	}
	graphtest.CheckGradient(t, graphtest.Gradient{
		Inputs: []*tensor.Dense{graphtest.Random(1, 5, 3, 4), graphtest.Random(2, 4, 4), rangeIDs("some", 5, 3)},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Square(g.CrossEntropyWithin(in[0], in[1], in[2], 3, 7, graph.NoID)))}
		},
	})
}

// Blocks of rows add up: 300 rows are three blocks.
func TestWithinBlocks(t *testing.T) {
	graphtest.CheckGradient(t, graphtest.Gradient{
		Inputs: []*tensor.Dense{graphtest.Random(1, 300, 2), graphtest.Random(2, 3, 2), graphtest.Random(4, 4, 3), rangeIDs("all", 300)},
		Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := g.MatMulTWithin(in[0], in[1], in[3], 3, 7)
			return []graph.Node{g.Sum(g.CrossEntropyWithin(y, in[2], in[3], 3, 7, graph.NoID))}
		},
	})
}

// Ids that a program computes: clusters of classes, the place of a maximum, ids in common.
func TestComputedIDs(t *testing.T) {
	ids := graph.Ints([]int{0, 1, 2, 3, 4, 5, 6, 7, -1, 9}, 2, 5)
	out, err := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		c := g.ClusterIDs(in[0], []int{2, 5, 6, 10}, -1)
		best := g.ArgMax(g.Const(graph.Floats64([]float64{1, 3, 3, 2, 2, 1, -1, -1, 0}, 3, 3)))
		return []graph.Node{c, best, g.SameIDs(in[0], best), g.ArgMax(g.Const(graph.Floats64([]float64{1, 2})))}
	}).Run(ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"[0 1 2 2 2 3 4 4 -1 4]", "[1 0 2]", "[0 1 0 1 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]", "1"} {
		if got := fmt.Sprint(out[i].Data()); got != want {
			t.Errorf("output %d: %s, want %s", i, got, want)
		}
	}
	x := graph.Floats([]float32{1, 2}, 1, 2)
	for want, build := range map[string]graph.Build{
		"target -1 at position 8; want 0 to 9": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.ClusterIDs(in[0], []int{2, 10}, graph.NoID)}
		},
		"target 9 at position 9; want 0 to 8": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.ClusterIDs(in[0], []int{2, 9}, -1)}
		},
		"cutoffs [2 2]; want each above": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.ClusterIDs(in[0], []int{2, 2}, -1)}
		},
		"no cutoffs":                            func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.ClusterIDs(in[0], nil, -1)} },
		"want at least one dimension":           func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.ArgMax(g.Full(1))} },
		"4 of 4 ids; want at least 1 and fewer": func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.LogUniform(4, 4).IDs} },
		"want ids [...] and others [S]":         func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.SameIDs(in[0], in[0])} },
		"want x [..., K], a weight [N, K] and": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MatMulTWithin(in[1], in[1], in[0], 0, 1)}
		},
		"ids from 3 to 3; want the second above": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MatMulTWithin(g.Full(0, 2, 5, 2), in[1], in[0], 3, 3)}
		},
		"weight [1 2]; want [2, K] for the class": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.CrossEntropyWithin(g.Full(0, 2, 5, 2), in[1], in[0], 3, 5, graph.NoID)}
		},
	} {
		if _, err := graph.NewFunc(graph.NewParams(1), build).Run(ids, x); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// A run allocates nothing, but for the room that the first one takes.
func TestWithinAllocatesNothing(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := g.SparseGrad(g.Param("x", graph.Normal(0, 1), 50, 8))
		y := g.MatMulTWithin(g.Gather(x, in[0]), g.Param("w", graph.Normal(0, 1), 4, 8), in[0], 3, 7)
		return []graph.Node{g.Sum(g.CrossEntropyWithin(y, g.Param("v", graph.Normal(0, 1), 4, 4), in[0], 3, 7, graph.NoID))}
	})
	ids := rangeIDs("some", 300)
	program, err := f.GradProgram(ids)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := program.Run(ids); err != nil {
			t.Error(err)
		}
	}); n >= 1 {
		t.Errorf("%v allocations a run, want none", n)
	}
}
