package models

import (
	"context"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// Fit trains the model on the panel's series without the last Forecast.Test values of each, validates after every epoch with
// the Forecast.Validation values before them, and ends with the weights of the best epoch. With Config.Patience it stops early.
// If ctx is cancelled it saves to Run.Checkpoint, from which Resume goes on.
func (m *Forecaster) Fit(ctx context.Context, p *datasets.Panel, r Run) (train.Result, error) {
	l, err := m.Loop(p, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// Resume goes on where the file that the model was loaded from was saved, with the same series. The result has the bits of a
// run that was never stopped. It saves to that file unless Run.Checkpoint names another.
func (m *Forecaster) Resume(ctx context.Context, p *datasets.Panel, r Run) (train.Result, error) {
	return m.resume(ctx, r, func(r Run) (*train.Loop, error) { return m.Loop(p, r) })
}

// Loop is what Fit runs: model, data and settings.
func (m *Forecaster) Loop(p *datasets.Panel, r Run) (*train.Loop, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	if err := m.features.fits(p); err != nil {
		return nil, err
	}
	if err := m.config.Forecast.checkSeries(p); err != nil {
		return nil, err
	}
	list, err := m.readAll(p, 0)
	if err != nil {
		return nil, err
	}
	l, err := m.loop(r, m.metadata)
	if err != nil {
		return nil, err
	}
	data, check := m.drawn(list), m.held(list)
	if check.Len() == 0 {
		return nil, errors.New("models: no series has a value to validate with")
	}
	l.Loss, l.Data, l.Validation.Data, l.Validation.KeepBest = m.Loss(), data, check, true
	l.Average = 0.99 // of the weights: that of one step alone is noisy where windows are few
	total := l.Epochs * data.Len()
	fall := optim.Cosine{Start: m.config.Rate, End: m.config.Rate / 20, Steps: total}
	l.Schedule = optim.Warmup{Steps: min(20, total), From: 0.1, Then: fall}
	return l, nil
}

// readAll prepares the series of a panel, with so many steps after the last value.
func (m *Forecaster) readAll(p *datasets.Panel, after int) ([]*readSeries, error) {
	list := make([]*readSeries, len(p.Series))
	for i, s := range p.Series {
		var err error
		if list[i], err = m.features.read(s, after); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// mostBatches is how many batches an epoch has at most.
const mostBatches = 100

// windowSource gives batches of windows to a train.Loop.
type windowSource struct {
	m       *Forecaster
	list    []*readSeries
	context bool // learn from the context, too
	size    int  // of a batch

	sum    []float64 // of the weights of the series' windows, up to each; nil where the places are fixed
	counts []int     // windows of each series
	places []place   // of this epoch

	next, tokens int
}

// drawn draws the windows to train on.
func (m *Forecaster) drawn(list []*readSeries) *windowSource {
	f := m.config.Forecast
	s := &windowSource{m: m, list: list, context: true}
	sum, all := 0.0, 0
	for _, r := range list {
		n := f.trainable(r.Len())
		weight := 1.0
		if f.Weighted {
			weight = m.features.scaleOfWindow(r.Values[:max(0, r.Len()-f.Test-f.Validation)], ScalingMean).scale
		}
		sum += float64(n) * weight
		all += n
		s.counts, s.sum = append(s.counts, n), append(s.sum, sum)
	}
	s.size = min(m.config.Batch, all)
	batches := min((all+s.size-1)/s.size, mostBatches)
	s.places = make([]place, batches*s.size)
	s.SetEpoch(0)
	return s
}

// held are the windows whose horizon is in the values to stop by: those of all origins, or of as many as make mostBatches.
func (m *Forecaster) held(list []*readSeries) *windowSource {
	f := m.config.Forecast
	s := &windowSource{m: m, list: list, size: m.config.Batch}
	origins := max(f.Validation-f.Horizon+1, 1)
	stride := max(1, len(list)*origins/(mostBatches*s.size))
	for i, r := range list {
		from := r.Len() - f.Test - f.Validation
		for k := 0; k < origins; k += stride {
			if known := from + k; known >= f.least() && hasValue(r.Values[known:min(known+f.Horizon, r.Len())]) {
				s.places = append(s.places, place{i, known})
			}
		}
	}
	return s
}

func hasValue(values []float64) bool {
	for _, v := range values {
		if !math.IsNaN(v) {
			return true
		}
	}
	return false
}

// SetEpoch draws the windows of an epoch. The line of all windows, each as long as it is heavy, is cut into equal parts, and of
// each part a place is drawn: where all weigh the same and fit into an epoch, every window comes once.
func (s *windowSource) SetEpoch(epoch int) {
	if s.sum == nil {
		return
	}
	f, r := s.m.config.Forecast, rand.New(rand.NewPCG(s.m.config.Seed, uint64(epoch)))
	total := s.sum[len(s.sum)-1]
	for i := range s.places {
		at := (float64(i) + r.Float64()) / float64(len(s.places)) * total
		k := min(sort.Search(len(s.sum), func(k int) bool { return s.sum[k] > at }), len(s.sum)-1)
		for s.counts[k] == 0 { // rounding led past the last
			k--
		}
		before := 0.0
		if k > 0 {
			before = s.sum[k-1]
		}
		n := float64(s.counts[k])
		s.places[i] = place{k, f.least() + int(min(max((at-before)/(s.sum[k]-before)*n, 0), n-1))}
	}
	r.Shuffle(len(s.places), func(i, j int) { s.places[i], s.places[j] = s.places[j], s.places[i] })
}

func (s *windowSource) Len() int { return (len(s.places) + s.size - 1) / max(s.size, 1) }

func (s *windowSource) Seek(batch int) error {
	if batch < 0 || batch > s.Len() {
		return errors.Errorf("models: batch %d; there are %d", batch, s.Len())
	}
	s.next = batch
	return nil
}

func (s *windowSource) Next() ([]*tensor.Dense, bool) {
	if s.next >= s.Len() {
		return nil, false
	}
	at := s.places[s.next*s.size : min((s.next+1)*s.size, len(s.places))]
	s.next++
	w := windows{s.m.config.Forecast, s.m.features}
	in, scales := w.inputs(s.list, at, true)
	targets, count := w.targets(s.list, at, scales, s.context)
	s.tokens = count
	return append(in, targets...), true
}

// Tokens is the number of values that the batch compares with.
func (s *windowSource) Tokens() int { return s.tokens }
