package nn_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// The sampled loss in plain loops, from the candidates that the run drew: values, and with them the gradients.
func TestSampledHeadIsItsDefinition(t *testing.T) {
	for _, c := range []struct{ classes, samples, rows, hidden int }{{12, 5, 9, 4}, {2, 1, 3, 1}, {500, 260, 4, 3}, {5, 4, 1, 2}} {
		h := nn.SampledHead{Classes: c.classes, Samples: c.samples}
		const ignored = -1
		p := graph.NewParams64(3)
		if _, err := p.Add("bias", graphtest.Random(4, c.classes)); err != nil {
			t.Fatal(err)
		}
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			drawn := g.LogUniform(h.Samples, h.Classes)
			all := g.Const(graph.Ints(upTo(h.Classes)))
			each := h.Against(g, in[0], in[1], drawn, ignored)
			return []graph.Node{g.Sum(each), each, drawn.IDs, drawn.LogCount(g, all, graph.NoID)}
		})
		x, targets := graphtest.Random(1, c.rows, c.hidden), graphtest.RandomIDs(2, c.classes, c.rows)
		targets.Ints()[0] = ignored
		for seed := range uint64(5) {
			f.Seed(seed)
			out, err := f.Grad(x, targets)
			if err != nil {
				t.Fatal(err)
			}
			ids, count := out[2].Ints(), out[3].Float64s()
			if len(slices.Compact(slices.Sorted(slices.Values(ids)))) != c.samples {
				t.Fatalf("candidates %v are not all different", ids)
			}
			w, b := p.Get("weight").Value().Float64s(), p.Get("bias").Value().Float64s()
			for i, target := range targets.Ints() {
				logit := func(class int) float64 {
					s := b[class] - count[class]
					for j := range c.hidden {
						s += x.Float64s()[i*c.hidden+j] * w[class*c.hidden+j]
					}
					return s
				}
				want := 0.0
				if target != ignored {
					total := math.Exp(logit(target))
					for _, id := range ids {
						if id != target {
							total += math.Exp(logit(id))
						}
					}
					want = math.Log(total) - logit(target)
				}
				if got := out[1].Float64s()[i]; math.Abs(got-want) > 1e-12*(1+want) {
					t.Errorf("%v, seed %d: row %d has loss %v, want %v", c, seed, i, got, want)
				}
			}
		}
	}
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// With a seed that stays the loss is a function like any other.
func TestSampledHeadGradient(t *testing.T) {
	for _, sparse := range []bool{false, true} {
		h := nn.SampledHead{Classes: 300, Samples: 9, Sparse: sparse}
		graphtest.CheckGradient(t, graphtest.Gradient{Training: true, Seed: 7,
			Inputs: []*tensor.Dense{graphtest.Random(1, 4, 3, 5), graphtest.RandomIDs(2, 300, 4, 3), graph.Ints([]int{4, 1, 0})},
			Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{losses.Mean{Lengths: in[2]}.Apply(g, h.Losses(g, in[0], in[1], graph.NoID), in[1])}
			},
		})
	}
}

// The same seed draws the same classes, another one others; evaluation sees all classes. Gradients by rows are the
// gradients.
func TestSampledHeadSeeds(t *testing.T) {
	x, targets := graphtest.Random(1, 6, 5), graphtest.RandomIDs(2, 40, 6)
	grads := map[bool][]float64{}
	for _, sparse := range []bool{false, true} {
		h := nn.SampledHead{Classes: 40, Samples: 8, Sparse: sparse}
		p := graph.NewParams64(1)
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Mean(h.Losses(g, in[0], in[1], graph.NoID))}
		})
		loss := func(seed uint64) float64 {
			f.Seed(seed)
			out, err := f.Grad(x, targets)
			if err != nil {
				t.Fatal(err)
			}
			return graph.Scalar(out[0])
		}
		first := loss(1)
		if other := loss(2); other == first {
			t.Error("two seeds give the same loss")
		}
		if again := loss(1); again != first {
			t.Errorf("seed 1 gives %v and %v", first, again)
		}
		grads[sparse] = slices.Concat(p.Get("weight").Grad().Float64s(), p.Get("bias").Grad().Float64s())
		if rows, known := p.Get("weight").GradRows(); known != sparse || sparse && (len(rows) < 8 || len(rows) > 14) {
			t.Errorf("rows %v, known %v", rows, known)
		}
		out, err := f.Run(x, targets)
		if err != nil {
			t.Fatal(err)
		}
		full, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Head{Classes: 40}.Apply(g, in[0]), in[1])}
		}).Run(x, targets)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := graph.Scalar(out[0]), graph.Scalar(full[0]); math.Abs(a-b) > 1e-13 {
			t.Errorf("evaluation gives %v, the full softmax %v", a, b)
		}
	}
	graphtest.Close(t, "gradients by rows", graph.Floats64(grads[true]), graph.Floats64(grads[false]), 0)
}

// Over many draws, an id is among the candidates as often as its count says, and the sum of exp(logit)/count over the
// candidates is that over all classes: what the loss rests on. The count is TensorFlow's, an approximation that takes the
// number of tries for given; a simulation in numpy, too, finds sums 1 % too large for 150 of 400, and less for more.
func TestSampleIsUnbiased(t *testing.T) {
	const classes, samples, rounds = 400, 150, 1500
	logits := graphtest.Random(5, classes).Float64s()
	f := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		c := g.LogUniform(samples, classes)
		all := g.Const(graph.Ints(upTo(classes)))
		estimate := g.Sum(g.Exp(g.Sub(g.Gather(in[0], c.IDs), c.LogCount(g, c.IDs, graph.NoID))))
		hits := g.SameIDs(all, c.IDs)
		return []graph.Node{estimate, g.Sum(hits, -1), g.Exp(c.LogCount(g, all, graph.NoID))}
	})
	want, mean := 0.0, 0.0
	for _, l := range logits {
		want += math.Exp(l)
	}
	hits, counts := make([]float64, classes), make([]float64, classes)
	for range rounds {
		out, err := f.Grad(graph.Floats64(logits))
		if err != nil {
			t.Fatal(err)
		}
		mean += graph.Scalar(out[0]) / rounds
		for i := range classes {
			hits[i] += out[1].Float64s()[i] / rounds
			counts[i] += out[2].Float64s()[i] / rounds
		}
	}
	if math.Abs(mean-want) > 0.025*want {
		t.Errorf("the sums' mean is %v, the sum over all %v", mean, want)
	}
	for i := range classes {
		if sd := math.Sqrt(counts[i] * (1 - counts[i]) / rounds); math.Abs(hits[i]-counts[i]) > 5*sd+0.01 {
			t.Errorf("id %d is drawn in %v of the runs, expected in %v", i, hits[i], counts[i])
		}
	}
}

func TestSampledHeadBadUse(t *testing.T) {
	for want, h := range map[string]nn.SampledHead{
		"0 samples of 5 classes; want at least 1 and": {Classes: 5},
		"5 samples of 5 classes":                      {Classes: 5, Samples: 5},
		"id 4 at position 0; want 0 to 3":             {Classes: 4, Samples: 2},
	} {
		_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(h.Losses(g, in[0], in[1], graph.NoID))}
		}).Grad(graphtest.Random(1, 1, 2), graph.Ints([]int{4}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
