package graph_test

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
)

// The selective scan against the paper's equations in plain loops, forward and in reverse.
func TestSelectiveScan(t *testing.T) {
	for _, size := range []struct{ T, B, E, S int }{{1, 1, 1, 1}, {2, 3, 5, 1}, {17, 1, 1, 16}, {63, 3, 2, 16}, {65, 1, 200, 3}, {257, 1, 3, 16}, {3, 1, 2, 900}} {
		for _, reverse := range []bool{false, true} {
			T, B, E, S := size.T, size.B, size.E, size.S
			u, delta, a := graphtest.Random(1, T, B, E), graphtest.Random(2, T, B, E), graphtest.Random(3, E, S)
			b, c, first := graphtest.Random(4, T, B, S), graphtest.Random(5, T, B, S), graphtest.Random(6, B, E*S)
			for i, v := range delta.Float64s() {
				delta.Float64s()[i] = math.Abs(v)
			}
			for i, v := range a.Float64s() {
				a.Float64s()[i] = -math.Abs(v)
			}
			y, h := make([]float64, T*B*E), append([]float64{}, first.Float64s()...)
			for i := range T {
				t := i
				if reverse {
					t = T - 1 - i
				}
				for n := range B {
					for e := range E {
						x := (t*B+n)*E + e
						for s := range S {
							at, step := (n*E+e)*S+s, delta.Float64s()[x]
							h[at] = math.Exp(step*a.Float64s()[e*S+s])*h[at] + step*u.Float64s()[x]*b.Float64s()[(t*B+n)*S+s]
							y[x] += h[at] * c.Float64s()[(t*B+n)*S+s]
						}
					}
				}
			}
			out, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
				y, last := g.SelectiveScan(in[0], in[1], in[2], in[3], in[4], in[5], reverse)
				return []graph.Node{y, last}
			}).Run(u, delta, a, b, c, first)
			if err != nil {
				t.Fatal(err)
			}
			graphtest.Close(t, "y", out[0], graph.Floats64(y, T, B, E), 1e-12)
			graphtest.Close(t, "last", out[1], graph.Floats64(h, B, E*S), 1e-12)
		}
	}
}

func TestSelectiveScanMistakes(t *testing.T) {
	g := graph.New(graph.NewParams(1))
	one := g.Full(1, 2, 2, 2)
	if y, _ := g.SelectiveScan(one, one, g.Full(1, 2, 3), one, one, g.Full(0, 2, 6), false); y.Valid() || g.Err() == nil {
		t.Error("b and c of another width than a are taken")
	}
}
