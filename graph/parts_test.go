package graph_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// twoMeans is a loss of two means with weights of their own, one learnt factor, and a penalty: rows x [N, 3] count if
// their id is not 0.
func twoMeans(g *graph.Graph, in []graph.Node) []graph.Node {
	w := g.Param("w", graph.Orthogonal(1), 1, 3)
	y := g.Reshape(g.MatMulT(in[0], w), -1)
	counts := g.IDMask(in[1], 0)
	some := g.MeanOver(g.Sum(g.Mul(counts, g.Square(y))), g.Sum(counts))
	all := g.MeanOver(g.Sum(g.Tanh(y)), g.Full(float64(in[0].Dim(0))))
	factor := g.Exp(g.Param("s", graph.Constant(0.3)))
	return []graph.Node{g.Add(g.MulScalar(some, 3), g.Mul(factor, all), g.Sum(g.Square(w)))}
}

func rowsOf(x *tensor.Dense, ids []int, from, to int) []*tensor.Dense {
	return []*tensor.Dense{graph.Floats64(x.Float64s()[3*from:3*to], to-from, 3), graph.Ints(ids[from:to])}
}

// However a batch is cut, parts that divide by the weight of all have, on average, its loss and its gradients; also where a
// part has nothing that counts. So have the means of the parts, weighed.
func TestPartsAreTheWhole(t *testing.T) {
	x := graphtest.Random(1, 8, 3)
	for name, ids := range map[string][]int{"some": {1, 0, 2, 2, 0, 0, 0, 3}, "none": make([]int, 8)} {
		p := graph.NewParams64(1)
		f := graph.NewFunc(p, twoMeans)
		out, err := f.Grad(rowsOf(x, ids, 0, 8)...)
		if err != nil {
			t.Fatal(err)
		}
		want := []float64{graph.Scalar(out[0])}
		for i := range p.Len() {
			want = append(want, p.At(i).Grad().Float64s()...)
		}
		for _, cuts := range [][]int{{0, 8}, {0, 4, 8}, {0, 1, 4, 7, 8}} {
			got, whole := make([]float64, len(want)), 0.0
			weights, n := make([]float64, 2), float64(len(cuts)-1)
			each(cuts, func(from, to int) {
				out, err := f.Weights().Run(rowsOf(x, ids, from, to)...)
				if err != nil || len(out) != 2 {
					t.Fatalf("%d weights, error %v", len(out), err)
				}
				for j := range weights {
					weights[j] += graph.Scalar(out[j])
				}
			})
			if weights[1] != 8 {
				t.Errorf("a weight of %g; want 8", weights[1])
			}
			scales := make([]float64, 2)
			for j, w := range weights {
				if w > 0 {
					scales[j] = n / w
				}
			}
			each(cuts, func(from, to int) {
				out, err := f.Parts().Grad(append(rowsOf(x, ids, from, to), graph.Floats64(scales))...)
				if err != nil {
					t.Fatal(err)
				}
				at := 1
				got[0] += graph.Scalar(out[0]) / n
				for i := range p.Len() {
					for _, v := range p.At(i).Grad().Float64s() {
						got[at] += v / n
						at++
					}
				}
				out, err = f.Means().Run(rowsOf(x, ids, from, to)...)
				if err != nil || len(out) != 2 || out[1].Shape()[0] != 3 {
					t.Fatalf("%v, error %v; want the loss and a table of 3 rows", out, err)
				}
				table := out[1].Float64s()
				whole += table[0] / n
				for j, w := range weights {
					if math.Abs(table[3*j+3]*table[3*j+4]-table[3*j+5]) > 1e-12 {
						t.Errorf("mean %d: %g times %g is not the sum %g", j, table[3*j+3], table[3*j+4], table[3*j+5])
					}
					if w > 0 {
						whole += table[3*j+5] / w
					}
				}
			})
			for i, v := range append([]float64{whole}, got...) {
				if w := want[max(i-1, 0)]; math.Abs(v-w) > 1e-13 {
					t.Errorf("%s, cut at %v: number %d is %g; want %g", name, cuts, i, v, w)
				}
			}
		}
	}
}

func each(cuts []int, do func(from, to int)) {
	for i := 1; i < len(cuts); i++ {
		do(cuts[i-1], cuts[i])
	}
}

// A mean over a fixed number has the bits of Mean, in either type; a mean over nothing is 0 and has no gradient.
func TestMeanOver(t *testing.T) {
	x := graphtest.Random(3, 7, 11)
	for _, p := range []*graph.Params{graph.NewParams(1), graph.NewParams64(1)} {
		in := x
		if p.Dtype() == tensor.Float32 {
			in = graphtest.Float32(x)
		}
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Mean(in[0]), g.MeanOver(g.Sum(in[0]), g.Full(77)), g.MeanOver(g.Sum(in[0]), g.Full(0)),
				g.MeanOver(g.Sum(in[0]), g.Sum(g.MulScalar(in[0], 0)))}
		}).Run(in)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := graph.Scalar(out[0]), graph.Scalar(out[1]); a != b || a == 0 {
			t.Errorf("%v and %v", a, b)
		}
		if a, b := graph.Scalar(out[2]), graph.Scalar(out[3]); a != 0 || b != 0 {
			t.Errorf("the mean over nothing is %v and %v", a, b)
		}
	}
	p := graph.NewParams64(1)
	if _, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.MeanOver(g.Sum(g.Param("w", graph.Constant(1), 2)), g.Sum(g.IDMask(in[0], 1)))}
	}).Grad(graph.Ints([]int{1, 1})); err != nil || p.Get("w").Grad().Float64s()[0] != 0 {
		t.Errorf("error %v, gradient %v", err, p.Get("w"))
	}
}

// A loss that is no sum of means is refused in parts; what it is made of cannot be told.
func TestPartsRefuse(t *testing.T) {
	id := func(n graph.Node) graph.Node { return n }
	with := func(bend func(*graph.Graph, graph.Node) graph.Node) *graph.Func {
		return graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{bend(g, g.MeanOver(g.Sum(id(in[0])), g.Full(3)))}
		})
	}
	x, one := graphtest.Random(1, 3), graph.Floats64([]float64{1})
	for name, bend := range map[string]func(*graph.Graph, graph.Node) graph.Node{
		"root":    func(g *graph.Graph, m graph.Node) graph.Node { return g.Sqrt(g.Abs(m)) },
		"square":  func(g *graph.Graph, m graph.Node) graph.Node { return g.Mul(m, m) },
		"divisor": func(g *graph.Graph, m graph.Node) graph.Node { return g.Div(g.Full(1), m) },
	} {
		if _, err := with(bend).Parts().Grad(x, one); err == nil || !strings.Contains(err.Error(), "not a sum of means") {
			t.Errorf("%s: %v", name, err)
		}
		f := with(bend)
		want, err := f.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		loss := graph.Scalar(want[0])
		out, err := f.Means().Run(x)
		if err != nil || len(out) != 2 || out[1].Shape()[0] != 1 || out[1].Float64s()[0] != loss {
			t.Errorf("%s: %v, error %v; want a table of one row with %g", name, out, err, loss)
		}
	}
	plain := func(g *graph.Graph, m graph.Node) graph.Node { return m }
	none := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{g.Mean(in[0])} })
	if out, err := none.Weights().Run(x); err != nil || len(out) != 0 {
		t.Errorf("a loss without a MeanOver has the weights %v, error %v", out, err)
	}
	mean := func(weight func(*graph.Graph) graph.Node) *graph.Func {
		return graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.MeanOver(g.Sum(in[0]), weight(g))}
		})
	}
	for want, try := range map[string]func() error{
		"2 scales; the function has 1 means": func() error { _, err := with(plain).Parts().Grad(x, graphtest.Random(1, 2)); return err },
		"1 scales; the function has more": func() error {
			_, err := graph.NewFunc(graph.NewParams64(1), twoMeans).Parts().Grad(graphtest.Random(1, 2, 3), graph.Ints([]int{1, 2}), one)
			return err
		},
		"want scales [J]": func() error { _, err := with(plain).Parts().Grad(); return err },
		"on the parameter w": func() error {
			_, err := mean(func(g *graph.Graph) graph.Node { return g.Sum(g.Param("w", graph.Constant(1), 2)) }).Run(x)
			return err
		},
		"on chance": func() error {
			_, err := mean(func(g *graph.Graph) graph.Node { return g.Sum(g.RandomMask(.5, 3)) }).Run(x)
			return err
		},
		"are scalars, found [] and [3]": func() error {
			_, err := mean(func(g *graph.Graph) graph.Node { return g.Full(0, 3) }).Run(x)
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
