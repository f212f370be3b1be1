// Command sentiment learns whether short texts are positive, negative or neutral, many to one, and compares a
// recurrent network with a logistic regression on the words:
//
//	go run ./docs/examples/sentiment -text tweets.txt
//
// The file has lines of a label, a tab and a text. What it reached is in docs/examples/README.md.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

var (
	text   = flag.String("text", "", "labelled texts: lines of a label or a rating, a tab, and a text")
	seed   = flag.Uint64("seed", 1, "of the weights and the order of texts; the test part is always the same")
	merges = flag.Int("tokens", 1500, "size of the byte-pair vocabulary")
	hidden = flag.Int("hidden", 64, "width of the recurrent layer, in each direction")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sentiment:", err)
		os.Exit(1)
	}
}

func run() error {
	if *text == "" {
		return fmt.Errorf("want a file of labelled texts: -text tweets.txt")
	}
	all, err := read(*text)
	if err != nil {
		return err
	}
	all.shuffle(1)
	n := len(all.texts)
	test, check := n/5, n/5+n/10 // a fifth to test, a tenth to stop training by
	encoder, err := datasets.BPETrainer{Size: *merges, Compose: true, PrefixSpace: true}.Train(joined(all.texts[check:]))
	if err != nil {
		return err
	}
	part := func(from, to int) (study.Labelled, error) {
		l := study.Labelled{Labels: all.labels[from:to]}
		for _, t := range all.texts[from:to] {
			ids, err := encoder.Encode(lowered(t))
			if err != nil {
				return l, err
			}
			l.Sequences = append(l.Sequences, ids)
		}
		return l, nil
	}
	var parts [3]study.Labelled
	for i, p := range [][2]int{{0, test}, {test, check}, {check, n}} {
		if parts[i], err = part(p[0], p[1]); err != nil {
			return err
		}
	}
	fmt.Printf("%d texts: %d to train on, %d to stop by, %d to test; classes %v\n", n, n-check, check-test, test, all.classes)
	tokens := encoder.Len()
	bag := study.NewClassifier(all.classes, *seed, func(g *graph.Graph, ids, lengths graph.Node) graph.Node {
		return study.Bag(g, ids, lengths, tokens, len(all.classes))
	})
	network := study.NewClassifier(all.classes, *seed, func(g *graph.Graph, ids, lengths graph.Node) graph.Node {
		logits, _ := recurrent.ManyToOne{
			Embedding: nn.Embedding{Tokens: tokens, Size: 64},
			Layer:     recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: *hidden}},
			Pool:      recurrent.PoolMax, Classes: len(all.classes), Dropout: 0.5,
		}.Apply(g, ids, recurrent.Options{Lengths: lengths})
		return logits
	})
	for _, c := range []struct {
		name   string
		model  *study.Classifier
		lesson study.Lesson
	}{
		{"Logistic regression on words", bag, study.Lesson{Epochs: 100, Batch: 32, Patience: 5, Rate: 0.003, Decay: 0.01}},
		{fmt.Sprintf("Bidirectional GRU 2x%d", *hidden), network, study.Lesson{Epochs: 40, Batch: 32, Patience: 6, Rate: 0.002, Decay: 0.01}},
	} {
		fmt.Printf("\n%s\n", c.name)
		c.lesson.Seed = *seed
		if _, err := c.model.Fit(c.lesson, parts[2], parts[1]); err != nil {
			return err
		}
		m, err := c.model.Judge(parts[0])
		if err != nil {
			return err
		}
		fmt.Printf("\n%v", m)
	}
	return nil
}
