package main

import (
	"fmt"
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
	var all []question
	for _, t := range things {
		for _, p := range places {
			all = append(all, question{strings.Fields(t[0] + " that " + p + " is"), t[1]})
		}
	}
	train, test := shuffled(all)
	fmt.Println("Apple is → red: what comes next was named some words before")
	sentence := strings.Join(all[0].words, " ") + " " + all[0].answer
	fmt.Printf("  %d sentences such as %q to train on, %d others to test\n\n", len(train), sentence, len(test))
	fmt.Printf("  %-34s %8s  %s\n", "network", "accuracy", "apple that we know is ...")
	for _, c := range []struct {
		name string
		read reader
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
		n := newNetwork(1, lexiconOf(all), c.read)
		for range 300 {
			if err := n.train(train, 0.01); err != nil {
				return err
			}
		}
		accuracy, err := n.accuracy(test)
		if err != nil {
			return err
		}
		word, err := n.ask("apple that we know is")
		if err != nil {
			return err
		}
		fmt.Printf("  %-34s %7.0f%%  %s\n", c.name, 100*accuracy, word)
	}
	return nil
}
