package decode_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// randomTransducer is a model with random weights, made large so that it has opinions.
func randomTransducer(t *testing.T, seed uint64, classes, features int) (recurrent.Transducer, *graph.Params) {
	t.Helper()
	m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: classes, Size: 3}, Blank: int(seed) % classes,
		Cell: recurrent.StackOf(2, recurrent.LSTM{Hidden: 4}), Units: 5}
	p := graph.NewParams64(seed)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{m.Apply(g, in[0], in[1])} })
	if _, err := f.Run(graphtest.Random(1, 1, 1, features), graph.Ints([]int{0}, 1, 1)); err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		for j, w := range p.At(i).Value().Float64s() {
			p.At(i).Value().Float64s()[j] = 3 * w
		}
	}
	return m, p
}

// heardWays are the probabilities of all labels of a sequence, of at most most labels a frame.
func heardWays(t *testing.T, m recurrent.Transducer, p *graph.Params, encoded *tensor.Dense, most int) map[string]float64 {
	t.Helper()
	frames, classes := encoded.Shape()[0], m.Embedding.Tokens
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Softmax(m.Apply(g, in[0], in[1]), -1)}
	})
	total := map[string]float64{}
	var walk func(labels []int)
	walk = func(labels []int) {
		padded := append(slices.Clone(labels), -1) // a batch needs one
		out, err := f.Run(encoded, graph.Ints(padded, 1, len(padded)))
		if err != nil {
			t.Fatal(err)
		}
		at := func(t, u, v int) float64 { return out[0].Float64s()[(t*(len(padded)+1)+u)*classes+v] }
		var ways func(t, u, here int) float64
		ways = func(t, u, here int) float64 {
			sum := 0.0
			if u < len(labels) && here < most {
				sum = at(t, u, labels[u]) * ways(t, u+1, here+1)
			}
			switch blank := at(t, u, m.Blank); {
			case t+1 < frames:
				sum += blank * ways(t+1, u, 0)
			case u == len(labels):
				sum += blank
			}
			return sum
		}
		total[fmt.Sprint(labels)] = ways(0, 0, 0)
		if len(labels) == frames*most {
			return
		}
		for v := range classes {
			if v != m.Blank {
				walk(append(slices.Clip(labels), v))
			}
		}
	}
	walk([]int{})
	return total
}

// A beam that holds everything finds the most probable labels, with the probability of all their ways.
func TestTransducerBeamAgainstBruteForce(t *testing.T) {
	better := 0
	for seed := range uint64(12) {
		m, p := randomTransducer(t, seed, 3, 4)
		encoded := graphtest.Random(seed+50, 3, 1, 4)
		total := heardWays(t, m, p, encoded, 2)
		best := "[]"
		for labels, v := range total {
			if v > total[best] {
				best = labels
			}
		}
		d := decode.NewTransducer(m, p)
		got, err := d.Run(decode.TransducerSearch{Beam: 200, Max: 2}, encoded, nil)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got[0].Labels) != best || math.Abs(got[0].LogProb-math.Log(total[best])) > 1e-9 {
			t.Errorf("seed %d: %v with %g, want %s with %g", seed, got[0].Labels, got[0].LogProb, best, math.Log(total[best]))
		}
		greedy, err := d.Run(decode.TransducerSearch{Max: 2}, encoded, nil)
		if err != nil {
			t.Fatal(err)
		}
		labels := fmt.Sprint(greedy[0].Labels)
		if greedy[0].LogProb > math.Log(total[labels])+1e-9 {
			t.Errorf("seed %d: one way to %s has %g, all have %g", seed, labels, greedy[0].LogProb, math.Log(total[labels]))
		}
		if labels != best {
			better++
		}
	}
	if better == 0 {
		t.Error("the beam was never better than greedy search; the test would not see a difference")
	}
}

// However the frames are cut, and whatever else is in the batch, the labels and their probability are the same.
func TestTransducerStream(t *testing.T) {
	const steps, features = 30, 4
	m, p := randomTransducer(t, 5, 6, features)
	d := decode.NewTransducer(m, p)
	encoded := graphtest.Random(7, steps, 2, features)
	for _, s := range []decode.TransducerSearch{{}, {Beam: 3}, {Beam: 4, Max: 1}} {
		whole, err := d.Run(s, encoded, []int{steps, 0})
		if err != nil {
			t.Fatal(err)
		}
		if len(whole[0].Labels) == 0 || len(whole[1].Labels) != 0 || whole[1].LogProb != 0 {
			t.Errorf("%+v: found %v", s, whole)
		}
		stream, err := d.Stream(s)
		if err != nil {
			t.Fatal(err)
		}
		for from, n := 0, 1; from < steps; from, n = from+n, n+1 {
			var piece []float64
			for i := from; i < min(from+n, steps); i++ {
				piece = append(piece, encoded.Float64s()[i*2*features:][:features]...)
			}
			if err := stream.Add(graph.Floats64(piece, len(piece)/features, features)); err != nil {
				t.Fatal(err)
			}
		}
		if best := stream.Best(); !slices.Equal(best.Labels, whole[0].Labels) || best.LogProb != whole[0].LogProb {
			t.Errorf("%+v: %v in pieces, %v as a whole", s, best, whole[0])
		}
	}
}

// A tiny transducer learns where labels are: each stands in the features of two to four frames, with noise and pauses.
func TestTransducerLearnsAlignments(t *testing.T) {
	const classes, steps, batch, wide = 4, 16, 16, 4
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func() (x *tensor.Dense, ids, frames, labels []int) {
		values := make([]float32, steps*batch*classes)
		for i := range values {
			values[i] = 0.1 * float32(rng.NormFloat64())
		}
		ids = slices.Repeat([]int{-1}, batch*wide)
		for b := range batch {
			n, at := 1+rng.IntN(wide), 0
			for u := range n {
				label := 1 + rng.IntN(classes-1)
				ids[b*wide+u] = label
				for range 2 + rng.IntN(2) {
					values[(at*batch+b)*classes+label]++
					at++
				}
				at++ // a pause
			}
			frames, labels = append(frames, at), append(labels, n)
		}
		return graph.Floats(values, steps, batch, classes), ids, frames, labels
	}
	m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: classes, Size: 8}, Cell: recurrent.GRU{Hidden: 8}, Units: 24}
	encode := func(g *graph.Graph, x graph.Node) graph.Node {
		y, _ := recurrent.Unroll(g.Scope("encoder"), recurrent.LSTM{Hidden: 24}, x, recurrent.Options{})
		return y
	}
	p := graph.NewParams(3)
	train := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		scores := m.Scores(g, encode(g, in[0]), in[1])
		return []graph.Node{losses.Transducer{}.FromScores(g, scores, in[1], in[2], in[3])}
	})
	adam := &optim.Adam{}
	const rounds = 800
	for i := range rounds {
		x, ids, frames, labels := draw()
		if _, err := train.Grad(x, graph.Ints(ids, batch, wide), graph.Ints(frames), graph.Ints(labels)); err != nil {
			t.Fatal(err)
		}
		if err := adam.Step(p, 0.01*(1-float64(i)/rounds)); err != nil {
			t.Fatal(err)
		}
	}
	x, ids, frames, labels := draw()
	encoded, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{encode(g, in[0])}
	}).Run(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []decode.TransducerSearch{{}, {Beam: 4}} {
		got, err := decode.NewTransducer(m, p).Run(s, encoded[0], frames)
		if err != nil {
			t.Fatal(err)
		}
		wrong := 0
		for b, l := range got {
			if want := ids[b*wide:][:labels[b]]; !slices.Equal(l.Labels, want) {
				t.Logf("beam %d: sequence %d is %v, want %v", s.Beam, b, l.Labels, want)
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("beam %d: %d of %d sequences are wrong", s.Beam, wrong, batch)
		}
	}
}

func TestTransducerDecodingRefuses(t *testing.T) {
	m, p := randomTransducer(t, 3, 3, 4)
	d := decode.NewTransducer(m, p)
	bad := graphtest.Random(1, 2, 1, 4)
	bad.Float64s()[4] = math.NaN()
	for want, call := range map[string]func() error{
		"Beam -1; want 0 to":           func() error { _, err := d.Run(decode.TransducerSearch{Beam: -1}, bad, nil); return err },
		"Max -1; want 0 to":            func() error { _, err := d.Stream(decode.TransducerSearch{Max: -1}); return err },
		"2 numbers of frames":          func() error { _, err := d.Run(decode.TransducerSearch{}, bad, []int{1, 2}); return err },
		"3 frames of sequence 0":       func() error { _, err := d.Run(decode.TransducerSearch{}, bad, []int{3}); return err },
		"found [2 4]":                  func() error { _, err := d.Run(decode.TransducerSearch{}, graphtest.Random(1, 2, 4), nil); return err },
		"sequence 0: frame 1":          func() error { _, err := d.Run(decode.TransducerSearch{}, bad, nil); return err },
		"a Transducer without weights": func() error { _, err := decode.NewTransducer(m, nil).Stream(decode.TransducerSearch{}); return err },
		"an empty TransducerStream":    func() error { return new(decode.TransducerStream).Add(bad) },
		"want frames [T, F], found [2 1 4]": func() error {
			s, err := d.Stream(decode.TransducerSearch{})
			if err != nil {
				return err
			}
			return s.Add(bad)
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
