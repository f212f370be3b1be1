package main

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// classDefaults are what a classifier's training flags are unless they are given: tables are small beside texts.
func classDefaults(cmd *cobra.Command, c *classConfig) {
	changed := cmd.Flags().Changed
	set := func(flag string, f func()) {
		if !changed(flag) {
			f()
		}
	}
	set("tokens", func() { c.Vocabulary = bytePairs })
	set("vocabulary", func() { c.VocabLimit = 1500 })
	set("cell", func() { c.Cell = "gru" })
	set("layers", func() { c.Layers = 1 })
	set("hidden", func() { c.Hidden = 64 })
	set("batch", func() { c.Batch = 32 })
	set("epochs", func() { c.Epochs = 30 })
	set("lr", func() { c.Rate = 0.002 })
	set("dropout", func() { c.Dropout = 0.4 })
	set("patience", func() { c.Patience = 5 })
}

// runClassify trains a classifier on a table.
func runClassify(cmd *cobra.Command, c classConfig, fl trainFlags, from *modelFile) error {
	t, p, err := c.readTables()
	if err != nil {
		return err
	}
	hash, err := c.tablesHash()
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != c.TextHash {
		return errors.Errorf("%s has changed since %s was saved", c.Table, fl.resume)
	}
	c.TextColumn, c.LabelColumn, c.TextHash = t.columns.text, t.columns.label, hash
	w := cmd.ErrOrStderr()
	m, err := classifierFor(w, c, t, p.fit, fl, from)
	if err != nil {
		return err
	}
	loop, err := m.loop(p, fl)
	if err != nil {
		return err
	}
	saved, err := checkpointOf(fl)
	if err != nil {
		return err
	}
	if err := goOn(loop, saved, fl); err != nil {
		return err
	}
	m.describe(w, t, p)
	describeFiles(w, saved, fl)
	show := newDisplay(w)
	show.plain = true
	result, err := carryOut(cmd, loop, show, saved, fl)
	if err != nil {
		return err
	}
	conclusion(w, result, c.Patience, true)
	judged, _, err := m.judge(p.test)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nSaved %s. More: unroll eval --model %s, unroll predict --model %s\n", fl.out, fl.out, fl.out)
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "test_accuracy=%.4f test_macro_f1=%.4f val_loss=%.4f texts_per_s=%.0f\n",
		judged.Accuracy(), judged.MacroF1(), result.Best, result.TokensPerSecond)
	return err
}

// classifierFor is a new model for a table, or one from a file.
func classifierFor(w io.Writer, c classConfig, t *labelledTable, fit *samples, fl trainFlags, from *modelFile) (*classifier, error) {
	if fl.resume != "" {
		return from.classifier()
	}
	if err := t.checkLabels(); err != nil {
		return nil, err
	}
	if len(fit.texts) < 1 {
		return nil, errors.Errorf("%s: %d rows are too few to train on", c.Table, len(t.texts))
	}
	labels := t.classes()
	if from != nil {
		from.config = c
		from.relabel(w, labels)
		return from.classifier()
	}
	tokens, err := tokensOf(c, fit.texts)
	if err != nil {
		return nil, err
	}
	ways := 2
	if c.OneWay {
		ways = 1
	}
	if err := c.enough(w, size{tokens.Len(), len(labels), ways, false}, machineMemory()); err != nil {
		return nil, err
	}
	m, err := newClassifier(c, tokens, labels)
	if err != nil {
		return nil, err
	}
	return m, m.touch()
}

// loop joins model, data and settings.
func (m *classifier) loop(p parts, fl trainFlags) (*train.Loop, error) {
	c := m.config
	source := func(rows *samples, o datasets.Batching) (train.Source, error) {
		ids, err := m.encode(rows)
		if err != nil {
			return nil, err
		}
		labels, err := m.labelIDs(rows)
		if err != nil {
			return nil, err
		}
		o.Size, o.Pool, o.RoundTo, o.Seed = min(c.Batch, len(ids)), 20, 8, c.Seed
		b, err := datasets.LabelledBatches(ids, labels, o)
		return train.FromBatches(b), err
	}
	data, err := source(p.fit, datasets.Batching{Shuffle: true})
	if err != nil {
		return nil, err
	}
	validation, err := source(p.check, datasets.Batching{})
	if err != nil {
		return nil, err
	}
	o, err := optimizerOf(c.Optimizer)
	if err != nil {
		return nil, err
	}
	metadata, err := m.metadata()
	if err != nil {
		return nil, err
	}
	return &train.Loop{
		Loss: m.loss, Data: data, Seed: c.Seed, Optimizer: o, Schedule: optim.Constant(c.Rate), Clip: train.Clip{Norm: c.Clip},
		Epochs: c.Epochs, Steps: c.Steps, Validation: train.Validation{Data: validation, Patience: c.Patience, KeepBest: true},
		Saving: train.Saving{Path: fl.out, Every: fl.saveEvery, Metadata: metadata},
	}, nil
}

func (m *classifier) describe(w io.Writer, t *labelledTable, p parts) {
	c := m.config
	t.describe(w)
	p.describe(w)
	fmt.Fprintf(w, "Model   %s, %d %s tokens\n", c.network(), m.tokens.Len(), c.Vocabulary)
}

// judge compares the predictions for texts with their labels; it also gives the mean loss.
func (m *classifier) judge(s *samples) (*metric.Confusion, float64, error) {
	truth, err := m.labelIDs(s)
	if err != nil {
		return nil, 0, err
	}
	ids, err := m.encode(s)
	if err != nil {
		return nil, 0, err
	}
	p, err := m.probabilities(ids)
	if err != nil {
		return nil, 0, err
	}
	predicted, loss := make([]int, len(ids)), 0.0
	for i, row := range p {
		for j, v := range row {
			if v > row[predicted[i]] {
				predicted[i] = j
			}
		}
		loss -= math.Log(max(row[truth[i]], 1e-30)) / float64(len(ids))
	}
	c := metric.NewConfusion(m.labels...)
	return c, loss, c.Add(truth, predicted)
}

func softmax(logits []float32) []float64 {
	top, sum := slices.Max(logits), 0.0
	out := make([]float64, len(logits))
	for i, v := range logits {
		out[i] = math.Exp(float64(v - top))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}
