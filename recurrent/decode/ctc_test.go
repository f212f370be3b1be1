package decode_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// ways sums the probability of every way through the frames of a sequence by the labels that it gives.
func ways(logits *tensor.Dense, b, frames, blank int) (total map[string]float64, best string) {
	batch, classes := logits.Shape()[1], logits.Shape()[2]
	total = map[string]float64{}
	var walk func(path []int, p float64)
	walk = func(path []int, p float64) {
		if len(path) == frames {
			labels := []int{}
			for i, v := range path {
				if v != blank && (i == 0 || v != path[i-1]) {
					labels = append(labels, v)
				}
			}
			total[fmt.Sprint(labels)] += p
			return
		}
		row := logits.Float64s()[(len(path)*batch+b)*classes:][:classes]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		for v := range classes {
			walk(append(slices.Clip(path), v), p*math.Exp(row[v])/sum)
		}
	}
	walk(nil, 1)
	for labels, p := range total {
		if p > total[best] {
			best = labels
		}
	}
	return total, best
}

// A beam that holds everything finds the most probable labels, with the probability of all their ways.
func TestCTCBeamAgainstBruteForce(t *testing.T) {
	better := 0
	for seed := range uint64(30) {
		blank := int(seed % 3)
		logits := graphtest.Random(seed, 6, 2, 3)
		frames := []int{6, int(seed % 7)}
		got, err := decode.CTC{Blank: blank, Beam: 2000}.Run(logits, frames)
		if err != nil {
			t.Fatal(err)
		}
		greedy, err := decode.CTC{Blank: blank}.Run(logits, frames)
		if err != nil {
			t.Fatal(err)
		}
		for b, l := range got {
			total, best := ways(logits, b, frames[b], blank)
			if fmt.Sprint(l.Labels) != best || math.Abs(l.LogProb-math.Log(total[best])) > 1e-9 {
				t.Errorf("seed %d: %v with %g, want %s with %g", seed, l.Labels, l.LogProb, best, math.Log(total[best]))
			}
			g := fmt.Sprint(greedy[b].Labels)
			if greedy[b].LogProb > math.Log(total[g])+1e-9 {
				t.Errorf("seed %d: one way to %s has %g, all have %g", seed, g, greedy[b].LogProb, math.Log(total[g]))
			}
			if g != best {
				better++
			}
		}
	}
	if better == 0 {
		t.Error("the beam was never better than greedy decoding; the test would not see a difference")
	}
}

func TestCTCGreedy(t *testing.T) {
	// Frames a a - a b b -: labels a a b.
	path := []int{1, 1, 0, 1, 2, 2, 0}
	x := make([]float32, len(path)*3)
	for i, v := range path {
		x[i*3+v] = 5
	}
	got, err := decode.CTC{}.Run(graph.Floats(x, len(path), 1, 3), nil)
	if err != nil || !slices.Equal(got[0].Labels, []int{1, 1, 2}) {
		t.Errorf("%v, error %v; want 1 1 2", got, err)
	}
}

// With a language model, the best score over all labels wins, here one that dislikes 2 after 1.
func TestCTCLanguageModel(t *testing.T) {
	language := func(before []int, label int) float64 {
		if len(before) > 0 && before[len(before)-1] == 1 && label == 2 {
			return -3
		}
		return -0.5
	}
	changed := 0
	for seed := range uint64(30) {
		logits := graphtest.Random(seed, 5, 1, 3)
		got, err := decode.CTC{Beam: 2000, Language: decode.LanguageFunc(language), Weight: 2}.Run(logits, nil)
		if err != nil {
			t.Fatal(err)
		}
		total, plain := ways(logits, 0, 5, 0)
		top, best := math.Inf(-1), ""
		for text, p := range total {
			var labels []int
			for w := range strings.FieldsSeq(strings.Trim(text, "[]")) {
				labels = append(labels, int(w[0]-'0'))
			}
			score := math.Log(p)
			for i, v := range labels {
				score += 2 * language(labels[:i], v)
			}
			if score > top {
				top, best = score, text
			}
		}
		if fmt.Sprint(got[0].Labels) != best || math.Abs(got[0].Score-top) > 1e-9 {
			t.Errorf("seed %d: %v with %g, want %s with %g", seed, got[0].Labels, got[0].Score, best, top)
		}
		if best != plain {
			changed++
		}
	}
	if changed == 0 {
		t.Error("the language model never changed anything; the test would not see it")
	}
}

// plainPrefixSearch is prefix beam search as one would write it down: a table of all prefixes of each frame, by their text.
func plainPrefixSearch(logits *tensor.Dense, beam int, language func(before []int, label int) float64) (best []int, score float64) {
	type entry struct {
		labels          []int
		blank, labelled float64 // probabilities
	}
	steps, classes := logits.Shape()[0], logits.Shape()[2]
	total := func(e entry) float64 {
		p := math.Log(e.blank + e.labelled)
		for i, v := range e.labels {
			p += language(e.labels[:i], v)
		}
		return p
	}
	kept := []entry{{blank: 1}}
	for t := range steps {
		row, sum := logits.Float64s()[t*classes:][:classes], 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		table := map[string]entry{}
		add := func(labels []int, blank, labelled float64) {
			e := table[fmt.Sprint(labels)]
			table[fmt.Sprint(labels)] = entry{labels, e.blank + blank, e.labelled + labelled}
		}
		for _, e := range kept {
			add(e.labels, (e.blank+e.labelled)*math.Exp(row[0])/sum, 0)
			for label := 1; label < classes; label++ {
				p, longer := math.Exp(row[label])/sum, append(slices.Clone(e.labels), label)
				if n := len(e.labels); n > 0 && e.labels[n-1] == label {
					add(e.labels, 0, e.labelled*p)
					add(longer, 0, e.blank*p)
				} else {
					add(longer, 0, (e.blank+e.labelled)*p)
				}
			}
		}
		kept = kept[:0]
		for _, e := range table {
			if !math.IsInf(total(e), -1) {
				kept = append(kept, e)
			}
		}
		slices.SortFunc(kept, func(a, b entry) int { return cmp.Compare(total(b), total(a)) })
		kept = kept[:min(beam, len(kept))]
	}
	return kept[0].labels, total(kept[0])
}

// Narrow beams lose prefixes and find them again, below others that were kept.
func TestCTCNarrowBeams(t *testing.T) {
	free := func([]int, int) float64 { return 0 }
	strict := func(before []int, label int) float64 { // no 3 after 1, and long texts cost
		if n := len(before); n > 0 && before[n-1] == 1 && label == 3 {
			return math.Inf(-1)
		}
		return -0.3 * float64(label)
	}
	for seed := range uint64(40) {
		logits := graphtest.Random(seed, 14, 1, 4)
		for _, beam := range []int{2, 3, 5, 12} {
			for name, language := range map[string]func([]int, int) float64{"free": free, "strict": strict} {
				d := decode.CTC{Beam: beam}
				if name == "strict" {
					d.Language = decode.LanguageFunc(language)
				}
				got, err := d.Run(logits, nil)
				if err != nil {
					t.Fatal(err)
				}
				best, score := plainPrefixSearch(logits, beam, language)
				if !slices.Equal(got[0].Labels, best) || math.Abs(got[0].Score-score) > 1e-9 {
					t.Errorf("seed %d, beam %d, %s: %v with %g, want %v with %g", seed, beam, name, got[0].Labels, got[0].Score, best, score)
				}
			}
		}
	}
}

// The size of a line of handwriting, with frames that say nothing at its end, where all prefixes are alike.
func TestCTCLong(t *testing.T) {
	const steps, classes = 300, 80
	x := make([]float32, steps*classes)
	var want []int
	for i := 0; i < 250; i += 5 { // a label for two frames, the blank for three
		label := 1 + (i*7/5)%(classes-1)
		want = append(want, label)
		for j, v := range []int{label, label, 0, 0, 0} {
			x[(i+j)*classes+v] = 12
		}
	}
	got, err := decode.CTC{Beam: 50}.Run(graph.Floats(x, steps, 1, classes), []int{250})
	if err != nil || !slices.Equal(got[0].Labels, want) {
		t.Errorf("%v, error %v; want %v", got, err, want)
	}
	all, err := decode.CTC{Beam: 50}.Run(graph.Floats(x, steps, 1, classes), nil)
	if err != nil || len(all[0].Labels) < len(want) || !slices.Equal(all[0].Labels[:len(want)], want) {
		t.Errorf("%v, error %v; want %v and perhaps more", all, err, want)
	}
}

func TestCTCRefuses(t *testing.T) {
	x := graphtest.Random(1, 4, 2, 3)
	run := func(d decode.CTC, logits *tensor.Dense, frames []int) error {
		_, err := d.Run(logits, frames)
		return err
	}
	nan := decode.LanguageFunc(func([]int, int) float64 { return math.NaN() })
	for want, err := range map[string]error{
		"blank 3; want 0 to 2": run(decode.CTC{Blank: 3}, x, nil),
		"Beam -1":              run(decode.CTC{Beam: -1}, x, nil),
		"Weight -1":            run(decode.CTC{Weight: -1}, x, nil),
		"before the first label: the language model gives label 1 the log-probability NaN": run(decode.CTC{Language: nan}, x, nil),
		"1 numbers of frames for 2 sequences":                                              run(decode.CTC{}, x, []int{1}),
		"5 frames of sequence 1; want 0 to 4":                                              run(decode.CTC{}, x, []int{1, 5}),
		"want float logits [T, B, V], found":                                               run(decode.CTC{}, graphtest.Random(1, 4, 3), nil),
		"sequence 0, frame 1: no token has a fini":                                         run(decode.CTC{}, graph.Floats64([]float64{0, 0, math.Inf(-1), math.Inf(-1)}, 2, 1, 2), nil),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
