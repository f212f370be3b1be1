package main

import (
	"context"
	"fmt"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
)

// language trains character models of the King James text. Windows of 128 characters stand for themselves: no network
// knows what came before its window, so that all have the same to go by.
func language(e effort) error {
	const steps, batch, checked = 128, 16, 24 // windows to validate with
	bible, err := catalog.KingJames.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
	if err != nil {
		return err
	}
	corpus := bible.Train
	vocabulary, err := datasets.Characters(corpus.Text)
	if err != nil {
		return err
	}
	ids, err := vocabulary.Encode(corpus.Text)
	if err != nil {
		return err
	}
	train, validation, err := datasets.Split(ids, 0.9)
	if err != nil {
		return err
	}
	head(fmt.Sprintf("Characters of the King James text, %d of them seen, in windows of %d", e.languageSteps*steps*batch, steps),
		"network", "parameters", "size", "validation loss, nats", "characters/s, training", "memory, MB")
	for _, f := range families {
		n, err := f.fitted(vocabulary.Len(), vocabulary.Len())
		if err != nil {
			return err
		}
		t := newTrainer(n.rate, e.languageSteps, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{losses.CrossEntropy{}.Apply(g, n.everyStep(g, in[0]), in[1])}
		})
		windows, err := datasets.NewWindows(train, steps, batch)
		if err != nil {
			return err
		}
		for range e.languageSteps {
			if !windows.Next() {
				windows.Reset()
				windows.Next()
			}
			if err := t.step(steps*batch, graph.Ints(windows.Inputs, steps, batch), graph.Ints(windows.Targets, steps, batch)); err != nil {
				return err
			}
		}
		p, err := t.loss.GradProgram(graph.Ints(windows.Inputs, steps, batch), graph.Ints(windows.Targets, steps, batch))
		if err != nil {
			return err
		}
		memory := p.Bytes()

		windows, err = datasets.NewWindows(validation, steps, batch)
		if err != nil {
			return err
		}
		total, count := 0.0, 0
		for ; count < checked && windows.Next(); count++ {
			out, err := t.loss.Run(graph.Ints(windows.Inputs, steps, batch), graph.Ints(windows.Targets, steps, batch))
			if err != nil {
				return err
			}
			total += graph.Scalar(out[0])
		}
		row(f.name, fmt.Sprint(t.params.Elements()), fmt.Sprint(n.size), fmt.Sprintf("%.3f", total/float64(count)),
			fmt.Sprintf("%.0f", t.speed()), fmt.Sprintf("%.1f", float64(memory)/1e6))
	}
	return nil
}
