package models

import (
	"cmp"
	"context"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// Fit trains the recogniser, validates after every epoch, and ends with the weights of the best one. Without recordings to validate
// with, it takes a tenth of fit. With Config.Patience it stops early. If ctx is cancelled it saves to Run.Checkpoint, from which
// Resume goes on. What is heard alike in every pass is remembered, see Recordings.Cache; the files are read anew otherwise, and where they
// have changed.
func (m *Recogniser) Fit(ctx context.Context, fit, validation Recordings, r Run) (train.Result, error) {
	l, err := m.Loop(fit, validation, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// Resume goes on where the file that the model was loaded from was saved, with the same recordings. The result has the bits of a run
// that was never stopped. It saves to that file unless Run.Checkpoint names another.
func (m *Recogniser) Resume(ctx context.Context, fit, validation Recordings, r Run) (train.Result, error) {
	return m.resume(ctx, r, func(r Run) (*train.Loop, error) { return m.Loop(fit, validation, r) })
}

// Loop is what Fit runs: model, data and settings. The learning rate falls to a hundredth along a cosine.
func (m *Recogniser) Loop(fit, validation Recordings, r Run) (*train.Loop, error) {
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
	if l.Data, err = m.source(fit, "train on", true); err != nil {
		return nil, err
	}
	if l.Validation.Data, err = m.source(validation, "validate with", false); err != nil {
		return nil, err
	}
	total, rate := l.Total(), m.config.Rate
	l.Schedule = optim.Warmup{Steps: min(200, total/10+1), From: 0.01, Then: optim.Cosine{Start: rate, End: rate / 100, Steps: total}}
	return l, nil
}

// source makes batches of recordings.
func (m *Recogniser) source(r Recordings, what string, fit bool) (*heardBatches, error) {
	if r.Len() == 0 {
		return nil, errors.Errorf("models: there are no recordings to %s", what)
	}
	o := m.config.recordingBatches(m.own.statistics, fit)
	o.Size, o.Cache = min(o.Size, r.Len()), r.Cache
	b := &heardBatches{speech: m.config.Speech, recordings: r}
	if m.own.tokens == nil {
		var err error
		if b.labels, err = m.labelIDs(r); err != nil {
			return nil, err
		}
	} else {
		o.Tokenizer = m.own.tokens
	}
	var err error
	if b.Batches, err = o.Batches(r.Clips); err != nil {
		return nil, errors.Wrap(err, r.Name)
	}
	return b, m.fits(r, b.Batches, o)
}

// fits refuses recordings that are too short for a window, or for their texts.
func (m *Recogniser) fits(r Recordings, b *audio.Batches, o audio.Batching) error {
	f, fastest := o.Features, 1.0
	if len(o.Speeds) > 0 {
		fastest = slices.Max(o.Speeds)
	}
	for i, clip := range r.Clips {
		samples := int(b.Seconds(i) * float64(f.Rate) / fastest)
		if fastest > 1 {
			samples -= 2 // which resampling may take
		}
		if samples < f.Length {
			return errors.Errorf("%s: %s is too short, %.3g s; want a window of %d ms at least (played at speed %g)",
				r.Place(i), clip.Path, b.Seconds(i), m.config.Speech.FrameLength, fastest)
		}
		if m.config.Speech.Decoder != DecoderCTC {
			continue
		}
		steps := m.config.Speech.steps(1 + (samples-f.Length)/f.Hop)
		if err := losses.CheckCTC([][]int{b.Target(i)}, []int{steps}); err != nil {
			return errors.Errorf("%s: the text of %s does not fit: %v steps of %d ms, of which each has one token, and equal tokens need one "+
				"between; want a smaller Speech.Subsample than %d, or Tokens %q",
				r.Place(i), clip.Path, steps, m.config.Speech.Subsample*m.config.Speech.FrameShift, m.config.Speech.Subsample, BytePairs)
		}
	}
	return nil
}

// labelIDs maps the labels of recordings to their numbers.
func (m *Recogniser) labelIDs(r Recordings) ([]int, error) {
	out := make([]int, r.Len())
	for i, c := range r.Clips {
		at, ok := slices.BinarySearch(m.own.labels, c.Text)
		if !ok {
			return nil, errors.Errorf("%s has the label %q; the model knows %s", r.Place(i), c.Text, listed(m.own.labels))
		}
		out[i] = at
	}
	return out, nil
}

// heardBatches is a train.Source of the inputs of Recogniser.Loss.
type heardBatches struct {
	*audio.Batches
	speech     SpeechConfig
	recordings Recordings
	labels     []int // of each recording; nil where texts are the targets
	tokens     int
	err        error
}

// Tokens is the number of recordings in the batch.
func (s *heardBatches) Tokens() int { return s.tokens }

// Err is the error that ended the pass, or nil.
func (s *heardBatches) Err() error { return cmp.Or(s.err, s.Batches.Err()) }

func (s *heardBatches) Next() ([]*tensor.Dense, bool) {
	s.err = nil
	b, ok := s.Batches.Next()
	if !ok {
		return nil, false
	}
	n := len(b.Examples)
	s.tokens = n
	steps := make([]int, n)
	for i, frames := range b.Lengths {
		steps[i] = s.speech.steps(frames)
		if s.err = s.fits(b.Examples[i], steps[i]); s.err != nil {
			return nil, false
		}
	}
	out := []*tensor.Dense{graph.Floats(b.Values, b.Steps, n, s.speech.Mels), graph.Ints(steps)}
	if s.labels == nil {
		return append(out, graph.Ints(b.Targets, n, b.TargetSteps), graph.Ints(b.TargetLengths)), true
	}
	labels := make([]int, n)
	for i, example := range b.Examples {
		labels[i] = s.labels[example]
	}
	return append(out, graph.Ints(labels)), true
}

// fits refuses a recording that has become too short for its text since the training began.
func (s *heardBatches) fits(example, steps int) error {
	if s.speech.Decoder != DecoderCTC {
		return nil
	}
	err := losses.CheckCTC([][]int{s.Target(example)}, []int{steps})
	return errors.Wrapf(err, "%s: %s has changed since it was opened", s.recordings.Place(example), s.recordings.Clips[example].Path)
}
