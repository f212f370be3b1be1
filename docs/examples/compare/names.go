package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn/train/metric"
	"gorgonia.org/tensor"
)

// names trains classifiers that tell the language of a name.
func names(e effort) error {
	parts, err := catalog.Names.Load(context.Background(), catalog.Options{})
	if err != nil {
		return err
	}
	all := strings.Join(parts.Train.Texts, "") + strings.Join(parts.Validation.Texts, "") + strings.Join(parts.Test.Texts, "")
	vocabulary, err := datasets.Characters(all)
	if err != nil {
		return err
	}
	batches := func(part catalog.Labelled, o datasets.Batching) (*datasets.Batches, error) {
		sequences := make([][]int, part.Len())
		for i, text := range part.Texts {
			if sequences[i], err = vocabulary.Encode(text); err != nil {
				return nil, err
			}
		}
		return datasets.LabelledBatches(sequences, part.Labels, o)
	}
	training, err := batches(parts.Train, datasets.Batching{Size: 64, Shuffle: true, Seed: 1, Pool: 20, RoundTo: 4, DropLast: true})
	if err != nil {
		return err
	}
	testing, err := batches(parts.Test, datasets.Batching{Size: 64, Pool: 1000, RoundTo: 4})
	if err != nil {
		return err
	}
	classes := parts.Train.Classes
	head(fmt.Sprintf("Language of a name: %d languages, %d names to train on, %d to test with, %d passes",
		len(classes), parts.Train.Len(), parts.Test.Len(), e.epochs), "network", "parameters", "accuracy", "macro F1")
	for _, f := range families {
		n, err := f.fitted(vocabulary.Len(), len(classes))
		if err != nil {
			return err
		}
		t := newTrainer(n.rate, e.epochs*training.Len(), func(g *graph.Graph, in []graph.Node) []graph.Node {
			logits := n.pooled(g, in[0], in[1])
			return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[2]), logits}
		})
		for epoch := range e.epochs {
			training.SetEpoch(epoch)
			for b, ok := training.Next(); ok; b, ok = training.Next() {
				if err := t.step(len(b.Inputs), tensors(b)...); err != nil {
					return err
				}
			}
		}
		confusion := metric.NewConfusion(classes...)
		testing.SetEpoch(0)
		for b, ok := testing.Next(); ok; b, ok = testing.Next() {
			out, err := t.loss.Run(tensors(b)...)
			if err != nil {
				return err
			}
			if err := confusion.Add(b.Labels, best(out[1], len(classes))); err != nil {
				return err
			}
		}
		row(f.name, fmt.Sprint(t.params.Elements()), fmt.Sprintf("%.1f %%", 100*confusion.Accuracy()), fmt.Sprintf("%.3f", confusion.MacroF1()))
	}
	return nil
}

// tensors are a batch's ids [T, B], lengths [B] and labels [B].
func tensors(b *datasets.Batch) []*tensor.Dense {
	size := len(b.Lengths)
	return []*tensor.Dense{graph.Ints(b.Inputs, b.Steps, size), graph.Ints(b.Lengths, size), graph.Ints(b.Labels, size)}
}
