package losses_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

// crfParams are random weights of a CRF.
func crfParams(t *testing.T, k int) *graph.Params {
	t.Helper()
	p := graph.NewParams64(1)
	for i, w := range []struct {
		name  string
		shape []int
	}{{"crf.transitions", []int{k, k}}, {"crf.start_transitions", []int{k}}, {"crf.end_transitions", []int{k}}} {
		if _, err := p.Add(w.name, graphtest.Random(uint64(20+i), w.shape...)); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func crf(g *graph.Graph, in []graph.Node) []graph.Node {
	return []graph.Node{losses.CRF{Lengths: in[2]}.Apply(g.Scope("crf"), in[0], in[1])}
}

// everything scores all sequences of tags by the definition.
func everything(p *graph.Params, emission func(t int) []float64, steps, k int) (scores map[string]float64, best []int) {
	get := func(name string) []float64 { return p.Get("crf." + name).Value().Float64s() }
	between, start, end := get("transitions"), get("start_transitions"), get("end_transitions")
	scores = map[string]float64{}
	top := math.Inf(-1)
	var walk func(tags []int)
	walk = func(tags []int) {
		if len(tags) < steps {
			for tag := range k {
				walk(append(slices.Clip(tags), tag))
			}
			return
		}
		s := start[tags[0]] + end[tags[steps-1]]
		for t, tag := range tags {
			s += emission(t)[tag]
			if t > 0 {
				s += between[tags[t-1]*k+tag]
			}
		}
		scores[fmt.Sprint(tags)] = s
		if s > top {
			top, best = s, tags
		}
	}
	walk(nil)
	return scores, best
}

func TestCRFAgainstBruteForce(t *testing.T) {
	for _, c := range []struct{ steps, k int }{{1, 1}, {1, 4}, {4, 1}, {5, 3}, {3, 5}} {
		p := crfParams(t, c.k)
		lengths := []int{c.steps, max(c.steps-2, 0), 0, 1}
		batch := len(lengths)
		emissions := graphtest.Random(5, c.steps, batch, c.k)
		tags := graphtest.RandomIDs(6, c.k, c.steps, batch)
		got, scores, err := losses.CRF{}.Tags(p, "crf", emissions, lengths)
		if err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for b, n := range lengths {
			for step := n; step < c.steps; step++ {
				tags.Ints()[step*batch+b] = -1
			}
			if n == 0 {
				if len(got[b]) != 0 || scores[b] != 0 {
					t.Errorf("an empty sequence has the tags %v with score %g", got[b], scores[b])
				}
				continue
			}
			all, best := everything(p, func(t int) []float64 { return emissions.Float64s()[(t*batch+b)*c.k:][:c.k] }, n, c.k)
			if !slices.Equal(got[b], best) || math.Abs(scores[b]-all[fmt.Sprint(best)]) > 1e-12 {
				t.Errorf("T=%d K=%d: tags %v with %g, want %v with %g", c.steps, c.k, got[b], scores[b], best, all[fmt.Sprint(best)])
			}
			var mine []int
			for step := range n {
				mine = append(mine, tags.Ints()[step*batch+b])
			}
			sum := 0.0
			for _, s := range all {
				sum += math.Exp(s)
			}
			want += (math.Log(sum) - all[fmt.Sprint(mine)]) / float64(batch)
		}
		out, err := graph.NewFunc(p, crf).Run(emissions, tags, graph.Ints(lengths))
		if err != nil {
			t.Fatal(err)
		}
		if v := graph.Scalar(out[0]); math.Abs(v-want) > 1e-12 {
			t.Errorf("T=%d K=%d: loss %g, want %g", c.steps, c.k, v, want)
		}
	}
}

// Marginals are sums over all sequences of tags.
func TestCRFMarginals(t *testing.T) {
	for _, c := range []struct{ steps, k int }{{1, 1}, {1, 4}, {4, 1}, {5, 3}} {
		p := crfParams(t, c.k)
		lengths := []int{c.steps, max(c.steps-2, 0), 0, 1}
		batch := len(lengths)
		emissions := graphtest.Random(5, c.steps, batch, c.k)
		out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.CRF{Lengths: in[1]}.Marginals(g.Scope("crf"), in[0])}
		}).Run(emissions, graph.Ints(lengths))
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float64, c.steps*batch*c.k)
		for b, n := range lengths {
			if n == 0 {
				continue
			}
			all, _ := everything(p, func(t int) []float64 { return emissions.Float64s()[(t*batch+b)*c.k:][:c.k] }, n, c.k)
			sum := 0.0
			for _, s := range all {
				sum += math.Exp(s)
			}
			for text, s := range all {
				for step, tag := range strings.Fields(strings.Trim(text, "[]")) {
					want[(step*batch+b)*c.k+int(tag[0]-'0')] += math.Exp(s) / sum
				}
			}
		}
		graphtest.Close(t, fmt.Sprintf("T=%d K=%d", c.steps, c.k), out[0], graph.Floats64(want, c.steps, batch, c.k), 1e-12)
	}
}

func TestCRFGradient(t *testing.T) {
	tags := graphtest.RandomIDs(6, 3, 4, 3)
	tags.Ints()[3*3+1] = -1 // padding
	graphtest.CheckGradient(t, graphtest.Gradient{Build: crf, Params: crfParams(t, 3),
		Inputs: []*tensor.Dense{graphtest.Random(5, 4, 3, 3), tags, graph.Ints([]int{4, 3, 0})}})
}

// Without lengths, every step counts.
func TestCRFWithoutLengths(t *testing.T) {
	emissions, tags := graphtest.Random(5, 4, 2, 3), graphtest.RandomIDs(6, 3, 4, 2)
	with, err := graph.NewFunc(crfParams(t, 3), crf).Run(emissions, tags, graph.Ints([]int{4, 4}))
	if err != nil {
		t.Fatal(err)
	}
	without, err := graph.NewFunc(crfParams(t, 3), func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CRF{}.Apply(g.Scope("crf"), in[0], in[1])}
	}).Run(emissions, tags)
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "loss", without[0], with[0], 1e-14)
}

func TestCRFRefuses(t *testing.T) {
	p := crfParams(t, 3)
	f := graph.NewFunc(p, crf)
	ids := func(n ...int) *tensor.Dense { return graph.Ints(make([]int, sizeOf(n)), n...) }
	for want, in := range map[string][]*tensor.Dense{
		"want emissions [T, B, K] and tags [T, B]":                                    {graphtest.Random(1, 4, 2, 3), ids(2, 4), ids(2)},
		"lengths [3] for [T, B, ...] = [4 2 3]; want ids [B]":                         {graphtest.Random(1, 4, 2, 3), ids(4, 2), ids(3)},
		"losses.CRF in crf [4 2]: the tag at step 1 of sequence 1 is -1; want 0 to 2": {graphtest.Random(1, 4, 2, 3), graph.Ints([]int{0, 0, 0, -1, 0, -1, 0, -1}, 4, 2), graph.Ints([]int{4, 2})},
		"the tag at step 3 of sequence 1, which is padding, is 3; want -1 or 0 to 2":  {graphtest.Random(1, 4, 2, 3), graph.Ints([]int{0, 0, 0, 0, 0, -1, 0, 3}, 4, 2), graph.Ints([]int{4, 2})},
		"the store holds [3 3]": {graphtest.Random(1, 4, 2, 5), ids(4, 2), ids(2)},
	} {
		if _, err := f.Run(in...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.CRF{}.Apply(g.Scope("crf"), in[0], in[1])}
	}).Run(graphtest.Random(1, 4, 1, 3), graph.Ints([]int{0, 1, -1, 2}, 4, 1)); err == nil || !strings.Contains(err.Error(), "the tag at step 2 of sequence 0 is -1; want 0 to 2") {
		t.Errorf("a missing tag: error %v", err)
	}
	for want, f := range map[string]func() error{
		"there is no parameter transitions": func() error { _, _, err := losses.CRF{}.Tags(p, "", graphtest.Random(1, 4, 2, 3), nil); return err },
		"has shape [3 3]; want [2 2]":       func() error { _, _, err := losses.CRF{}.Tags(p, "crf", graphtest.Random(1, 4, 2, 2), nil); return err },
		"1 lengths of 2 sequences": func() error {
			_, _, err := losses.CRF{}.Tags(p, "crf", graphtest.Random(1, 4, 2, 3), []int{1})
			return err
		},
		"length 5 of sequence 1": func() error {
			_, _, err := losses.CRF{}.Tags(p, "crf", graphtest.Random(1, 4, 2, 3), []int{1, 5})
			return err
		},
		"emissions: element type int; want float32 or float64": func() error {
			_, _, err := losses.CRF{}.Tags(p, "crf", graph.Ints(make([]int, 24), 4, 2, 3), nil)
			return err
		},
		"the emission of tag 2 at step 0 of sequence 1 is NaN": func() error {
			_, _, err := losses.CRF{}.Tags(p, "crf", graph.Floats64([]float64{0, 0, 0, 0, 0, math.NaN()}, 1, 2, 3), []int{1, 1})
			return err
		},
		"want emissions [T, B, K], found [4 2]": func() error { _, _, err := losses.CRF{}.Tags(p, "crf", graphtest.Random(1, 4, 2), nil); return err },
		"emissions: the tensor is nil":          func() error { _, _, err := losses.CRF{}.Tags(p, "crf", nil, nil); return err },
		"is a view or not row-major": func() error {
			e := graphtest.Random(1, 2, 4, 3)
			if err := e.T(1, 0, 2); err != nil {
				return err
			}
			_, _, err := losses.CRF{}.Tags(p, "crf", e, nil)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
