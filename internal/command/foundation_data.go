package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/pretrained"
	"gorgonia.org/tensor"
)

// What the adapter of a foundation model is trained on: a text, nine tenths of which it learns and one validates, or prompts with
// their answers, shared out in the same way.

// loop is the training of a model's adapter, and what there is to learn from, in words. Again tells that it was trained before,
// on what must still be there.
func (r *foundationRun) loop(m *pretrained.Model, again bool) (l *train.Loop, told string, err error) {
	corpus, err := datasets.ReadFile(r.Text)
	if err != nil {
		return nil, "", err
	}
	hash := textHash(corpus)
	if again && hash != r.Hash {
		return nil, "", errors.New("it has changed since the adapter was saved")
	}
	r.Hash = hash
	l = &train.Loop{
		Loss: m.Loss(), Seed: r.Seed, Optimizer: &optim.Adam{}, Clip: train.Clip{Norm: r.Clip}, Epochs: r.Epochs, Steps: r.Steps,
		Validation: train.Validation{KeepBest: true},
	}
	if hasAnswers(r.Text) {
		told, err = r.answers(m, l)
	} else {
		told, err = r.text(m, l, corpus.Text)
	}
	if err != nil {
		return nil, "", err
	}
	l.Schedule = r.schedule(l.Total())
	return l, told, nil
}

// learned is the part of a text that is learned from.
const learned = 0.9

// text has a loop read a text in lanes, through which the state is carried.
func (r *foundationRun) text(m *pretrained.Model, l *train.Loop, text string) (told string, err error) {
	t, err := m.Tokenizer()
	if err != nil {
		return "", err
	}
	ids, err := t.Encode(text)
	if err != nil {
		return "", err
	}
	cut := int(learned * float64(len(ids)))
	if l.Data, l.State, err = r.lanes(m, ids[:cut]); err != nil {
		return "", err
	}
	l.Validation.Data, l.Validation.State, err = r.lanes(m, ids[cut:])
	return count(len(ids), "token", "tokens"), err
}

// lanes cuts tokens into windows: as many side by side as a batch has, or fewer if they are few.
func (r *foundationRun) lanes(m *pretrained.Model, ids []int) (train.Source, []*tensor.Dense, error) {
	if len(ids) < 2 {
		return nil, nil, errors.New("it has too few tokens to learn from some and to validate with others")
	}
	seq := min(r.Seq, len(ids)-1)
	batch := max(1, min(r.Batch, (len(ids)-1)/seq))
	if r.step == "" {
		r.step = fmt.Sprintf("%d x %d tokens", seq, batch)
	}
	w, err := datasets.NewWindows(ids, seq, batch)
	if err != nil {
		return nil, nil, err
	}
	state, err := m.State(batch, seq)
	return train.FromWindows(w), state, err
}

// answers has a loop read prompts with their answers, of which the answers count.
func (r *foundationRun) answers(m *pretrained.Model, l *train.Loop) (told string, err error) {
	pairs, err := models.ReadAnswers(r.Text)
	if err != nil {
		return "", err
	}
	fit, check, _, err := pairs.Split(1-learned, 0, r.Seed)
	if err != nil {
		return "", err
	}
	r.step = count(min(r.Batch, fit.Len()), "prompt", "prompts")
	if l.Data, err = r.answerBatches(m, fit, datasets.Batching{Shuffle: true}); err != nil {
		return "", err
	}
	l.Validation.Data, err = r.answerBatches(m, check, datasets.Batching{})
	return count(pairs.Len(), "prompt and its answer", "prompts with their answers"), err
}

// noTarget is what follows where it does not count.
const noTarget = -1

// answerBatches makes batches of prompts, their answers, and the token that ends a text, if there is one.
func (r *foundationRun) answerBatches(m *pretrained.Model, p models.Pairs, o datasets.Batching) (train.Source, error) {
	if p.Len() == 0 {
		return nil, errors.New("it has too few prompts with answers to learn from some and to validate with others")
	}
	t, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	var end []int
	if ends := m.Ends(); len(ends) > 0 {
		end = ends[:1]
	}
	ids, targets := make([][]int, p.Len()), make([][]int, p.Len())
	for i := range ids {
		prompt, err := m.Prompt(p.Sources[i])
		if err != nil {
			return nil, errors.Wrapf(err, "%s: in its prompt", p.Place(i))
		}
		answer, err := t.Encode(strings.TrimRight(p.Targets[i], "\n"))
		if err != nil {
			return nil, errors.Wrapf(err, "%s: in its answer", p.Place(i))
		}
		whole := slices.Concat(prompt, answer, end)
		if len(prompt) == 0 || len(whole) < len(prompt)+1 {
			return nil, errors.Errorf("%s: the prompt and its answer are %d and %d tokens; want one at least of each",
				p.Place(i), len(prompt), len(answer))
		}
		ids[i], targets[i] = whole[:len(whole)-1], slices.Clone(whole[1:])
		for t := range len(prompt) - 1 {
			targets[i][t] = noTarget
		}
	}
	o.Size, o.Pool, o.RoundTo, o.Seed, o.TargetPadding = min(r.Batch, len(ids)), 20, 16, r.Seed, noTarget
	b, err := datasets.TaggedBatches(ids, targets, o)
	return &fresh{Source: train.FromBatches(b), m: m}, err
}

// fresh is a source of ids, their lengths and what follows, which gives ids, what follows, and the state before a text.
type fresh struct {
	train.Source
	m *pretrained.Model
}

// Next is a batch, the first arguments of the model's loss. Padding comes after a text, whose loss it does not reach.
func (f *fresh) Next() ([]*tensor.Dense, bool) {
	batch, ok := f.Source.Next()
	if !ok || len(batch) < 3 {
		return nil, false
	}
	shape := batch[0].Shape()
	state, err := f.m.State(shape[1], shape[0])
	if err != nil {
		return nil, false
	}
	return append([]*tensor.Dense{batch[0], batch[2]}, state...), true
}
