package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
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
	t, err := readTable(c.Table, c.TextColumn, c.LabelColumn, true)
	if err != nil {
		return err
	}
	hash, err := hashOf(c.Table)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != c.TextHash {
		return errors.Errorf("%s has changed since %s was saved", c.Table, fl.resume)
	}
	c.TextColumn, c.LabelColumn, c.TextHash = t.textColumn, t.labelName, hash
	test, check, fit := c.parts(len(t.texts))
	w := cmd.ErrOrStderr()
	m, err := classifierFor(w, c, t, fit, fl, from)
	if err != nil {
		return err
	}
	loop, err := m.loop(t, check, fit, fl)
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
	m.describe(w, t, len(fit), len(check), len(test))
	describeFiles(w, saved, fl)
	show := newDisplay(w)
	show.plain = true
	result, err := carryOut(cmd, loop, show, saved, fl)
	if err != nil {
		return err
	}
	conclusion(w, result, c.Patience, true)
	if len(test) == 0 {
		test = check
	}
	judged, _, err := m.judge(chosen(t.texts, test), chosen(t.labels, test))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nSaved %s. More: unroll eval --model %s, unroll predict --model %s\n", fl.out, fl.out, fl.out)
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "test_accuracy=%.4f test_macro_f1=%.4f val_loss=%.4f tokens_per_s=%.0f\n",
		judged.Accuracy(), judged.MacroF1(), result.Best, result.TokensPerSecond)
	return err
}

// classifierFor is a new model for a table, or one from a file.
func classifierFor(w io.Writer, c classConfig, t *labelled, fit []int, fl trainFlags, from *modelFile) (*classifier, error) {
	if fl.resume != "" {
		return from.classifier()
	}
	labels := slices.Clone(t.labels)
	slices.Sort(labels)
	if labels = slices.Compact(labels); len(labels) < 2 {
		return nil, errors.Errorf("%s: the column %s has one label only, %q; want two at least", c.Table, c.LabelColumn, labels[0])
	}
	if len(labels) > len(t.labels)/2 {
		return nil, errors.Errorf("%s: the column %s has %d labels in %d rows; is it the right one? (--label-column)", c.Table, c.LabelColumn, len(labels), len(t.labels))
	}
	if len(fit) < 1 {
		return nil, errors.Errorf("%s: %d rows are too few to train on", c.Table, len(t.texts))
	}
	if from != nil {
		from.config = c
		from.relabel(w, labels)
		return from.classifier()
	}
	tokens, err := tokensOf(c, chosen(t.texts, fit))
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
func (m *classifier) loop(t *labelled, check, fit []int, fl trainFlags) (*train.Loop, error) {
	c := m.config
	source := func(rows []int, o datasets.Batching) (train.Source, error) {
		ids, err := m.encode(chosen(t.texts, rows))
		if err != nil {
			return nil, err
		}
		labels, err := m.labelIDs(chosen(t.labels, rows))
		if err != nil {
			return nil, err
		}
		o.Size, o.Pool, o.RoundTo, o.Seed = min(c.Batch, len(rows)), 20, 8, c.Seed
		b, err := datasets.LabelledBatches(ids, labels, o)
		return train.FromBatches(b), err
	}
	data, err := source(fit, datasets.Batching{Shuffle: true})
	if err != nil {
		return nil, err
	}
	validation, err := source(check, datasets.Batching{})
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
	return &train.Loop{Params: m.params, Loss: m.loss, Data: data, Validation: validation, Optimizer: o, Schedule: optim.Constant(c.Rate),
		ClipNorm: c.Clip, Epochs: c.Epochs, Steps: c.Steps, Patience: c.Patience, KeepBest: true, Seed: c.Seed,
		Checkpoint: fl.out, SaveEvery: fl.saveEvery, Metadata: metadata}, nil
}

func (m *classifier) describe(w io.Writer, t *labelled, fit, check, test int) {
	c := m.config
	fmt.Fprintf(w, "Table   %s: texts in %q, labels in %q (%s)\n", c.Table, t.textColumn, t.labelName, strings.Join(m.labels, ", "))
	fmt.Fprintf(w, "Rows    %d to train on, %d to stop by, %d to test\n", fit, check, test)
	fmt.Fprintf(w, "Model   %s, %d %s tokens\n", c.network(), m.tokens.Len(), c.Vocabulary)
}

// judge compares the predictions for texts with their labels; it also gives the mean loss.
func (m *classifier) judge(texts, labels []string) (*train.Confusion, float64, error) {
	truth, err := m.labelIDs(labels)
	if err != nil {
		return nil, 0, err
	}
	p, err := m.probabilities(texts)
	if err != nil {
		return nil, 0, err
	}
	predicted, loss := make([]int, len(texts)), 0.0
	for i, row := range p {
		for j, v := range row {
			if v > row[predicted[i]] {
				predicted[i] = j
			}
		}
		loss -= math.Log(max(row[truth[i]], 1e-30)) / float64(len(texts))
	}
	c := train.NewConfusion(m.labels...)
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

func hashOf(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
