package models

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
)

// Fit trains the tagger, validates after every epoch, and ends with the weights of the best one. Without sentences to
// validate with, it takes a tenth of fit. With Config.Patience it stops early. If ctx is cancelled it saves to
// Run.Checkpoint, from which Resume goes on. Words that come once in fit are read as unknown half of the time, by which the
// model learns to tag what it does not know.
func (m *Tagger) Fit(ctx context.Context, fit, validation Sentences, r Run) (train.Result, error) {
	l, err := m.Loop(fit, validation, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// Resume goes on where the file that the model was loaded from was saved, with the same sentences. The result has the bits
// of a run that was never stopped. It saves to that file unless Run.Checkpoint names another.
func (m *Tagger) Resume(ctx context.Context, fit, validation Sentences, r Run) (train.Result, error) {
	return m.resume(ctx, r, func(r Run) (*train.Loop, error) { return m.Loop(fit, validation, r) })
}

// Loop is what Fit runs: model, data and settings. The learning rate falls to a tenth along a cosine.
func (m *Tagger) Loop(fit, validation Sentences, r Run) (*train.Loop, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	fit, validation, err := heldOut(fit, validation)
	if err != nil {
		return nil, err
	}
	l, err := m.loop(r, m.metadata)
	if err != nil {
		return nil, err
	}
	l.Loss, l.Validation.KeepBest = m.Loss(), true
	if m.spells() { // the spellings of a batch's words are none of its sentences': every shard gets all
		l.Parallel.Axes = []int{1, 0, -1, -1, 1, 1}
	}
	if l.Data, err = m.source(fit, "train on", true); err != nil {
		return nil, err
	}
	if l.Validation.Data, err = m.source(validation, "validate with", false); err != nil {
		return nil, err
	}
	total := l.Total()
	rate := m.config.Rate
	l.Schedule = optim.Warmup{Steps: min(20, total), From: 0.1, Then: optim.Cosine{Start: rate, End: rate / 10, Steps: total}}
	return l, nil
}

// source makes batches of tagged sentences.
func (m *Tagger) source(s Sentences, what string, fit bool) (train.Source, error) {
	if s.Count() == 0 {
		return nil, errors.Errorf("models: there are no sentences to %s", what)
	}
	read, err := m.read(s)
	if err != nil {
		return nil, err
	}
	if err := m.tag(read, s); err != nil {
		return nil, err
	}
	return m.batches(read, datasets.Batching{Size: min(m.config.Batch, s.Len()), Pool: 20, Shuffle: fit}, fit)
}
