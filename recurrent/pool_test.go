package recurrent_test

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent"
)

// Pooling against plain loops. Padding holds numbers that would win every maximum, and NaN.
func TestPoolingAgreesWithLoops(t *testing.T) {
	const T, B, H = 5, 4, 3
	y, lengths := graphtest.Random(1, T, B, H), []int{5, 2, 0, 1}
	at := func(t, b, h int) float64 { return y.Float64s()[(t*B+b)*H+h] }
	for b, n := range lengths {
		for i := n; i < T; i++ {
			for h := range H {
				y.Float64s()[(i*B+b)*H+h] = []float64{100, math.NaN()}[h%2]
			}
		}
	}
	p := graph.NewParams64(4)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		var none graph.Node
		mean, weights := recurrent.PoolAttention.Weights(g, in[0], in[1])
		return []graph.Node{recurrent.PoolMax.Apply(g, in[0], in[1], none), recurrent.PoolMean.Apply(g, in[0], in[1], none), mean, weights}
	})
	if _, err := f.Run(y, graph.Ints(lengths)); err != nil {
		t.Fatal(err)
	}
	w, bias, query := p.Get("weight").Value().Float64s(), p.Get("bias").Value().Float64s(), p.Get("query").Value().Float64s()
	copy(bias, []float64{0.3, -0.5, 0.2})
	out, err := f.Run(y, graph.Ints(lengths))
	if err != nil {
		t.Fatal(err)
	}
	largest, mean, attended, weights := make([]float64, B*H), make([]float64, B*H), make([]float64, B*H), make([]float64, T*B)
	for b, n := range lengths {
		total := 0.0
		for i := range n {
			u := times(w, []float64{at(i, b, 0), at(i, b, 1), at(i, b, 2)})
			for h := range u {
				u[h] = math.Tanh(u[h] + bias[h])
			}
			weights[i*B+b] = math.Exp(dot(query, 0, u))
			total += weights[i*B+b]
		}
		for i := range n {
			weights[i*B+b] /= total
			for h := range H {
				if i == 0 || at(i, b, h) > largest[b*H+h] {
					largest[b*H+h] = at(i, b, h)
				}
				mean[b*H+h] += at(i, b, h) / float64(n)
				attended[b*H+h] += weights[i*B+b] * at(i, b, h)
			}
		}
	}
	agree(t, "maximum", out[0].Float64s(), largest)
	agree(t, "mean", out[1].Float64s(), mean)
	agree(t, "attention", out[2].Float64s(), attended)
	agree(t, "weights", out[3].Float64s(), weights)
}

// The last hidden state is the output at the end of each direction's walk: at a sequence's last step forward, at its first
// step backward.
func TestLastHidden(t *testing.T) {
	const T, B, I = 4, 3, 2
	x, lengths := graphtest.Random(1, T, B, I), []int{4, 0, 2}
	for _, name := range []string{"one way", "both ways"} {
		l := topoLayers[name]
		out, err := graph.NewFunc(graph.NewParams64(5), func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, final := l.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
			return []graph.Node{y, recurrent.LastHidden(g, l, final)}
		}).Run(x, graph.Ints(lengths))
		if err != nil {
			t.Fatal(name, err)
		}
		width := out[0].Shape()[2]
		forward := width
		if name == "both ways" {
			forward = width / 2
		}
		for b, n := range lengths {
			for h := range width {
				end := n - 1
				if h >= forward {
					end = 0
				}
				want := 0.0
				if n > 0 {
					want = out[0].Float64s()[(end*B+b)*width+h]
				}
				if got := out[1].Float64s()[b*width+h]; got != want {
					t.Errorf("%s: sequence %d, unit %d: got %g, want %g", name, b, h, got, want)
				}
			}
		}
	}
}
