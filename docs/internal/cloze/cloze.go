// Package cloze trains small networks to find a missing word: for docs/examples/memory, and for the page of docs/site.
package cloze

import (
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"gorgonia.org/tensor"
)

// Question is a sentence with the word to be found: what follows it, or stands at its gap.
type Question struct {
	Words  []string
	Answer string
}

// Lexicon numbers words in the order in which they come up.
type Lexicon struct {
	Words []string
	IDs   map[string]int // the number of each word
}

// NewLexicon numbers words.
func NewLexicon(words ...string) *Lexicon {
	l := &Lexicon{IDs: map[string]int{}}
	for _, w := range words {
		l.Add(w)
	}
	return l
}

// LexiconOf numbers the words of questions.
func LexiconOf(questions []Question) *Lexicon {
	l := NewLexicon()
	for _, q := range questions {
		l.Add(q.Answer)
		for _, w := range q.Words {
			l.Add(w)
		}
	}
	return l
}

// Add numbers a word, unless it has a number.
func (l *Lexicon) Add(w string) {
	if _, ok := l.IDs[w]; !ok {
		l.IDs[w] = len(l.Words)
		l.Words = append(l.Words, w)
	}
}

// Batch is questions of one length as ids [T, B] and answers [B].
func (l *Lexicon) Batch(questions []Question) []*tensor.Dense {
	steps, batch := len(questions[0].Words), len(questions)
	ids, answers := make([]int, steps*batch), make([]int, batch)
	for b, q := range questions {
		for t, w := range q.Words {
			ids[t*batch+b] = l.IDs[w]
		}
		answers[b] = l.IDs[q.Answer]
	}
	return []*tensor.Dense{graph.Ints(ids, steps, batch), graph.Ints(answers, batch)}
}

// Reader maps words [T, B, E] to what is known when the answer is asked for, [B, F].
type Reader func(g *graph.Graph, x graph.Node) graph.Node

// Network is a reader between an embedding and a head over the lexicon.
type Network struct {
	Words  *Lexicon
	Params *graph.Params
	size   int // width of the embedding
	read   Reader
	loss   *graph.Func
	adam   *optim.Adam
}

// New makes a network with an embedding of a width.
func New(seed uint64, size int, words *Lexicon, read Reader) *Network {
	n := &Network{Words: words, Params: graph.NewParams(seed), size: size, read: read, adam: &optim.Adam{}}
	n.loss = graph.NewFunc(n.Params, n.Build)
	return n
}

// Build maps a batch to its loss and the logits.
func (n *Network) Build(g *graph.Graph, in []graph.Node) []graph.Node {
	logits := n.Logits(g, n.read(g.Scope("reader"), n.Embed(g, in[0])))
	return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
}

// Embed maps ids [T, B] to what the reader reads.
func (n *Network) Embed(g *graph.Graph, ids graph.Node) graph.Node {
	return nn.Embedding{Tokens: len(n.Words.Words), Size: n.size}.Apply(g.Scope("embedding"), ids)
}

// Logits maps what the reader knows to the words.
func (n *Network) Logits(g *graph.Graph, h graph.Node) graph.Node {
	return nn.Head{Classes: len(n.Words.Words)}.Apply(g.Scope("head"), h)
}

// Train makes one step on a batch and returns its loss.
func (n *Network) Train(questions []Question, rate float64) (loss float64, err error) {
	out, err := n.loss.Grad(n.Words.Batch(questions)...)
	if err != nil {
		return 0, err
	}
	if _, err := optim.Update(n.adam, n.Params, rate, 1); err != nil {
		return 0, err
	}
	return graph.Scalar(out[0]), nil
}

// Predict gives the logits of each question, over the lexicon.
func (n *Network) Predict(questions []Question) ([][]float32, error) {
	out, err := n.loss.Run(n.Words.Batch(questions)...)
	if err != nil {
		return nil, err
	}
	rows := make([][]float32, len(questions))
	logits, size := out[1].Float32s(), len(n.Words.Words)
	for i := range rows {
		rows[i] = logits[i*size : (i+1)*size]
	}
	return rows, nil
}

// Accuracy is the share of questions that the network answers rightly.
func (n *Network) Accuracy(questions []Question) (float64, error) {
	rows, err := n.Predict(questions)
	if err != nil {
		return 0, err
	}
	right := 0
	for i, q := range questions {
		if n.Words.Words[Likeliest(rows[i])] == q.Answer {
			right++
		}
	}
	return float64(right) / float64(len(questions)), nil
}

// Ask gives the logits of the word for one sentence, which must be made of known words.
func (n *Network) Ask(words []string) ([]float32, error) {
	rows, err := n.Predict([]Question{{Words: words, Answer: n.Words.Words[0]}}) // the answer is not looked at
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// Likeliest is the place of the first largest logit.
func Likeliest(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}

// Shuffled cuts questions in random order into a part to train on and a quarter to test with.
func Shuffled(questions []Question) (train, test []Question) {
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	return questions[len(questions)/4:], questions[:len(questions)/4]
}
