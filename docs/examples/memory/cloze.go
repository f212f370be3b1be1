package main

import (
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// question is a sentence with the word to be found: what follows it, or stands at its gap.
type question struct {
	words  []string
	answer string
}

// lexicon numbers words in the order in which they come up.
type lexicon struct {
	ids   map[string]int
	words []string
}

func lexiconOf(questions []question) *lexicon {
	l := &lexicon{ids: map[string]int{}}
	for _, q := range questions {
		for _, w := range append([]string{q.answer}, q.words...) {
			if _, ok := l.ids[w]; !ok {
				l.ids[w] = len(l.words)
				l.words = append(l.words, w)
			}
		}
	}
	return l
}

// batch is questions of one length as ids [T, B] and answers [B].
func (l *lexicon) batch(questions []question) []*tensor.Dense {
	steps, batch := len(questions[0].words), len(questions)
	ids, answers := make([]int, steps*batch), make([]int, batch)
	for b, q := range questions {
		for t, w := range q.words {
			ids[t*batch+b] = l.ids[w]
		}
		answers[b] = l.ids[q.answer]
	}
	return []*tensor.Dense{graph.Ints(ids, steps, batch), graph.Ints(answers, batch)}
}

// reader maps words [T, B, E] to what is known when the answer is asked for, [B, F].
type reader func(g *graph.Graph, x graph.Node) graph.Node

// network is a reader between an embedding and a head.
type network struct {
	words  *lexicon
	params *graph.Params
	loss   *graph.Func
	adam   *optim.Adam
}

func newNetwork(seed uint64, words *lexicon, read reader) *network {
	n := &network{words: words, params: graph.NewParams(seed), adam: &optim.Adam{}}
	n.loss = graph.NewFunc(n.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: len(words.words), Size: 32}.Apply(g.Scope("embedding"), in[0])
		logits := nn.Head{Classes: len(words.words)}.Apply(g.Scope("head"), read(g.Scope("reader"), x))
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
	})
	return n
}

// train makes one step on a batch.
func (n *network) train(questions []question, rate float64) error {
	if _, err := n.loss.Grad(n.words.batch(questions)...); err != nil {
		return err
	}
	_, err := optim.Update(n.adam, n.params, rate, 1)
	return err
}

// answers are the words that the network finds likeliest.
func (n *network) answers(questions []question) ([]string, error) {
	out, err := n.loss.Run(n.words.batch(questions)...)
	if err != nil {
		return nil, err
	}
	words := make([]string, len(questions))
	logits, size := out[1].Float32s(), len(n.words.words)
	for i := range words {
		words[i] = n.words.words[study.Likeliest(logits[i*size:(i+1)*size])]
	}
	return words, nil
}

// accuracy is the share of questions that the network answers rightly.
func (n *network) accuracy(questions []question) (float64, error) {
	answers, err := n.answers(questions)
	if err != nil {
		return 0, err
	}
	right := 0
	for i, q := range questions {
		if answers[i] == q.answer {
			right++
		}
	}
	return float64(right) / float64(len(questions)), nil
}

// shuffled cuts questions in random order into a part to train on and a quarter to test with.
func shuffled(questions []question) (train, test []question) {
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	return questions[len(questions)/4:], questions[:len(questions)/4]
}

// ask answers one sentence, which must be made of known words.
func (n *network) ask(sentence string) (string, error) {
	q := question{words: strings.Fields(sentence)}
	for _, w := range q.words {
		if _, ok := n.words.ids[w]; !ok {
			return "", errors.Errorf("the word %q is unknown", w)
		}
	}
	q.answer = n.words.words[0] // any: it is not looked at
	answers, err := n.answers([]question{q})
	if err != nil {
		return "", err
	}
	return answers[0], nil
}
