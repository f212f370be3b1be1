package lessons

import (
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/recurrent"
)

// things with their colours, and what is said in between.
var (
	things = [][2]string{{"apple", "red"}, {"banana", "yellow"}, {"grass", "green"}, {"sky", "blue"}, {"snow", "white"},
		{"coal", "black"}, {"carrot", "orange"}, {"plum", "purple"}}
	between = []string{"", "that I see", "that you paint", "that she likes", "that they want",
		"that we know", "that he draws", "that children love"}
)

func colours() (all []cloze.Question) {
	for _, t := range things {
		for _, b := range between[1:] {
			all = append(all, cloze.Question{Words: strings.Fields(strings.ToLower(t[0] + " " + b + " is")), Answer: t[1]})
		}
	}
	return all
}

// memory asks for the colour of a thing that was named some words before: of a network that remembers, and of one that sees the
// last word alone.
func (l *lesson) memory() error {
	train, test := cloze.Shuffled(colours())
	result := Result{Done: true, Rows: [][]string{{"network", "accuracy", "answer"}}}
	for _, c := range []struct {
		name string
		read cloze.Reader
	}{
		{"feedforward", func(g *graph.Graph, x graph.Node) graph.Node {
			last := g.Reshape(g.Slice(x, 0, x.Dim(0)-1, x.Dim(0)), x.Dim(1), x.Dim(2))
			return g.Tanh(nn.Dense{Units: 24}.Apply(g, last))
		}},
		{"rnn", func(g *graph.Graph, x graph.Node) graph.Node {
			_, state := recurrent.Unroll(g, recurrent.RNN{Hidden: 24}, x, recurrent.Options{})
			return state[0]
		}},
	} {
		n := newNetwork(cloze.LexiconOf(colours()), c.read)
		accuracy, err := l.learn(c.name, n, train, test, 150)
		if err != nil {
			return err
		}
		l.networks[c.name] = n
		answer, err := ask(n, strings.Fields("apple that we know is"))
		if err != nil {
			return err
		}
		result.Accuracy = accuracy // of the last, which remembers
		result.Answer = answer[0].Word
		result.Rows = append(result.Rows, []string{c.name, percent(accuracy), answer[0].Word})
	}
	return l.emit(result)
}

// look shows the inside of the network of memory while it reads a sentence of the reader: every hidden state, what is expected
// after each word, and the gradient that the answer sends back to each state.
func (l *lesson) look() error {
	n := l.networks["rnn"]
	if n == nil {
		return errors.New("lessons: train the network of the first experiment before looking into it")
	}
	words, err := sentence(n.Words, or(l.Sentence, "apple that we know is"))
	if err != nil {
		return err
	}
	const hidden = 24
	inside := graph.NewFunc(n.Params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g.Scope("reader"), recurrent.RNN{Hidden: hidden}, n.Embed(g, in[0]), recurrent.Options{})
		return []graph.Node{y, n.Logits(g, y)}
	})
	out, err := inside.Run(n.Words.Batch([]cloze.Question{{Words: words, Answer: words[0]}})[0])
	if err != nil {
		return err
	}
	r := Result{Done: true, Words: words}
	states, logits, size := out[0].Float32s(), out[1].Float32s(), len(n.Words.Words)
	for t := range words {
		row := make([]float64, hidden)
		for i := range row {
			row[i] = float64(states[t*hidden+i])
		}
		r.States = append(r.States, row)
		r.Next = append(r.Next, candidates(logits[t*size:(t+1)*size], n.Words.Words, 3))
	}
	r.Answer = r.Next[len(words)-1][0].Word
	report, err := flow.Measure(n.Params, func(g *graph.Graph, in []graph.Node) []graph.Node { return n.Build(g, in)[:1] },
		n.Words.Batch([]cloze.Question{{Words: words, Answer: r.Answer}})...)
	if err != nil {
		return err
	}
	r.Norms = report.States[0].Norms
	return l.emit(r)
}

// What fits into a gap depends on what comes behind it.
var (
	plants = []string{"apple", "pear", "cherry", "plum", "peach", "olive", "lemon", "fig"}
	ends   = [][2]string{{"trees", "tall"}, {"trees", "old"}, {"pies", "sweet"}, {"pies", "baked"}, {"farmers", "busy"},
		{"farmers", "rich"}, {"seeds", "tiny"}, {"seeds", "hard"}}
)

const blank = "___"

// gap asks for the word at a gap: of a network that reads from left to right, and of one that reads in both directions.
func (l *lesson) gap() error {
	var all []cloze.Question
	for _, p := range plants {
		for _, e := range ends {
			all = append(all, cloze.Question{Words: []string{p, blank, "are", e[1]}, Answer: e[0]})
		}
	}
	lexicon := cloze.LexiconOf(all)
	train, test := cloze.Shuffled(all)
	result := Result{Done: true, Rows: [][]string{{"network", "accuracy", "tall", "sweet"}}}
	for _, c := range []struct {
		name  string
		layer recurrent.Layer
	}{
		{"oneway", recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 24}}},
		{"bidirectional", recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 12}}},
	} {
		n := newNetwork(lexicon, func(g *graph.Graph, x graph.Node) graph.Node {
			y, _ := c.layer.Apply(g, x, recurrent.Options{})
			return g.Unstack(y)[1] // at the gap
		})
		accuracy, err := l.learn(c.name, n, train, test, 150)
		if err != nil {
			return err
		}
		row := []string{c.name, percent(accuracy)}
		for _, end := range []string{"tall", "sweet"} {
			answer, err := ask(n, []string{"apple", blank, "are", end})
			if err != nil {
				return err
			}
			row = append(row, "apple "+answer[0].Word+" are "+end)
		}
		result.Accuracy = accuracy // of both directions
		result.Rows = append(result.Rows, row)
	}
	return l.emit(result)
}
