package models

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
)

// Fit trains the translator, validates after every epoch, and ends with the weights of the best one. Without pairs to
// validate with, it takes a twentieth of fit. Pairs with a side of more than Config.Seq tokens are passed over (see
// Short). With Config.Patience it stops early. If ctx is cancelled it saves to Run.Checkpoint, from which Resume goes on.
func (m *Translator) Fit(ctx context.Context, fit, validation Pairs, r Run) (train.Result, error) {
	l, err := m.Loop(fit, validation, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// Resume goes on where the file that the model was loaded from was saved, with the same pairs. The result has the bits of a
// run that was never stopped. It saves to that file unless Run.Checkpoint names another.
func (m *Translator) Resume(ctx context.Context, fit, validation Pairs, r Run) (train.Result, error) {
	return m.resume(ctx, r, func(r Run) (*train.Loop, error) { return m.Loop(fit, validation, r) })
}

// Loop is what Fit runs: model, data and settings.
func (m *Translator) Loop(fit, validation Pairs, r Run) (*train.Loop, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	if validation.Len() == 0 {
		var err error
		if fit, validation, _, err = fit.Split(0.05, 0, m.config.Seed); err != nil {
			return nil, err
		}
	}
	data, err := m.batches(fit, "train on", datasets.Batching{Shuffle: true, DropLast: true})
	if err != nil {
		return nil, err
	}
	check, err := m.batches(validation, "validate with", datasets.Batching{})
	if err != nil {
		return nil, err
	}
	l, err := m.loop(r, m.metadata)
	if err != nil {
		return nil, err
	}
	l.Loss, l.Data, l.Validation.Data, l.Validation.KeepBest = m.Loss(), data, check, true
	l.Schedule = optim.Cosine{Start: m.config.Rate, End: m.config.Rate / 100, Steps: l.Total()}
	return l, nil
}

// Short are the pairs of which no side has more than Config.Seq tokens, those that Fit trains on and stops by.
func (m *Translator) Short(p Pairs) (Pairs, error) {
	if err := m.made(); err != nil {
		return Pairs{}, err
	}
	sources, targets, err := m.read(p)
	if err != nil {
		return Pairs{}, err
	}
	var at []int
	for i := range sources {
		if max(len(sources[i]), len(targets[i])) <= m.config.Seq {
			at = append(at, i)
		}
	}
	return p.Pick(at), nil
}

// batches are those of pairs. The longest target of a training is noted: translations are not to be much longer.
func (m *Translator) batches(p Pairs, what string, o datasets.Batching) (train.Source, error) {
	p, err := m.Short(p)
	if err != nil {
		return nil, err
	}
	if p.Len() == 0 {
		return nil, errors.Errorf("models: there are no pairs to %s, of %d tokens a side at most (Config.Seq)", what, m.config.Seq)
	}
	sources, targets, err := m.read(p)
	if err != nil {
		return nil, err
	}
	if o.Shuffle {
		m.longest = 0
		for _, t := range targets {
			m.longest = max(m.longest, len(t))
		}
	}
	o.Size, o.Pool, o.RoundTo, o.Seed, o.TargetPadding = min(m.config.Batch, len(sources)), 50, 4, m.config.Seed, padding
	b, err := datasets.PairBatches(sources, targets, m.target.start, m.target.end, o)
	return train.FromBatches(b), err
}

// read encodes pairs.
func (m *Translator) read(p Pairs) (sources, targets [][]int, err error) {
	if err := p.check(); err != nil {
		return nil, nil, err
	}
	for _, of := range []struct {
		side  side
		texts []string
		ids   *[][]int
		name  string
	}{{m.source, p.Sources, &sources, "source"}, {m.target, p.Targets, &targets, "target"}} {
		for i, text := range of.texts {
			ids, err := of.side.encode(text)
			if err != nil {
				return nil, nil, errors.Wrapf(err, "%s: in its %s", p.Place(i), of.name)
			}
			if len(ids) == 0 {
				return nil, nil, errors.Errorf("%s: its %s has no tokens", p.Place(i), of.name)
			}
			*of.ids = append(*of.ids, ids)
		}
	}
	return sources, targets, nil
}
