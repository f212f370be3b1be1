// Command diacritics puts the marks back onto Vietnamese text that was typed without them, letter by letter (many to
// many in step): "tram nam trong coi nguoi ta" is "trăm năm trong cõi người ta".
//
//	go run ./docs/examples/diacritics -text kieu.txt
//
// The file is any Vietnamese text of short lines. What it reached is in docs/examples/README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent"
)

var (
	text   = flag.String("text", "", "Vietnamese text, in lines")
	seed   = flag.Uint64("seed", 1, "of the weights and the order of lines; the test lines are always the same")
	hidden = flag.Int("hidden", 128, "width of each layer, in each direction")
	epochs = flag.Int("epochs", 40, "passes over the training lines")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "diacritics:", err)
		os.Exit(1)
	}
}

func run() error {
	if *text == "" {
		return fmt.Errorf("want a Vietnamese text: -text kieu.txt")
	}
	fit, check, test, err := load(*text)
	if err != nil {
		return err
	}
	fmt.Printf("%d lines to train on, %d to stop by, %d to test\n\n", len(fit), len(check), len(test))
	habit := habitsOf(fit)
	restorers := []struct {
		name    string
		restore func(line string) (string, error)
	}{
		{"as typed", func(line string) (string, error) { return plain(line), nil }},
		{"most frequent form of each syllable", func(line string) (string, error) { return habit.restore(plain(line)), nil }},
	}
	for _, c := range []struct {
		name  string
		layer recurrent.Layer
	}{
		{"LSTM, one direction", recurrent.DeepOf(2, recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: *hidden}})},
		{"LSTM, both directions", recurrent.DeepOf(2, recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: *hidden}})},
	} {
		fmt.Println(c.name)
		t, err := newTagger(c.layer, fit)
		if err != nil {
			return err
		}
		if err := t.fit(fit, check); err != nil {
			return err
		}
		restorers = append(restorers, struct {
			name    string
			restore func(line string) (string, error)
		}{c.name, t.restore})
	}
	fmt.Printf("\n%-38s %10s %10s\n", "right on the test lines", "letters", "syllables")
	for _, r := range restorers {
		var letters, syllables metric.ErrorRate
		for _, line := range test {
			got, err := r.restore(line)
			if err != nil {
				return err
			}
			letters.AddCharacters(got, line)
			syllables.AddWords(got, line)
		}
		fmt.Printf("%-38s %9.1f%% %9.1f%%\n", r.name, 100-100*letters.Rate(), 100-100*syllables.Rate())
	}
	fmt.Println()
	for _, line := range test[:3] {
		got, err := restorers[len(restorers)-1].restore(line)
		if err != nil {
			return err
		}
		fmt.Printf("  %s\n  %s\n  %s\n\n", plain(line), got, line)
	}
	return nil
}

// tagger reads plain letters and says which letters they stand for.
type tagger struct {
	typed, meant *datasets.Vocabulary // with the special tokens
	params       *graph.Params
	loss         *graph.Func
}

func newTagger(layer recurrent.Layer, lines []string) (*tagger, error) {
	t := &tagger{params: graph.NewParams(*seed)}
	all := strings.Join(lines, "\n")
	var err error
	if t.meant, err = withSpecials(all); err != nil {
		return nil, err
	}
	if t.typed, err = withSpecials(plain(all)); err != nil {
		return nil, err
	}
	ignore := -1
	model := recurrent.ManyToMany{Embedding: nn.Embedding{Tokens: t.typed.Len(), Size: 64}, Layer: layer, Classes: t.meant.Len(), Dropout: 0.3}
	t.loss = graph.NewFunc(t.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		b := train.BatchOf(g, in)
		y, _ := model.Apply(g, b.Inputs, recurrent.Options{Lengths: b.Lengths})
		return []graph.Node{losses.CrossEntropy{Ignore: &ignore}.Apply(g, y, b.Targets), y}
	})
	return t, nil
}

func withSpecials(text string) (*datasets.Vocabulary, error) {
	v, err := datasets.Characters(text)
	if err != nil {
		return nil, err
	}
	return v.WithSpecials()
}

func (t *tagger) source(lines []string, o datasets.Batching) (train.Source, error) {
	var typed, meant [][]int
	for _, line := range lines {
		x, err := t.typed.Encode(plain(line))
		if err != nil {
			return nil, err
		}
		y, err := t.meant.Encode(line)
		if err != nil {
			return nil, err
		}
		typed, meant = append(typed, x), append(meant, y)
	}
	o.Size, o.Pool, o.RoundTo, o.TargetPadding, o.Seed = 32, 20, 4, -1, *seed
	b, err := datasets.TaggedBatches(typed, meant, o)
	return train.FromBatches(b), err
}

func (t *tagger) fit(fit, check []string) error {
	data, err := t.source(fit, datasets.Batching{Shuffle: true, DropLast: true})
	if err != nil {
		return err
	}
	validation, err := t.source(check, datasets.Batching{})
	if err != nil {
		return err
	}
	_, err = study.Fit(&train.Loop{Loss: t.loss, Data: data, Seed: *seed, Optimizer: &optim.Adam{}, Clip: train.Clip{Norm: 1},
		Schedule: optim.Cosine{Start: 0.003, End: 0.0001, Steps: *epochs * data.Len()}, Epochs: *epochs,
		Validation: train.Validation{Data: validation, Patience: 6, KeepBest: true}})
	return err
}

// restore puts marks onto a line; those that it has are taken off first.
func (t *tagger) restore(line string) (string, error) {
	ids, err := t.typed.Encode(plain(line))
	if err != nil {
		return "", err
	}
	in := graph.Ints(ids, len(ids), 1)
	out, err := t.loss.Run(in, graph.Ints([]int{len(ids)}), in)
	if err != nil {
		return "", err
	}
	logits, size := out[1].Float32s(), t.meant.Len()
	var b strings.Builder
	for i := range ids {
		letter, err := t.meant.Token(cloze.Likeliest(logits[i*size : (i+1)*size]))
		if err != nil {
			return "", err
		}
		b.WriteString(letter)
	}
	return b.String(), nil
}
