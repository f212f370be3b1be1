package recurrent_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
)

// solver is a method of Order that solves a recurrence, and the same in a plain loop: step computes h from a and h in place,
// to which b is added.
type solver struct {
	name      string
	as, parts int // how many tensors a and h are
	solve     func(o recurrent.Order, g *graph.Graph, in []graph.Node) (all, last []graph.Node)
	step      func(a, h, b []float64)
	scale     float64 // of a
}

func solvers() []solver {
	return []solver{
		{"real", 1, 1, func(o recurrent.Order, g *graph.Graph, in []graph.Node) ([]graph.Node, []graph.Node) {
			h, last := o.Linear(g, in[0], in[1], in[2])
			return []graph.Node{h}, []graph.Node{last}
		}, func(a, h, b []float64) { h[0] = a[0]*h[0] + b[0] }, 0.6},
		{"complex", 2, 2, func(o recurrent.Order, g *graph.Graph, in []graph.Node) ([]graph.Node, []graph.Node) {
			h, last := o.LinearComplex(g, [2]graph.Node(in[:2]), [2]graph.Node(in[2:4]), [2]graph.Node(in[4:6]))
			return h[:], last[:]
		}, func(a, h, b []float64) {
			v := complex(a[0], a[1])*complex(h[0], h[1]) + complex(b[0], b[1])
			h[0], h[1] = real(v), imag(v)
		}, 0.5},
		{"pairs", 4, 2, func(o recurrent.Order, g *graph.Graph, in []graph.Node) ([]graph.Node, []graph.Node) {
			h, last := o.LinearPairs(g, [4]graph.Node(in[:4]), [2]graph.Node(in[4:6]), [2]graph.Node(in[6:8]))
			return h[:], last[:]
		}, func(a, h, b []float64) {
			h[0], h[1] = a[0]*h[0]+a[1]*h[1]+b[0], a[2]*h[0]+a[3]*h[1]+b[1]
		}, 0.4},
		{"largest", 1, 1, func(o recurrent.Order, g *graph.Graph, in []graph.Node) ([]graph.Node, []graph.Node) {
			h, last := o.Largest(g, in[0], in[1], in[2])
			return []graph.Node{h}, []graph.Node{last}
		}, func(a, h, b []float64) { h[0] = max(h[0]+a[0], b[0]) }, 1},
	}
}

// inputs are a, b and the first state; with same, one a [H] serves all steps.
func (s solver) inputs(T, B, H int, same bool) (a, b, first [][]float64, shapes [][]int) {
	seed := uint64(1)
	draw := func(shape ...int) []float64 {
		shapes = append(shapes, shape)
		seed++
		return graphtest.Random(seed, shape...).Float64s()
	}
	for range s.as {
		shape := []int{T, B, H}
		if same {
			shape = shape[2:]
		}
		x := draw(shape...)
		for i := range x {
			x[i] = s.scale * math.Tanh(x[i])
		}
		a = append(a, x)
	}
	for range s.parts {
		b = append(b, draw(T, B, H))
	}
	for range s.parts {
		first = append(first, draw(B, H))
	}
	return a, b, first, shapes
}

// Every recurrence against its loop, at lengths that halve evenly and not.
func TestLinearAgainstLoops(t *testing.T) {
	for _, s := range solvers() {
		for _, size := range []struct{ T, B, H int }{{1, 1, 1}, {2, 3, 1}, {63, 1, 16}, {64, 2, 3}, {65, 3, 1}, {257, 1, 3}} {
			for _, same := range []bool{false, true} {
				t.Run(fmt.Sprint(s.name, size, same), func(t *testing.T) {
					T, n := size.T, size.B*size.H
					a, b, first, shapes := s.inputs(T, size.B, size.H, same)
					out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, _ []graph.Node) []graph.Node {
						var in []graph.Node
						for i, v := range append(append(append([][]float64{}, a...), b...), first...) {
							in = append(in, g.Const(graph.Floats64(v, shapes[i]...)))
						}
						all, last := s.solve(recurrent.Order{}, g, in)
						return append(all, last...)
					}).Run()
					if err != nil {
						t.Fatal(err)
					}
					for i := range n {
						h := make([]float64, s.parts)
						for p := range h {
							h[p] = first[p][i]
						}
						for step := range T {
							now, in := make([]float64, s.as), make([]float64, s.parts)
							for p := range now {
								now[p] = a[p][(step*n+i)%len(a[p])] // one a [H] divides n
							}
							for p := range in {
								in[p] = b[p][step*n+i]
							}
							s.step(now, h, in)
							for p, v := range h {
								if got := out[p].Float64s()[step*n+i]; math.Abs(got-v) > 1e-12*max(1, math.Abs(v)) {
									t.Fatalf("part %d at step %d is %v; want %v", p, step, got, v)
								}
							}
						}
						for p, v := range h {
							if got := out[s.parts+p].Float64s()[i]; math.Abs(got-v) > 1e-12*max(1, math.Abs(v)) {
								t.Fatalf("last part %d is %v; want %v", p, got, v)
							}
						}
					}
				})
			}
		}
	}
}

func TestLinearGradients(t *testing.T) {
	for _, s := range solvers() {
		for _, T := range []int{1, 2, 35} {
			a, b, first, shapes := s.inputs(T, 2, 3, false)
			graphtest.CheckGradient(t, graphtest.Gradient{Samples: 12, Build: func(g *graph.Graph, _ []graph.Node) []graph.Node {
				var in []graph.Node
				for i, v := range append(append(append([][]float64{}, a...), b...), first...) {
					in = append(in, g.Add(g.Param(fmt.Sprint("p", i), graph.Constant(0), shapes[i]...), g.Const(graph.Floats64(v, shapes[i]...))))
				}
				all, last := s.solve(recurrent.Order{}, g, in)
				terms := []graph.Node{}
				for i, n := range append(all, last...) {
					terms = append(terms, g.Sum(g.Mul(n, g.Const(graphtest.Random(uint64(90+i), n.Shape()...)))))
				}
				return []graph.Node{g.Add(terms...)}
			}})
		}
	}
}
