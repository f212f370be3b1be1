package models

import (
	"fmt"

	"github.com/unroll-go/unroll/datasets"
)

// Entries of a language model's metadata.
const (
	configKey     = "config"
	vocabularyKey = "vocabulary"
	primerKey     = "primer"
)

// languageKind is the row of the language model in the table of kinds.
func languageKind() spec {
	return spec{
		title: "language model", maker: "NewLanguageModel", keys: []string{configKey, vocabularyKey},
		tokens: []string{datasets.Character, datasets.Word},
		defaults: Config{
			Tokens: datasets.Character, Vocabulary: 10000, Cell: "lstm", Layers: 2, Hidden: 128, Embed: 64,
			Seq: 50, Batch: 50, Optimizer: "adam", Rate: 0.004, Clip: 1, Epochs: 1, Seed: 1,
		},
		lacks: []lack{
			{"Pool", "a language model predicts at every step"},
			{"ClassWeights", "a language model's tokens are no labels"},
			{"OneWay", "a language model reads in one direction anyway"},
		},
		check:    Config.checkAdaptive,
		fields:   func() fileFields { return new(languageFields) },
		contents: func() contents { return new(languageContents) },
		words: func(c Config, cell string) string {
			what := fmt.Sprintf("%d x %s, hidden %d, embedding %d", c.Layers, cell, c.Hidden, c.Embed)
			if len(c.Adaptive) > 0 {
				what += fmt.Sprintf(", adaptive softmax %v", c.Adaptive)
			}
			return what
		},
	}
}

// languageFields are the configuration of a language model as files have it, in this order.
type languageFields struct {
	Text string `json:"text"`
	originFields
	tokenFields
	networkSizes
	Adaptive []int `json:"adaptive,omitempty"`
	Seq      int   `json:"seq"`
	runFields
}

func (f *languageFields) set(c Config) {
	f.Text, f.Adaptive, f.Seq = c.Origin.Text, c.Adaptive, c.Seq
	f.originFields.set(c)
	f.tokenFields.set(c)
	f.networkSizes.set(c)
	f.runFields.set(c)
}

func (f *languageFields) config() Config {
	c := Config{Adaptive: f.Adaptive, Seq: f.Seq, Origin: Origin{Text: f.Text}}
	f.originFields.into(&c)
	f.tokenFields.into(&c)
	f.networkSizes.into(&c)
	f.runFields.into(&c)
	return c
}

// languageContents is what a language model's file has beside its configuration.
type languageContents struct {
	vocab  *datasets.Vocabulary
	primer string
}

func (l *languageContents) read(path string, metadata map[string]string, _ Config) error {
	l.vocab, l.primer = new(datasets.Vocabulary), metadata[primerKey]
	return decodeEntry(path, metadata, vocabularyKey, l.vocab)
}

func (l *languageContents) check(Config) error { return nil }

func (l *languageContents) network(c Config) (network, error) {
	return languageNetwork(c, l.vocab.Len())
}

func (l *languageContents) model(c Config) (built, error) {
	m, err := newLanguageModel(c, l.vocab)
	if err != nil {
		return nil, err
	}
	m.primer = l.primer
	return m, nil
}

// checkAdaptive refuses cutoffs that no vocabulary fits.
func (c Config) checkAdaptive() error {
	for i, cut := range c.Adaptive {
		switch {
		case cut < 1 || cut > most || i > 0 && cut <= c.Adaptive[i-1]:
			return wrong("Adaptive", "%v; want cutoffs above 0, each above the one before", c.Adaptive)
		case (adaptive{}).head().Width(c.Hidden, i) < 1:
			return wrong("Adaptive", "%v; want %d cutoffs at most, as each cluster sees a fourth of the one before, the first of %d numbers",
				c.Adaptive, i, c.Hidden)
		}
	}
	return nil
}

// metadata is what a file needs beside the weights to be a model again.
func (m *LanguageModel) metadata() (map[string]string, error) {
	out, err := languageKind().metadata(m.config, map[string]any{vocabularyKey: m.vocab})
	if err == nil {
		out[primerKey] = m.primer
	}
	return out, err
}
