package main

import (
	"fmt"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

const blank = "___"

// What fits into a gap depends on what comes behind it.
var (
	plants = []string{"apple", "pear", "cherry", "plum", "peach", "olive", "lemon", "fig"}
	ends   = [][2]string{{"trees", "tall"}, {"trees", "old"}, {"pies", "sweet"}, {"pies", "baked"}, {"farmers", "busy"},
		{"farmers", "rich"}, {"seeds", "tiny"}, {"seeds", "hard"}}
)

// gap asks for the word at a gap, with the sentence before it and, in both directions, the sentence behind it.
func gap() error {
	var all []cloze.Question
	for _, p := range plants {
		for _, e := range ends {
			all = append(all, cloze.Question{Words: []string{p, blank, "are", e[1]}, Answer: e[0]})
		}
	}
	train, test := cloze.Shuffled(all)
	fmt.Println("Apple ___ are tall: what fits depends on what comes later")
	fmt.Printf("  %d sentences to train on, %d others to test\n\n", len(train), len(test))
	fmt.Printf("  %-34s %8s  %-22s %s\n", "network", "accuracy", "apple ___ are tall", "apple ___ are sweet")
	for _, c := range []struct {
		name  string
		layer recurrent.Layer
	}{
		{"LSTM 32, left to right", recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 32}}},
		{"LSTM 2x16, both directions", recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 16}}},
	} {
		n := cloze.New(1, embedded, cloze.LexiconOf(all), func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := c.layer.Apply(g, x, recurrent.Options{})
			return g.Unstack(y)[1] // at the gap
		})
		for range 300 {
			if _, err := n.Train(train, 0.01); err != nil {
				return err
			}
		}
		accuracy, err := n.Accuracy(test)
		if err != nil {
			return err
		}
		var filled []string
		for _, end := range []string{"tall", "sweet"} {
			word, err := ask(n, "apple "+blank+" are "+end)
			if err != nil {
				return err
			}
			filled = append(filled, strings.Replace("apple ___ are "+end, blank, word, 1))
		}
		fmt.Printf("  %-34s %7.0f%%  %-22s %s\n", c.name, 100*accuracy, filled[0], filled[1])
	}
	return nil
}
