package main

import (
	"fmt"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// colours of things, and where they are when they are talked of: sentences of five words.
var (
	things = [][2]string{{"apple", "red"}, {"banana", "yellow"}, {"grass", "green"}, {"sky", "blue"}, {"snow", "white"},
		{"coal", "black"}, {"carrot", "orange"}, {"plum", "purple"}}
	places = []string{"I see", "you paint", "she likes", "they want", "we know", "he draws", "nobody eats", "children love"}
)

// apple asks for the colour of a thing, which was named three words before.
func apple() error {
	var all []cloze.Question
	for _, t := range things {
		for _, p := range places {
			all = append(all, cloze.Question{Words: strings.Fields(t[0] + " that " + p + " is"), Answer: t[1]})
		}
	}
	train, test := cloze.Shuffled(all)
	fmt.Println("Apple is → red: what comes next was named some words before")
	sentence := strings.Join(all[0].Words, " ") + " " + all[0].Answer
	fmt.Printf("  %d sentences such as %q to train on, %d others to test\n\n", len(train), sentence, len(test))
	fmt.Printf("  %-34s %8s  %s\n", "network", "accuracy", "apple that we know is ...")
	for _, c := range []struct {
		name string
		read cloze.Reader
	}{
		{"feed-forward, sees the last word", func(g *graph.Graph, x graph.Node) graph.Node {
			last := g.Reshape(g.Slice(x, 0, x.Dim(0)-1, x.Dim(0)), x.Dim(1), x.Dim(2))
			return g.Tanh(nn.Dense{Units: 32}.Apply(g, last))
		}},
		{"RNN, remembers", func(g *graph.Graph, x graph.Node) graph.Node {
			_, state := recurrent.Unroll(g, recurrent.RNN{Hidden: 32}, x, recurrent.Options{})
			return state[0]
		}},
	} {
		n := cloze.New(1, embedded, cloze.LexiconOf(all), c.read)
		for range 300 {
			if _, err := n.Train(train, 0.01); err != nil {
				return err
			}
		}
		accuracy, err := n.Accuracy(test)
		if err != nil {
			return err
		}
		word, err := ask(n, "apple that we know is")
		if err != nil {
			return err
		}
		fmt.Printf("  %-34s %7.0f%%  %s\n", c.name, 100*accuracy, word)
	}
	return nil
}
