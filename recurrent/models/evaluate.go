package models

import (
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// Evaluation is how good a classifier is.
type Evaluation struct {
	Rows      int
	Loss      float64 // mean of -log p of the true labels, in nats a text
	Confusion *metric.Confusion
	// Probabilities are those of all labels for each example, in the order of Classifier.Labels.
	Probabilities *metric.Probabilities
}

// Evaluate compares the predictions for examples with their labels.
func (m *Classifier) Evaluate(e Examples) (*Evaluation, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if e.Len() == 0 {
		return nil, errors.New("models: there are no examples to evaluate with")
	}
	ids, err := m.read(e)
	if err != nil {
		return nil, err
	}
	truth, err := m.labelIDs(e)
	if err != nil {
		return nil, err
	}
	rows, err := m.probabilities(ids)
	if err != nil {
		return nil, err
	}
	p, err := metric.NewProbabilities(len(m.labels))
	if err != nil {
		return nil, err
	}
	loss := 0.0
	for i, row := range rows {
		if err := p.Add(row, truth[i]); err != nil {
			return nil, errors.Wrap(err, e.Place(i))
		}
		loss -= math.Log(max(row[truth[i]], 1e-30)) / float64(len(rows))
	}
	c, err := p.Confusion(m.labels...)
	return &Evaluation{len(rows), loss, c, p}, err
}

// Evaluate tells how well the model predicts a text, which it reads in pieces side by side, as in training.
func (m *LanguageModel) Evaluate(text string) (Likelihood, error) {
	if err := m.made(); err != nil {
		return Likelihood{}, err
	}
	ids, err := m.vocab.Encode(text)
	if err != nil {
		return Likelihood{}, err
	}
	return m.evaluate(ids)
}

// EvaluateRest is Evaluate for the part of a text that Fit does not train on.
func (m *LanguageModel) EvaluateRest(text string) (Likelihood, error) {
	if err := m.made(); err != nil {
		return Likelihood{}, err
	}
	ids, err := m.vocab.Encode(text)
	if err != nil {
		return Likelihood{}, err
	}
	_, rest, err := datasets.Split(ids, languagePart)
	if err != nil {
		return Likelihood{}, err
	}
	return m.evaluate(rest)
}

func (m *LanguageModel) evaluate(ids []int) (Likelihood, error) {
	windows, lanes, err := m.lanes(ids)
	if err != nil {
		return Likelihood{}, err
	}
	state, err := m.State(lanes)
	if err != nil {
		return Likelihood{}, err
	}
	out := Likelihood{Tokens: windows.Len() * min(m.config.Seq, len(ids)-1) * lanes}
	err = m.lent.with(func(f *graph.Func) (err error) {
		out.Loss, err = train.Validate(f, train.FromWindows(windows), state)
		return err
	})
	return out, err
}

// Count is a token with how often it comes.
type Count struct {
	Token string
	Count int
}

// Unknown tells which tokens of a text the vocabulary lacks, the most frequent first, and how many tokens the text has. A
// model of characters cannot read such a text. A model of words reads what it lacks as datasets.Unknown, which then is the
// one token in the list.
func (m *LanguageModel) Unknown(text string) (unknown []Count, tokens int, err error) {
	if err := m.made(); err != nil {
		return nil, 0, err
	}
	if m.vocab.Kind() != datasets.Character {
		return m.unknownWords(text)
	}
	own, err := datasets.Characters(text)
	if err != nil {
		return nil, 0, err
	}
	text = datasets.Normalize(text)
	for id := range own.Len() {
		token, err := own.Token(id)
		if err != nil {
			return nil, 0, err
		}
		n := strings.Count(text, token)
		tokens += n
		if _, ok := m.vocab.ID(token); !ok {
			unknown = append(unknown, Count{token, n})
		}
	}
	slices.SortStableFunc(unknown, func(a, b Count) int { return b.Count - a.Count })
	return unknown, tokens, nil
}

func (m *LanguageModel) unknownWords(text string) ([]Count, int, error) {
	ids, err := m.vocab.Encode(text)
	if err != nil {
		return nil, 0, err
	}
	n := 0
	for _, id := range ids {
		token, err := m.vocab.Token(id)
		if err != nil {
			return nil, 0, err
		}
		if strings.TrimSpace(token) == datasets.Unknown {
			n++
		}
	}
	if n == 0 {
		return nil, len(ids), nil
	}
	return []Count{{datasets.Unknown, n}}, len(ids), nil
}
