package decode_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// bestWay is the likeliest of all paths through the frames of a sequence that give the labels, by brute force.
func bestWay(logits *tensor.Dense, b, frames, blank int, labels []int) (best []int, logProb float64) {
	batch, classes := logits.Shape()[1], logits.Shape()[2]
	logProb = math.Inf(-1)
	var walk func(path []int, p float64)
	walk = func(path []int, p float64) {
		if len(path) == frames {
			var found []int
			for i, v := range path {
				if v != blank && (i == 0 || v != path[i-1]) {
					found = append(found, v)
				}
			}
			if slices.Equal(found, labels) && p > logProb {
				best, logProb = path, p
			}
			return
		}
		row := logits.Float64s()[(len(path)*batch+b)*classes:][:classes]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		for v := range classes {
			walk(append(slices.Clip(path), v), p+row[v]-math.Log(sum))
		}
	}
	walk(nil, 0)
	return best, logProb
}

func TestAlignAgainstBruteForce(t *testing.T) {
	for seed := range uint64(12) {
		blank := int(seed % 3)
		a, b := (blank+1)%3, (blank+2)%3
		logits := graphtest.Random(seed, 7, 2, 3)
		frames := []int{7, 3 + int(seed%4)}
		labels := [][]int{{a, b, b, a}, {b, b}}
		if seed%4 == 3 {
			labels[1] = nil
		}
		got, err := decode.CTC{Blank: blank}.Align(logits, frames, labels)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range got {
			path, logProb := bestWay(logits, i, frames[i], blank, labels[i])
			if math.Abs(g.LogProb-logProb) > 1e-9 {
				t.Errorf("seed %d: log-probability %g, want %g", seed, g.LogProb, logProb)
			}
			found := slices.Repeat([]int{blank}, frames[i])
			for k, s := range g.Spans {
				for f := s.Begin; f < s.End; f++ {
					found[f] = labels[i][k]
				}
			}
			if !slices.Equal(found, path) {
				t.Errorf("seed %d: path %v, want %v", seed, found, path)
			}
		}
	}
}

func TestAlignAgreesWithTorchaudio(t *testing.T) {
	raw, err := os.ReadFile("testdata/align.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Logits  [][]float64  `json:"logits"`
		Labels  []int        `json:"labels"`
		Blank   int          `json:"blank"`
		LogProb float64      `json:"log_prob"`
		Spans   [][3]float64 `json:"spans"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		got, err := decode.CTC{Blank: c.Blank}.Align(graph.Floats64(slices.Concat(c.Logits...), len(c.Logits), 1, len(c.Logits[0])), nil,
			[][]int{c.Labels})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got[0].LogProb-c.LogProb) > 1e-9 || len(got[0].Spans) != len(c.Spans) {
			t.Errorf("case %d: log-probability %g of %d labels, want %g of %d", i, got[0].LogProb, len(got[0].Spans), c.LogProb, len(c.Spans))
			continue
		}
		for k, s := range got[0].Spans {
			w := c.Spans[k]
			if s.Begin != int(w[0]) || s.End != int(w[1]) || math.Abs(s.Confidence-w[2]) > 1e-9 {
				t.Errorf("case %d, label %d: %+v, want %v", i, k, s, w)
			}
		}
	}
}

// bestWayHeard is the likeliest way of a transducer to labels, by brute force: the frame in which each is said.
func bestWayHeard(at func(t, u, v int) float64, frames, blank int, labels []int) (best []int, logProb float64) {
	logProb = math.Inf(-1)
	var walk func(t int, said []int, p float64)
	walk = func(t int, said []int, p float64) {
		u := len(said)
		if u < len(labels) {
			walk(t, append(slices.Clip(said), t), p+at(t, u, labels[u]))
		}
		p += at(t, u, blank)
		switch {
		case t+1 < frames:
			walk(t+1, said, p)
		case u == len(labels) && p > logProb:
			best, logProb = said, p
		}
	}
	walk(0, nil, 0)
	return best, logProb
}

func TestTransducerAlignAgainstBruteForce(t *testing.T) {
	for seed := range uint64(8) {
		m, p := randomTransducer(t, seed, 4, 3)
		other := func(i int) int { return (m.Blank + 1 + i%3) % 4 }
		frames := []int{6, 1 + int(seed%6)}
		labels := [][]int{{other(0), other(0), other(2)}, {other(1), other(2)}}
		if seed%3 == 2 {
			labels[1] = nil
		}
		encoded := graphtest.Random(seed+9, 6, 2, 3)
		got, err := decode.NewTransducer(m, p).Align(encoded, frames, labels)
		if err != nil {
			t.Fatal(err)
		}
		scores := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.LogSoftmax(m.Apply(g, in[0], in[1]), -1)}
		})
		for b, a := range got {
			padded := append(slices.Clone(labels[b]), -1)
			wide := slices.Concat(padded, padded)
			out, err := scores.Run(encoded, graph.Ints(wide, 2, len(padded)))
			if err != nil {
				t.Fatal(err)
			}
			at := func(t, u, v int) float64 { return out[0].Float64s()[((t*2+b)*(len(padded)+1)+u)*4+v] }
			best, logProb := bestWayHeard(at, frames[b], m.Blank, labels[b])
			if math.Abs(a.LogProb-logProb) > 1e-9 {
				t.Errorf("seed %d: log-probability %g, want %g", seed, a.LogProb, logProb)
			}
			for u, s := range a.Spans {
				if s.Begin != best[u] || s.End != best[u]+1 || math.Abs(s.Confidence-math.Exp(at(s.Begin, u, labels[b][u]))) > 1e-9 {
					t.Errorf("seed %d, label %d: %+v, want frame %d", seed, u, s, best[u])
				}
			}
		}
	}
}

func TestWords(t *testing.T) {
	spans := func(at ...int) (a decode.Alignment) {
		for i, t := range at {
			a.Spans = append(a.Spans, decode.Span{Begin: t, End: t + 1 + i%2, Confidence: 0.1 * float64(i+1)})
		}
		return a
	}
	check := func(a decode.Alignment, pieces []string, want ...decode.Word) {
		t.Helper()
		got, err := a.Words(pieces)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %+v, want %+v", pieces, got, want)
		}
		for i, w := range want {
			g := got[i]
			if g.Text != w.Text || g.Begin != w.Begin || g.End != w.End || math.Abs(g.Confidence-w.Confidence) > 1e-9 {
				t.Errorf("%q: %+v, want %+v", pieces, g, w)
			}
		}
	}
	word := func(text string, begin, end int, confidence float64) decode.Word {
		return decode.Word{Text: text, Span: decode.Span{Begin: begin, End: end, Confidence: confidence}}
	}
	check(spans(0, 2, 5, 7), []string{"a", "b", " ", "c"}, word("ab", 0, 4, 0.5/3), word("c", 7, 9, 0.4))
	check(spans(1, 3), []string{" the", " end"}, word("the", 1, 2, 0.1), word("end", 3, 5, 0.2))
	check(spans(1, 3), []string{"the ", "end\n"}, word("the", 1, 2, 0.1), word("end", 3, 5, 0.2))
	check(spans(1), []string{"e t"}, word("e", 1, 2, 0.1), word("t", 1, 2, 0.1))
	check(spans(1, 2), []string{" ", "\u00a0"})
	check(spans(), nil)
	if _, err := spans(1, 2).Words([]string{"a"}); err == nil || !strings.Contains(err.Error(), "1 pieces of 2 labels") {
		t.Errorf("error %v", err)
	}
}

func TestAlignRefuses(t *testing.T) {
	inf := math.Inf(1)
	x := graphtest.Random(1, 3, 1, 3)
	never := graph.Floats64([]float64{0, -inf, 0, 0, -inf, 0}, 2, 1, 3)
	align := func(d decode.CTC, x *tensor.Dense, frames []int, labels ...[]int) error {
		_, err := d.Align(x, frames, labels)
		return err
	}
	transducer := func(x *tensor.Dense, frames []int, labels ...[]int) error {
		_, err := decode.NewTransducer(heard()).Align(x, frames, labels)
		return err
	}
	sound := graph.Floats(make([]float32, 8), 2, 1, 4)
	for want, err := range map[string]error{
		"sequence 0: 3 frames for 3 labels; want 5":      align(decode.CTC{}, x, nil, []int{1, 1, 1}),
		"0 frames for 1 labels; want 1 or more":          align(decode.CTC{}, x, []int{0}, []int{1}),
		"label 1 is 0; want 0 to 2, and not the blank 0": align(decode.CTC{}, x, nil, []int{1, 0}),
		"label 0 is 3":                align(decode.CTC{}, x, nil, []int{3}),
		"label 0 is -1":               align(decode.CTC{}, x, nil, []int{-1}),
		"labels of 2 sequences for 1": align(decode.CTC{}, x, nil, nil, nil),
		"no path of the labels [1] has a probability abo": align(decode.CTC{}, never, nil, []int{1}),
		"blank 4; want 0 to 2":                            align(decode.CTC{Blank: 4}, x, nil, nil),
		"Transducer: sequence 0: 0 frames for 1 labels":   transducer(sound, []int{0}, []int{1}),
		"Transducer: sequence 0: label 0 is 0":            transducer(sound, nil, []int{0}),
		"Transducer: sequence 0: labels of 0 sequences":   transducer(sound, nil),
		"3 frames of sequence 0; want 0 to 2":             transducer(sound, []int{3}, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := align(decode.CTC{}, x, nil, []int{1, 1}); err != nil {
		t.Errorf("three frames are just enough for two equal labels: %v", err)
	}
	if got, err := (decode.CTC{}).Align(x, []int{0}, [][]int{nil}); err != nil || len(got[0].Spans) != 0 || got[0].LogProb != 0 {
		t.Errorf("no labels in no frames: %v, error %v", got, err)
	}
}
