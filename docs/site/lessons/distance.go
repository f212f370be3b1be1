package lessons

import (
	"fmt"
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// Who eats what, and words to talk about in between.
var (
	eaters = [][2]string{{"cat", "fish"}, {"dog", "bones"}, {"rabbit", "carrots"}, {"monkey", "bananas"}, {"bear", "honey"},
		{"mouse", "cheese"}, {"panda", "bamboo"}, {"horse", "hay"}}
	chatter = strings.Fields("he lives in a small house near the river and walks along it every day with friends")
)

// tales are stories of Tom with so many words between what he is and the question what he eats.
func tales(rng *rand.Rand, n, distance int) []cloze.Question {
	list := make([]cloze.Question, n)
	for i := range list {
		e := eaters[rng.IntN(len(eaters))]
		words := []string{"tom", "is", "a", e[0]}
		for range distance {
			words = append(words, chatter[rng.IntN(len(chatter))])
		}
		list[i] = cloze.Question{Words: append(words, "food", "is"), Answer: e[1]}
	}
	return list
}

// cellOf is a cell by the page's name for it. ChronoSpan is for gates that begin open for so long.
func cellOf(name string, hidden, span int) (recurrent.Cell, error) {
	switch name {
	case "rnn":
		return recurrent.RNN{Hidden: hidden}, nil
	case "lstm":
		return recurrent.LSTM{Hidden: hidden}, nil
	case "gru":
		return recurrent.GRU{Hidden: hidden}, nil
	case "lstm-chrono":
		return recurrent.LSTM{Hidden: hidden, ChronoSpan: span}, nil
	case "gru-chrono":
		return recurrent.GRU{Hidden: hidden, ChronoSpan: span}, nil
	}
	return nil, errors.Errorf("lessons: no network is called %q; want rnn, lstm, gru, lstm-chrono or gru-chrono", name)
}

// distance trains a cell to remember Tom over so many words. It ends with what the gates do over a story.
func (l *lesson) distance() error {
	distance := or(l.Distance, 5)
	name := or(l.Network, "lstm")
	cell, err := cellOf(name, 32, 2*distance+10)
	if err != nil {
		return err
	}
	n := newNetwork(cloze.LexiconOf(tales(rand.New(rand.NewPCG(2, 2)), 1000, 50)), func(g *graph.Graph, x graph.Node) graph.Node {
		_, state := recurrent.Unroll(g, cell, x, recurrent.Options{})
		return state[0]
	})
	rng := rand.New(rand.NewPCG(3, 3))
	test := tales(rand.New(rand.NewPCG(4, 4)), 128, distance)
	const steps = 400
	accuracy := 0.0
	for i := 1; i <= steps && accuracy < 1; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		loss, err := n.Train(tales(rng, 32, distance), 0.005)
		if err != nil {
			return err
		}
		if i%20 == 0 {
			if accuracy, err = n.Accuracy(test); err != nil {
				return err
			}
			if err := l.emit(Progress{name, i, steps, loss, accuracy}); err != nil {
				return err
			}
		}
	}
	result := Result{Done: true, Accuracy: accuracy}
	words := append([]string{"tom", "is", "a", "cat"}, append(repeat(chatter, distance), "food", "is")...)
	story := cloze.Question{Words: words, Answer: "fish"}
	answer, err := ask(n, story.Words)
	if err != nil {
		return err
	}
	result.Answer, result.Words = answer[0].Word, story.Words
	if result.Lines, err = gates(n, cell, story); err != nil {
		return err
	}
	return l.emit(result)
}

func repeat(words []string, n int) (out []string) {
	for i := range n {
		out = append(out, words[i%len(words)])
	}
	return out
}

// gates are the means over all units of what a cell records at every step of a story.
func gates(n *cloze.Network, cell recurrent.Cell, story cloze.Question) ([]Line, error) {
	if _, ok := cell.(recurrent.RNN); ok {
		return nil, nil // it has none
	}
	var names []string
	f := graph.NewFunc(n.Params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		var trace recurrent.Trace
		recurrent.Unroll(g.Scope("reader"), cell, n.Embed(g, in[0]), recurrent.Options{Trace: &trace})
		names = nil
		var out []graph.Node
		for _, gate := range []string{"input_gate", "forget_gate", "output_gate", "reset_gate", "update_gate"} {
			if node, ok := trace.Gates["reader."+gate+"_l0"]; ok {
				names = append(names, gate)
				out = append(out, g.Mean(node, 1, 2))
			}
		}
		return out
	})
	out, err := f.Run(n.Words.Batch([]cloze.Question{story})[0])
	if err != nil {
		return nil, err
	}
	var lines []Line
	for i, name := range names {
		lines = append(lines, Line{Name: name, Y: float64s(out[i].Float32s())})
	}
	return lines, nil
}

func float64s(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}
