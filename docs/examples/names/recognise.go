package main

import (
	"fmt"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// recognise trains networks that tell the language of a name, and returns the recurrent one.
func (n *names) recognise() (*study.Classifier, error) {
	classes := n.parts.Train.Classes
	grams, err := gramsOf(n.parts.Train.Texts)
	if err != nil {
		return nil, err
	}
	bag := study.NewClassifier(classes, *seed, func(g *graph.Graph, ids, lengths graph.Node) graph.Node {
		return study.Bag(g, ids, lengths, grams.Len(), len(classes))
	})
	network := study.NewClassifier(classes, *seed, func(g *graph.Graph, ids, lengths graph.Node) graph.Node {
		logits, _ := recurrent.ManyToOne{
			Embedding: nn.Embedding{Tokens: n.letters.Len(), Size: 32},
			Layer:     recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 64}},
			Pool:      recurrent.PoolLast, Classes: len(classes), Dropout: 0.2,
		}.Apply(g, ids, recurrent.Options{Lengths: lengths})
		return logits
	})
	for _, c := range []struct {
		name   string
		model  *study.Classifier
		ids    func(catalog.Labelled) (study.Labelled, error)
		lesson study.Lesson
	}{
		{"Logistic regression on runs of up to three letters", bag, grams.ids,
			study.Lesson{Epochs: 30, Batch: 64, Patience: 3, Rate: 0.003, Decay: 0.01}},
		{"Bidirectional LSTM 2x64", network, n.ids,
			study.Lesson{Epochs: 20, Batch: 64, Patience: 3, Rate: 0.002, Decay: 0.01}},
	} {
		fmt.Printf("\n%s\n", c.name)
		c.lesson.Seed = *seed
		var parts [3]study.Labelled
		for i, p := range []catalog.Labelled{n.parts.Train, n.parts.Validation, n.parts.Test} {
			if parts[i], err = c.ids(p); err != nil {
				return nil, err
			}
		}
		if _, err := c.model.Fit(c.lesson, parts[0], parts[1]); err != nil {
			return nil, err
		}
		m, err := c.model.Judge(parts[2])
		if err != nil {
			return nil, err
		}
		fmt.Printf("    test: accuracy %.1f %%, macro F1 %.3f\n", 100*m.Accuracy(), m.MacroF1())
		if c.model == network {
			fmt.Printf("\n%v", m)
		}
	}
	return network, nil
}

// grams number the runs of up to three letters of names, in which ^ and $ stand for beginning and end.
type grams struct{ *datasets.Vocabulary }

func gramsOf(texts []string) (grams, error) {
	b := datasets.VocabularyBuilder{Kind: datasets.Label, MinCount: 2}
	for _, t := range texts {
		if err := b.AddTokens(runs(t)...); err != nil {
			return grams{}, err
		}
	}
	v, err := b.Vocabulary()
	if err != nil {
		return grams{}, err
	}
	v, err = v.WithSpecials()
	return grams{v}, err
}

func runs(name string) []string {
	letters := []rune("^" + name + "$")
	var out []string
	for n := 1; n <= 3; n++ {
		for i := 0; i+n <= len(letters); i++ {
			out = append(out, "‹"+string(letters[i:i+n])+"›") // a blank alone is no token
		}
	}
	return out
}

func (g grams) ids(l catalog.Labelled) (study.Labelled, error) {
	out := study.Labelled{Labels: l.Labels}
	for _, t := range l.Texts {
		ids, err := g.EncodeTokens(runs(t))
		if err != nil {
			return out, err
		}
		out.Sequences = append(out.Sequences, ids)
	}
	return out, nil
}
