package models

import (
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// scaleOf measures numbers; those that never differ have deviation 1.
func scaleOf(numbers []float64) scale {
	var s scale
	n := float64(len(numbers))
	for _, v := range numbers {
		s.Mean += v / n
	}
	for _, v := range numbers {
		s.Deviation += (v - s.Mean) * (v - s.Mean) / n
	}
	if s.Deviation = math.Sqrt(s.Deviation); s.Deviation <= 1e-12*math.Abs(s.Mean) {
		s.Deviation = 1
	}
	return s
}

// Fit trains the model, validates after every epoch, and ends with the weights of the best one. Without sequences to
// validate with, it takes a tenth of fit. With Config.Patience it stops early. If ctx is cancelled it saves to
// Run.Checkpoint, from which Resume goes on.
func (m *SequenceModel) Fit(ctx context.Context, fit, validation Sequences, r Run) (train.Result, error) {
	l, err := m.Loop(fit, validation, r)
	if err != nil {
		return train.Result{}, err
	}
	return l.Run(orBackground(ctx))
}

// Resume goes on where the file that the model was loaded from was saved, with the same sequences. The result has the bits
// of a run that was never stopped. It saves to that file unless Run.Checkpoint names another.
func (m *SequenceModel) Resume(ctx context.Context, fit, validation Sequences, r Run) (train.Result, error) {
	return m.resume(ctx, r, func(r Run) (*train.Loop, error) { return m.Loop(fit, validation, r) })
}

// Loop is what Fit runs: model, data and settings.
func (m *SequenceModel) Loop(fit, validation Sequences, r Run) (*train.Loop, error) {
	if err := m.draw(); err != nil {
		return nil, err
	}
	fit, validation, err := heldOut(fit, validation)
	if err != nil {
		return nil, err
	}
	if err := m.weigh(fit); err != nil {
		return nil, err
	}
	l, err := m.loop(r, m.metadata)
	if err != nil {
		return nil, err
	}
	l.Loss, l.Schedule, l.Validation.KeepBest = m.Loss(), optim.Constant(m.config.Rate), true
	l.Parallel.Axes = []int{1, 0, 0} // of rows [T, B, F], lengths [B], and labels [B] or numbers [B, 1]
	if l.Data, err = m.source(fit, "train on", true); err != nil {
		return nil, err
	}
	l.Validation.Data, err = m.source(validation, "validate with", false)
	return l, err
}

// weigh finds how much each class counts, by the sequences to train on.
func (m *SequenceModel) weigh(fit Sequences) error {
	if m.config.ClassWeights == "" {
		return nil
	}
	ids, err := m.labelIDs(fit)
	if err != nil {
		return err
	}
	count := make([]int, len(m.own.labels))
	for _, id := range ids {
		count[id]++
	}
	m.counts, err = m.config.classWeights(m.own.labels, count)
	return err
}

// source makes batches of sequences with their targets.
func (m *SequenceModel) source(s Sequences, what string, shuffle bool) (train.Source, error) {
	if s.Len() == 0 {
		return nil, errors.Errorf("models: there are no sequences to %s", what)
	}
	rows, width, err := m.encode(s)
	if err != nil {
		return nil, err
	}
	o := batching(rows, width, m.config.Batch)
	o.Shuffle, o.Seed = shuffle, m.config.Seed
	if m.config.Sequence.TargetKind == TargetNumber {
		numbers, err := m.standardised(s)
		if err != nil {
			return nil, err
		}
		b, err := datasets.FeatureBatches(rows, width, nil, o)
		if err != nil {
			return nil, err
		}
		b, err = b.WithNumbers(numbers)
		return train.FromBatches(b), err
	}
	labels, err := m.labelIDs(s)
	if err != nil {
		return nil, err
	}
	b, err := datasets.FeatureBatches(rows, width, labels, o)
	return train.FromBatches(b), err
}

// encode makes what the network reads of sequences, and tells its width.
func (m *SequenceModel) encode(s Sequences) (rows [][]float32, width int, err error) {
	if err := s.check(); err != nil {
		return nil, 0, err
	}
	for i := range s.Values {
		if n, most := s.Steps(i), m.config.Sequence.MaxRows; n > most {
			return nil, 0, errors.Errorf("%s: %d rows; the model takes %d at most (MaxRows): thin the rows out, cut them, or allow more, "+
				"which takes time and memory", s.Place(i), n, most)
		}
	}
	l := m.config.inputLayout()
	rows, err = m.own.inputs.encode(s, l)
	return rows, l.width(m.own.inputs.features()), err
}

// standardised are the numbers of sequences as the network predicts them.
func (m *SequenceModel) standardised(s Sequences) ([][]float32, error) {
	if s.Numbers == nil {
		return nil, errors.New("models: the sequences have no Numbers, which the model predicts")
	}
	out := make([][]float32, s.Len())
	for i, v := range s.Numbers {
		out[i] = []float32{float32((v - m.own.target.Mean) / m.own.target.Deviation)}
	}
	return out, nil
}

// labelIDs are the places of the sequences' classes.
func (m *SequenceModel) labelIDs(s Sequences) ([]int, error) {
	if s.Labels == nil {
		return nil, errors.New("models: the sequences have no Labels, which the model predicts")
	}
	out := make([]int, s.Len())
	for i, l := range s.Labels {
		at, ok := slices.BinarySearch(m.own.labels, l)
		if !ok {
			return nil, errors.Errorf("%s: it has the label %q; the model knows %s", s.Place(i), l, listed(m.own.labels))
		}
		out[i] = at
	}
	return out, nil
}

// SequencePrediction is what a SequenceModel says of a sequence: a class with its probability, or a number.
type SequencePrediction struct {
	Label         string // the likeliest; empty of a model of numbers
	Probability   float64
	Probabilities []float64 // of all classes, in the order of SequenceModel.Labels
	Number        float64   // 0 of a model of classes
}

// Predict predicts the classes or the numbers of sequences; what they have of either is passed over.
func (m *SequenceModel) Predict(s Sequences) ([]SequencePrediction, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if s.Len() == 0 {
		return nil, nil
	}
	rows, width, err := m.encode(s)
	if err != nil {
		return nil, err
	}
	o := batching(rows, width, 64)
	o.Pool = len(rows)
	b, err := datasets.FeatureBatches(rows, width, nil, o)
	if err != nil {
		return nil, err
	}
	out := make([]SequencePrediction, len(rows))
	return out, m.lent.with(func(f *graph.Func) error {
		for {
			batch, ok := b.Next()
			if !ok {
				return nil
			}
			n := len(batch.Examples)
			r, err := f.Run(graph.Floats(batch.Values, batch.Steps, n, width), graph.Ints(batch.Lengths))
			if err != nil {
				return err
			}
			k := r[0].Shape()[1]
			for i, example := range batch.Examples {
				out[example] = m.prediction(r[0].Float32s()[i*k : (i+1)*k])
			}
		}
	})
}

// prediction is what the network's outputs for a sequence mean.
func (m *SequenceModel) prediction(y []float32) SequencePrediction {
	if m.config.Sequence.TargetKind == TargetNumber {
		return SequencePrediction{Number: float64(y[0])*m.own.target.Deviation + m.own.target.Mean}
	}
	p := softmax(y, 1)
	best := largest(p)
	return SequencePrediction{Label: m.own.labels[best], Probability: p[best], Probabilities: p}
}

// SequenceEvaluation is how good predictions for sequences are.
type SequenceEvaluation struct {
	Name      string // of what predicts
	Sequences int
	Confusion *metric.Confusion // of classes
	// Probabilities are those of all classes for each sequence; nil of numbers, and of what gives no probabilities.
	Probabilities *metric.Probabilities
	Loss          float64 // of classes: mean of -log p of the true ones, in nats; NaN of one that gives no probabilities
	MAE           float64 // of numbers: mean absolute error
	RMSE          float64 // root of the mean squared error
	R2            float64 // share of the variance that is explained: 1 - Σ(y-ŷ)²/Σ(y-ȳ)²; no number if there is no variance
}

// Evaluate compares the predictions for sequences with what they have of classes or numbers.
func (m *SequenceModel) Evaluate(s Sequences) (*SequenceEvaluation, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	if s.Len() == 0 {
		return nil, errors.New("models: there are no sequences to evaluate with")
	}
	found, err := m.Predict(s)
	if err != nil {
		return nil, err
	}
	return m.judge("model", s, found)
}

// judge compares predictions with the truth.
func (m *SequenceModel) judge(name string, s Sequences, found []SequencePrediction) (*SequenceEvaluation, error) {
	e := &SequenceEvaluation{Name: name, Sequences: s.Len()}
	if m.config.Sequence.TargetKind == TargetNumber {
		if s.Numbers == nil {
			return nil, errors.New("models: the sequences have no Numbers, which the model predicts")
		}
		predicted := make([]float64, len(found))
		for i, p := range found {
			predicted[i] = p.Number
		}
		return e, e.numbers(s.Numbers, predicted)
	}
	truth, err := m.labelIDs(s)
	if err != nil {
		return nil, err
	}
	all, err := metric.NewProbabilities(len(m.own.labels))
	if err != nil {
		return nil, err
	}
	e.Probabilities = all
	predicted := make([]int, len(found))
	for i, p := range found {
		predicted[i], _ = slices.BinarySearch(m.own.labels, p.Label)
		if p.Probabilities == nil {
			e.Loss, e.Probabilities = math.NaN(), nil
			continue
		}
		if err := all.Add(p.Probabilities, truth[i]); err != nil {
			return nil, err
		}
		e.Loss -= math.Log(max(p.Probabilities[truth[i]], 1e-30)) / float64(len(found))
	}
	e.Confusion = metric.NewConfusion(m.own.labels...)
	return e, e.Confusion.Add(truth, predicted)
}

// numbers fills in the figures of numbers.
func (e *SequenceEvaluation) numbers(truth, predicted []float64) error {
	var f metric.ForecastErrors
	if err := f.Add(predicted, truth); err != nil {
		return err
	}
	e.MAE, e.RMSE = f.MAE(), f.RMSE()
	mean, variance := scaleOf(truth).Mean, 0.0
	for _, v := range truth {
		variance += (v - mean) * (v - mean) / float64(len(truth))
	}
	e.R2 = 1 - e.RMSE*e.RMSE/variance
	return nil
}
