package models

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// Entries of a classifier's metadata.
const (
	classifierKey = "classifier" // the configuration
	tokensKey     = "tokens"
	labelsKey     = "labels"
)

// classifierKind is the row of the classifier in the table of kinds.
func classifierKind() spec {
	return spec{
		title: "classifier of texts", maker: "NewClassifier", keys: []string{classifierKey},
		tokens: []string{datasets.Character, datasets.Word, BytePairs},
		defaults: Config{
			Tokens: BytePairs, Vocabulary: 1500, Cell: "gru", Layers: 1, Hidden: 64, Embed: 64, Dropout: 0.4, Pool: "max",
			Seq: 50, Batch: 32, Optimizer: "adam", Rate: 0.002, Clip: 1, Epochs: 30, Patience: 5, Seed: 1,
			Origin: Origin{TestPart: 0.1},
		},
		lacks: []lack{{"Adaptive", "a classifier has few labels"}},
		check: func(c Config) error {
			_, err := poolingOf(c.Pool)
			return err
		},
		fields:   func() fileFields { return new(classifierFields) },
		contents: func() contents { return new(classifierContents) },
		words: func(c Config, cell string) string {
			return fmt.Sprintf("%d x %s, %s, hidden %d, embedding %d, %s over time",
				c.Layers, cell, c.ways(), c.Hidden, c.Embed, c.Pool)
		},
	}
}

// classifierFields are the configuration of a classifier as files have it, in this order.
type classifierFields struct {
	languageFields
	formatFields
	File        string `json:"table"`
	TextColumn  string `json:"text_column"`
	LabelColumn string `json:"label_column"`
	OneWay      bool   `json:"one_way"`
	Pool        string `json:"pool"`
	partFields
	ClassWeights string `json:"class_weights,omitempty"`
}

func (f *classifierFields) set(c Config) {
	f.languageFields.set(c)
	t := c.Origin.Table
	f.File, f.TextColumn, f.LabelColumn, f.OneWay, f.Pool = t.File, t.TextColumn, t.LabelColumn, c.OneWay, c.Pool
	f.ClassWeights = c.ClassWeights
	f.formatFields.set(c)
	f.partFields.set(c)
}

func (f *classifierFields) config() Config {
	c := f.languageFields.config()
	c.OneWay, c.Pool, c.ClassWeights = f.OneWay, f.Pool, f.ClassWeights
	c.Origin.Table = Table{File: f.File, TextColumn: f.TextColumn, LabelColumn: f.LabelColumn}
	f.formatFields.into(&c)
	f.partFields.into(&c)
	return c
}

// classifierContents is what a classifier's file has beside its configuration.
type classifierContents struct {
	tokens datasets.Tokenizer
	labels []string // in order
}

func (l *classifierContents) read(path string, metadata map[string]string, c Config) error {
	if err := decodeEntry(path, metadata, labelsKey, &l.labels); err != nil {
		return err
	}
	var err error
	l.tokens, err = readTokens(path, metadata, tokensKey, c)
	return err
}

// readTokens reads an entry that has a tokenizer.
func readTokens(path string, metadata map[string]string, key string, c Config) (datasets.Tokenizer, error) {
	var tokens datasets.Tokenizer = new(datasets.Vocabulary)
	if c.Tokens == BytePairs {
		tokens = new(datasets.BPE)
	}
	return tokens, decodeEntry(path, metadata, key, tokens)
}

func (l *classifierContents) check(Config) error { return checkLabels(l.labels) }

// checkLabels refuses labels of a file that are not two at least, each once and in order.
func checkLabels(labels []string) error {
	for i := 1; i < len(labels); i++ {
		if labels[i-1] >= labels[i] {
			return errors.Errorf("its labels have %q before %q; want each once, in order", labels[i-1], labels[i])
		}
	}
	if len(labels) < 2 {
		return errors.Errorf("its labels are %q; want two at least", labels)
	}
	return nil
}

func (l *classifierContents) network(c Config) (network, error) {
	return classifierNetwork(c, l.tokens.Len(), len(l.labels))
}

func (l *classifierContents) model(c Config) (built, error) {
	m, err := newClassifier(c, l.tokens, l.labels)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// metadata is what a file needs beside the weights to be a model again.
func (m *Classifier) metadata() (map[string]string, error) {
	return classifierKind().metadata(m.config, map[string]any{tokensKey: m.tokens, labelsKey: m.labels})
}
