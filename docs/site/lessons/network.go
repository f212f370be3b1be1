package lessons

import (
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"math"
	"sort"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// sentence cuts a reader's sentence into words that the lexicon knows.
func sentence(l *cloze.Lexicon, text string) ([]string, error) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil, errors.New("lessons: no words; write a sentence")
	}
	if len(words) > 40 {
		return nil, errors.Errorf("lessons: %d words; want 40 at most", len(words))
	}
	for _, w := range words {
		if _, ok := l.IDs[w]; !ok {
			known := append([]string{}, l.Words...)
			sort.Strings(known)
			return nil, errors.Errorf("lessons: the network does not know %q. It knows: %s", w, strings.Join(known, " "))
		}
	}
	return words, nil
}

const embedded = 16

func newNetwork(words *cloze.Lexicon, read cloze.Reader) *cloze.Network {
	return cloze.New(1, embedded, words, read)
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

// ask answers one sentence of known words with the likeliest candidates.
func ask(n *cloze.Network, words []string) ([]Candidate, error) {
	logits, err := n.Ask(words)
	if err != nil {
		return nil, err
	}
	return candidates(logits, n.Words.Words, 3), nil
}

// candidates are the likeliest of all words, with their softmax.
func candidates(logits []float32, words []string, most int) []Candidate {
	sum, top := 0.0, float64(logits[cloze.Likeliest(logits)])
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

// learn trains a network on all questions at once, tells of it every tenth step, and returns the accuracy on the test.
func (l *lesson) learn(series string, n *cloze.Network, train, test []cloze.Question, steps int) (accuracy float64, err error) {
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return 0, err
		}
		loss, err := n.Train(train, 0.01)
		if err != nil {
			return 0, err
		}
		if i%10 == 0 || i == steps {
			if accuracy, err = n.Accuracy(test); err != nil {
				return 0, err
			}
			if err := l.emit(Progress{series, i, steps, loss, accuracy}); err != nil {
				return 0, err
			}
		}
	}
	return accuracy, nil
}
