package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// inventor makes names of a language.
type inventor struct {
	names      *names
	params     *graph.Params
	model      recurrent.OneToMany
	start, end int
}

// language is the table's row of languages [1, B], [B, F].
func (v *inventor) language(g *graph.Graph, ids graph.Node) graph.Node {
	x := nn.Embedding{Tokens: len(v.names.parts.Train.Classes), Size: 32}.Apply(g.Scope("language"), ids)
	return g.Reshape(x, ids.Dim(1), 32)
}

// invent trains a network that makes names of a language, lets it make some, and has them judged.
func (n *names) invent(judge *study.Classifier, wanted []string) error {
	v := &inventor{names: n, params: graph.NewParams(*seed)}
	v.model = recurrent.OneToMany{Conditioning: recurrent.ConditionBoth, Embedding: nn.Embedding{Tokens: n.letters.Len(), Size: 32},
		Cell: recurrent.LSTM{Hidden: 128}, Dropout: 0.2}
	v.start, _ = n.letters.ID(datasets.Start)
	v.end, _ = n.letters.ID(datasets.End)
	fmt.Println("\nNames from languages, LSTM 128")
	loss, err := v.fit()
	if err != nil {
		return err
	}
	baseline, err := pairLoss(n.parts.Train, n.parts.Test)
	if err != nil {
		return err
	}
	fmt.Printf("    test: perplexity %.2f a letter; from the letter before and the language alone: %.2f\n\n",
		metric.Perplexity(loss), math.Exp(baseline))
	return v.show(judge, wanted)
}

// fit trains the inventor and returns its loss on the test names.
func (v *inventor) fit() (float64, error) {
	source := func(l catalog.Labelled, shuffle bool) (train.Source, error) {
		ids, err := v.names.ids(l)
		if err != nil {
			return nil, err
		}
		languages := make([][]int, len(ids.Labels))
		for i, label := range ids.Labels {
			languages[i] = []int{label}
		}
		b, err := datasets.PairBatches(languages, ids.Sequences, v.start, v.end, datasets.Batching{Size: 64, Shuffle: shuffle, Seed: *seed,
			RoundTo: 1, DropLast: shuffle, TargetPadding: -1})
		return train.FromBatches(b), err
	}
	var parts [3]train.Source
	for i, l := range []catalog.Labelled{v.names.parts.Train, v.names.parts.Validation, v.names.parts.Test} {
		var err error
		if parts[i], err = source(l, i == 0); err != nil {
			return 0, err
		}
	}
	ignore := -1
	loop := &train.Loop{Data: parts[0], Seed: *seed, Optimizer: &optim.Adam{}, Clip: train.Clip{Norm: 1}, Epochs: 12,
		Schedule:   optim.Cosine{Start: 0.003, End: 0.0001, Steps: 12 * parts[0].Len()},
		Validation: train.Validation{Data: parts[1], KeepBest: true},
		Loss: graph.NewFunc(v.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
			b := train.BatchOf(g, in) // languages [1, B] as inputs, letters as targets
			y, _ := v.model.Apply(g, v.language(g, b.Inputs), b.TargetInputs, recurrent.Options{})
			return []graph.Node{losses.CrossEntropy{Ignore: &ignore}.Apply(g, y, b.Targets)}
		})}
	if _, err := study.Fit(loop); err != nil {
		return 0, err
	}
	return train.Validate(loop.Loss, parts[2], nil)
}

// draw makes names of a language.
func (v *inventor) draw(language, n int) ([]string, error) {
	begin, err := graph.NewFunc(v.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return v.model.Begin(g, v.language(g, in[0]))
	}).Run(graph.Ints([]int{language}, 1, 1))
	if err != nil {
		return nil, err
	}
	step := graph.NewFunc(v.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, next := v.model.Step(g, in[0], in[1:])
		return append([]graph.Node{y}, next...)
	})
	s := decode.Search{
		Start: v.start, End: v.end, Max: 20, Min: 2, Best: n, FirstSource: language,
		Sampler: &decode.Sampler{Temperature: 0.8}, Seed: *seed,
	}
	m, err := decode.NewStepper(step, begin, nil, nil, s.Rows())
	if err != nil {
		return nil, err
	}
	found, err := s.Run(m)
	if err != nil {
		return nil, err
	}
	out := make([]string, n)
	for i, h := range found[0] {
		if out[i], err = v.names.letters.Decode(h.Tokens); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// judged is how many names are drawn of each language to be judged.
const judged = 200

// show prints names of languages, and how many of them are new and taken for the language by the recogniser.
func (v *inventor) show(judge *study.Classifier, wanted []string) error {
	known := map[string]bool{}
	for _, t := range v.names.parts.Train.Texts {
		known[t] = true
	}
	classes := v.names.parts.Train.Classes
	fmt.Printf("%-12s %8s %12s  %s\n", "language", "new", "recognised", "names that are new")
	for label, class := range classes {
		if len(wanted) == 1 && class != wanted[0] {
			continue
		}
		drawn, err := v.draw(label, judged)
		if err != nil {
			return err
		}
		var ids [][]int
		var fresh []string
		for _, name := range drawn {
			sequence, err := v.names.letters.Encode(name)
			if err != nil {
				return err
			}
			ids = append(ids, sequence)
			if !known[name] {
				fresh = append(fresh, name)
			}
		}
		labels, err := judge.Predict(ids)
		if err != nil {
			return err
		}
		right := 0
		for _, l := range labels {
			if l == label {
				right++
			}
		}
		some := strings.Join(fresh[:min(len(fresh), *count)], ", ")
		fmt.Printf("%-12s %7.0f%% %11.0f%%  %s\n", class, percent(len(fresh)), percent(right), some)
	}
	return nil
}

func percent(n int) float64 { return 100 * float64(n) / judged }

// pairLoss is what a table of letter pairs for each language reaches: the mean of -log p(letter | letter before, language)
// with one count added for each, in nats.
func pairLoss(fit, test catalog.Labelled) (float64, error) {
	type place struct {
		language int
		before   rune
	}
	const end = '$'
	counts, totals, letters := map[place]map[rune]float64{}, map[place]float64{}, map[rune]bool{end: true}
	walk := func(l catalog.Labelled, f func(p place, r rune)) {
		for i, t := range l.Texts {
			before := '^'
			for _, r := range t + string(end) {
				f(place{l.Labels[i], before}, r)
				before = r
			}
		}
	}
	walk(fit, func(p place, r rune) {
		if counts[p] == nil {
			counts[p] = map[rune]float64{}
		}
		counts[p][r]++
		totals[p]++
		letters[r] = true
	})
	sum, n := 0.0, 0
	walk(test, func(p place, r rune) {
		sum -= math.Log((counts[p][r] + 1) / (totals[p] + float64(len(letters))))
		n++
	})
	return sum / float64(n), nil
}
