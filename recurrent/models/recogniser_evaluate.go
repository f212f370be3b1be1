package models

import (
	"context"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/internal/parallel"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// SpeechEvaluation is how good a recogniser is.
type SpeechEvaluation struct {
	Recordings int
	Seconds    float64           // of sound
	Loss       float64           // as in training
	Words      metric.ErrorRate  // of texts: the word error rate
	Characters metric.ErrorRate  // the character error rate
	Confusion  *metric.Confusion // of labels; nil of texts
	Found      []string          // the text of each recording
}

// Evaluate compares what the model writes with the texts of recordings, several at a time on all processors. Blanks around words do not
// count. It stops when ctx is cancelled.
func (m *Recogniser) Evaluate(ctx context.Context, r Recordings, o Transcribing) (*SpeechEvaluation, error) {
	if err := m.ready(o); err != nil {
		return nil, err
	}
	if r.Len() == 0 {
		return nil, errors.New("models: there are no recordings to evaluate with")
	}
	if r.Cache == nil { // the loss is of what is transcribed
		r.Cache = audio.NewCache(mostHeard)
	}
	found := make([]*Transcript, r.Len())
	err := parallel.Do(r.Len(), func(i int) (err error) {
		found[i], err = m.written(orBackground(ctx), r, i, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	e := &SpeechEvaluation{Recordings: r.Len()}
	for i, clip := range r.Clips {
		t := found[i]
		e.Seconds += t.Seconds
		e.Found = append(e.Found, t.Text)
		e.Words.AddWords(t.Text, clip.Text)
		e.Characters.AddCharacters(t.Text, clip.Text)
	}
	if m.own.tokens == nil {
		labels := distinct(append(r.Texts(), m.own.labels...))
		e.Confusion = metric.NewConfusion(labels...)
		if err := e.Confusion.Add(numbersOf(labels, r.Texts()), numbersOf(labels, e.Found)); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(r.Texts(), func(l string) bool { return !slices.Contains(m.own.labels, l) }) {
			return e, nil // there is no loss of a label that the model does not know
		}
	}
	b, err := m.source(r, "evaluate with", false)
	if err != nil {
		return nil, err
	}
	e.Loss, err = train.Validate(m.Loss(), b, nil)
	return e, err
}

// written is what the model writes of a recording.
func (m *Recogniser) written(ctx context.Context, r Recordings, i int, o Transcribing) (*Transcript, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path := r.Clips[i].Path
	frames, long, err := r.Cache.Hear(m.Features(), path)
	if err != nil {
		return nil, errors.Wrap(err, r.Place(i))
	}
	t, err := m.writtenOf(ctx, frames, long, o)
	return t, errors.Wrapf(err, "%s: %s", r.Place(i), path)
}
