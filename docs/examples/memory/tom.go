package main

import (
	"fmt"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"math/rand/v2"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// Who eats what, and words to talk about in between.
var (
	eaters = [][2]string{{"cat", "fish"}, {"dog", "bones"}, {"rabbit", "carrots"}, {"monkey", "bananas"}, {"bear", "honey"},
		{"mouse", "cheese"}, {"panda", "bamboo"}, {"horse", "hay"}}
	chatter = strings.Fields("he lives in a small house near the river and walks along it every day with friends who tell him " +
		"stories of towns far away where nobody sleeps when rain falls on old roofs until morning comes again")
)

// distances between the animal and the question, in words.
var distances = []int{5, 10, 20, 50, 100, 200}

const (
	tomBatch = 32
	tomSteps = 1000 // of training, at most
)

// tale is "Tom is a cat", chatter, "Tom 's favourite food is", with so many words from the animal to the end.
func tale(rng *rand.Rand, distance int) cloze.Question {
	e := eaters[rng.IntN(len(eaters))]
	words := []string{"Tom", "is", "a", e[0]}
	for range distance - 5 {
		words = append(words, chatter[rng.IntN(len(chatter))])
	}
	return cloze.Question{Words: append(words, "Tom", "'s", "favourite", "food", "is"), Answer: e[1]}
}

func tales(rng *rand.Rand, n, distance int) []cloze.Question {
	out := make([]cloze.Question, n)
	for i := range out {
		out[i] = tale(rng, distance)
	}
	return out
}

// tom asks what Tom eats, ever longer after it was said what he is. Chatter is random, so the tales of the test are new.
func tom() error {
	fmt.Println("Tom is a cat ... Tom 's favourite food is → fish: accuracy by the distance in words (guessing: 12 %)")
	fmt.Printf("  at most %d batches of %d; in brackets after how many all of 256 other tales were answered rightly;\n"+
		"  span: the gates start open for memories of up to 200 steps\n\n", tomSteps, tomBatch)
	cells := []struct {
		name string
		cell recurrent.Cell
	}{
		{"RNN 64", recurrent.RNN{Hidden: 64}},
		{"GRU 64", recurrent.GRU{Hidden: 64}},
		{"LSTM 64", recurrent.LSTM{Hidden: 64}},
		{"GRU, span 200", recurrent.GRU{Hidden: 64, ChronoSpan: 200}},
		{"LSTM, span 200", recurrent.LSTM{Hidden: 64, ChronoSpan: 200}},
	}
	fmt.Print("  distance")
	for _, c := range cells {
		fmt.Printf("%18s", c.name)
	}
	fmt.Println()
	all := tales(rand.New(rand.NewPCG(2, 2)), 1000, 50) // every word comes up
	for _, d := range distances {
		fmt.Printf("  %8d", d)
		for _, c := range cells {
			n := cloze.New(1, embedded, cloze.LexiconOf(all), func(g *graph.Graph, x graph.Node) graph.Node {
				_, state := recurrent.Unroll(g, c.cell, x, recurrent.Options{})
				return state[0]
			})
			accuracy, steps, err := tellTales(n, d)
			if err != nil {
				return err
			}
			text := fmt.Sprintf("%.0f%%", 100*accuracy)
			if accuracy == 1 {
				text += fmt.Sprintf(" (%d)", steps)
			}
			fmt.Printf("%18s", text)
		}
		fmt.Println()
	}
	return nil
}

// tellTales trains until the test is passed without a mistake.
func tellTales(n *cloze.Network, distance int) (accuracy float64, steps int, err error) {
	rng := rand.New(rand.NewPCG(3, 3))
	test := tales(rand.New(rand.NewPCG(4, 4)), 256, distance)
	for steps < tomSteps && accuracy < 1 {
		for range 50 {
			if _, err := n.Train(tales(rng, tomBatch, distance), 0.003); err != nil {
				return 0, 0, err
			}
		}
		steps += 50
		if accuracy, err = n.Accuracy(test); err != nil {
			return 0, 0, err
		}
	}
	return accuracy, steps, nil
}
