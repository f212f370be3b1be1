package lessons

import (
	"math"
	"math/rand/v2"
	"sort"
	"strings"

	"github.com/pkg/errors"
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
		l.add(q.answer)
		for _, w := range q.words {
			l.add(w)
		}
	}
	return l
}

func (l *lexicon) add(w string) {
	if _, ok := l.ids[w]; !ok {
		l.ids[w] = len(l.words)
		l.words = append(l.words, w)
	}
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

// sentence cuts a reader's sentence into words that the lexicon knows.
func (l *lexicon) sentence(text string) ([]string, error) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil, errors.New("lessons: no words; write a sentence")
	}
	if len(words) > 40 {
		return nil, errors.Errorf("lessons: %d words; want 40 at most", len(words))
	}
	for _, w := range words {
		if _, ok := l.ids[w]; !ok {
			known := append([]string{}, l.words...)
			sort.Strings(known)
			return nil, errors.Errorf("lessons: the network does not know %q. It knows: %s", w, strings.Join(known, " "))
		}
	}
	return words, nil
}

// reader maps words [T, B, E] to what is known when the answer is asked for, [B, F].
type reader func(g *graph.Graph, x graph.Node) graph.Node

// network is a reader between an embedding and a head over the lexicon.
type network struct {
	words  *lexicon
	params *graph.Params
	build  graph.Build
	loss   *graph.Func
	adam   *optim.Adam
}

const embedded = 16

func newNetwork(words *lexicon, read reader) *network {
	n := &network{words: words, params: graph.NewParams(1), adam: &optim.Adam{}}
	n.build = func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits := n.logits(g, read(g.Scope("reader"), n.embed(g, in[0])))
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
	}
	n.loss = graph.NewFunc(n.params, n.build)
	return n
}

func (n *network) embed(g *graph.Graph, ids graph.Node) graph.Node {
	return nn.Embedding{Tokens: len(n.words.words), Size: embedded}.Apply(g.Scope("embedding"), ids)
}

func (n *network) logits(g *graph.Graph, h graph.Node) graph.Node {
	return nn.Head{Classes: len(n.words.words)}.Apply(g.Scope("head"), h)
}

// step trains on one batch and returns its loss.
func (n *network) step(batch []*tensor.Dense, rate float64) (float64, error) {
	return step(n.loss, n.adam, rate, 1, batch...)
}

// step makes one step of an optimiser; a limit of 0 does not clip.
func step(loss *graph.Func, adam optim.Optimizer, rate, clip float64, in ...*tensor.Dense) (float64, error) {
	out, err := loss.Grad(in...)
	if err != nil {
		return 0, err
	}
	if _, err := optim.Update(adam, loss.Params(), rate, clip); err != nil {
		return 0, err
	}
	return graph.Scalar(out[0]), nil
}

// accuracy is the share of questions that are answered rightly.
func (n *network) accuracy(questions []question) (float64, error) {
	out, err := n.loss.Run(n.words.batch(questions)...)
	if err != nil {
		return 0, err
	}
	right, logits, size := 0, out[1].Float32s(), len(n.words.words)
	for i, q := range questions {
		if likeliest(logits[i*size:(i+1)*size]) == n.words.ids[q.answer] {
			right++
		}
	}
	return float64(right) / float64(len(questions)), nil
}

// ask answers one sentence of known words with the likeliest candidates.
func (n *network) ask(words []string) ([]Candidate, error) {
	out, err := n.loss.Run(n.words.batch([]question{{words, n.words.words[0]}})...) // the answer is not looked at
	if err != nil {
		return nil, err
	}
	return candidates(out[1].Float32s(), n.words.words, 3), nil
}

func likeliest(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}

// candidates are the likeliest of all words, with their softmax.
func candidates(logits []float32, words []string, most int) []Candidate {
	sum, top := 0.0, float64(logits[likeliest(logits)])
	list := make([]Candidate, len(logits))
	for i, v := range logits {
		list[i] = Candidate{words[i], math.Exp(float64(v) - top)}
		sum += list[i].Probability
	}
	for i := range list {
		list[i].Probability /= sum
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Probability > list[j].Probability })
	return list[:min(most, len(list))]
}

// shuffled cuts questions in random order into a part to train on and a quarter to test with.
func shuffled(questions []question) (train, test []question) {
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	return questions[len(questions)/4:], questions[:len(questions)/4]
}

// learn trains a network on all questions at once, tells of it every tenth step, and returns the accuracy on the test.
func (l *lesson) learn(series string, n *network, train, test []question, steps int) (accuracy float64, err error) {
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return 0, err
		}
		loss, err := n.step(n.words.batch(train), 0.01)
		if err != nil {
			return 0, err
		}
		if i%10 == 0 || i == steps {
			if accuracy, err = n.accuracy(test); err != nil {
				return 0, err
			}
			if err := l.emit(Progress{series, i, steps, loss, accuracy}); err != nil {
				return 0, err
			}
		}
	}
	return accuracy, nil
}
