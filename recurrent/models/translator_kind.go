package models

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// Entries of a translator's metadata.
const (
	translatorKey   = "translator" // the configuration
	sourceTokensKey = "source_tokens"
	targetTokensKey = "target_tokens" // not there if both sides have one encoding
	longestKey      = "longest_target"
)

// translatorKind is the row of the translator in the table of kinds.
func translatorKind() spec {
	return spec{
		title: "translator", maker: "NewTranslator", keys: []string{translatorKey},
		tokens: pairTokens(),
		defaults: Config{
			Tokens: BytePairs, Vocabulary: 2000, Cell: "lstm", Layers: 1, Hidden: 192, Embed: 192, Dropout: 0.5,
			Seq: 100, Batch: 16, Optimizer: "adam", Rate: 0.001, Clip: 1, Epochs: 30, Patience: 8, Seed: 1,
			Translate: TranslateConfig{Attention: "general", Smoothing: 0.1},
			Origin:    Origin{TestPart: 0.1},
		},
		lacks: []lack{
			{"Pool", "a translator looks at every step"},
			{"Adaptive", "a translator has a full softmax"},
			{"Residual", "a translator's decoder goes token by token"},
			{"InputDropout", "a translator has dropout and zoneout"},
			{"RecurrentDropout", "a translator has dropout and zoneout"},
			{"WeightDropout", "a translator has dropout and zoneout"},
		},
		network: []string{
			"Translate.TargetTokens", "Translate.Lower", "Translate.Joint", "Translate.Tied", "Translate.Attention", "Translate.InputFeeding",
		},
		check:    Config.checkTranslate,
		fields:   func() fileFields { return new(translatorFields) },
		contents: func() contents { return new(translatorContents) },
		words: func(c Config, cell string) string {
			what := fmt.Sprintf("%d x %s, %s, to %d x %s, hidden %d, embedding %d",
				c.Layers, cell, c.ways(), c.Layers, cell, c.Hidden, c.Embed)
			if c.Translate.Attention == noAttention {
				return what + ", no attention"
			}
			return what + ", " + c.Translate.Attention + " attention"
		},
	}
}

// translatorFields are the configuration of a translator as files have it, in this order.
type translatorFields struct {
	Pairs        string `json:"pairs"`
	PairsTarget  string `json:"pairs_target,omitempty"`
	SourceColumn string `json:"source_column,omitempty"`
	TargetColumn string `json:"target_column,omitempty"`
	Swap         bool   `json:"swap,omitempty"`
	originFields
	formatFields
	partFields
	tokenFields
	networkSizes
	OneWay       bool    `json:"one_way"`
	TargetTokens string  `json:"target_vocabulary,omitempty"`
	Lower        bool    `json:"lower,omitempty"`
	Joint        bool    `json:"joint,omitempty"`
	Tied         bool    `json:"tied,omitempty"`
	Attention    string  `json:"attention"`
	InputFeeding bool    `json:"input_feeding,omitempty"`
	Smoothing    float64 `json:"smoothing"`
	Seq          int     `json:"seq"`
	runFields
}

func (f *translatorFields) set(c Config) {
	o, t := c.Origin.Pairs, c.Translate
	f.Pairs, f.PairsTarget, f.SourceColumn, f.TargetColumn, f.Swap = o.Pairs, o.PairsTarget, o.SourceColumn, o.TargetColumn, o.Swap
	f.TargetTokens, f.Lower, f.Joint, f.Tied = t.TargetTokens, t.Lower, t.Joint, t.Tied
	f.Attention, f.InputFeeding, f.Smoothing = t.Attention, t.InputFeeding, t.Smoothing
	f.OneWay, f.Seq = c.OneWay, c.Seq
	f.originFields.set(c)
	f.formatFields.set(c)
	f.partFields.set(c)
	f.tokenFields.set(c)
	f.networkSizes.set(c)
	f.runFields.set(c)
}

func (f *translatorFields) config() Config {
	c := Config{
		OneWay: f.OneWay, Seq: f.Seq,
		Translate: TranslateConfig{
			TargetTokens: f.TargetTokens, Lower: f.Lower, Joint: f.Joint, Tied: f.Tied,
			Attention: f.Attention, InputFeeding: f.InputFeeding, Smoothing: f.Smoothing,
		},
		Origin: Origin{Pairs: PairFiles{f.Pairs, f.PairsTarget, f.SourceColumn, f.TargetColumn, f.Swap}},
	}
	f.originFields.into(&c)
	f.formatFields.into(&c)
	f.partFields.into(&c)
	f.tokenFields.into(&c)
	f.networkSizes.into(&c)
	f.runFields.into(&c)
	return c
}

// PairFiles tells which pairs a translator was trained on, and how they were read.
type PairFiles struct {
	Pairs        string // a table with a column for each side; or, with PairsTarget, a text with a source a line
	PairsTarget  string // a text with a target a line
	SourceColumn string // of a table with names; the first column if it is empty, and TargetColumn the second
	TargetColumn string
	Swap         bool // sources and targets were exchanged after reading
}

// translatorContents is what a translator's file has beside its configuration.
type translatorContents struct {
	source, target side
	longest        int
}

func (l *translatorContents) read(path string, metadata map[string]string, c Config) (err error) {
	if l.source, err = readSide(path, metadata, sourceTokensKey, c.Tokens, c.Translate.Lower); err != nil {
		return err
	}
	if l.target = l.source; !c.Translate.Joint {
		if l.target, err = readSide(path, metadata, targetTokensKey, c.targetTokens(), c.Translate.Lower); err != nil {
			return err
		}
	}
	return decodeEntry(path, metadata, longestKey, &l.longest)
}

// readSide reads an entry with the tokens of one side.
func readSide(path string, metadata map[string]string, key, kind string, lower bool) (side, error) {
	s := side{kind: kind, lower: lower}
	var tokens datasets.Tokenizer = new(datasets.Vocabulary)
	if kind == BytePairs {
		tokens = new(datasets.BPE)
	}
	if err := decodeEntry(path, metadata, key, tokens); err != nil {
		return s, err
	}
	s, err := s.with(tokens)
	return s, errors.Wrapf(err, "%s: its %s", path, key)
}

func (l *translatorContents) check(Config) error {
	for _, of := range []struct {
		key  string
		side side
	}{{sourceTokensKey, l.source}, {targetTokensKey, l.target}} {
		if v, ok := of.side.tokens.(*datasets.Vocabulary); ok && v.Kind() != vocabularyKind(of.side.kind) {
			return errors.Errorf("its %s are of the kind %s; want %s", of.key, v.Kind(), vocabularyKind(of.side.kind))
		}
	}
	if l.longest < 0 || l.longest > longestOfAll {
		return errors.Errorf("its %s is %d; want 0 to %d", longestKey, l.longest, longestOfAll)
	}
	return nil
}

// longestOfAll is the limit of a target's tokens.
const longestOfAll = 1 << 20

func (l *translatorContents) network(c Config) (network, error) {
	return translatorNetwork(c, l.source.tokens.Len(), l.target.tokens.Len())
}

func (l *translatorContents) model(c Config) (built, error) {
	m, err := newTranslator(c, l.source, l.target)
	if err != nil {
		return nil, err
	}
	m.longest = l.longest
	return m, nil
}

// metadata is what a file needs beside the weights to be a model again.
func (m *Translator) metadata() (map[string]string, error) {
	own := map[string]any{sourceTokensKey: m.source.tokens, longestKey: m.longest}
	if !m.config.Translate.Joint {
		own[targetTokensKey] = m.target.tokens
	}
	return translatorKind().metadata(m.config, own)
}

// LoadTranslator reads a translator.
func LoadTranslator(path string) (*Translator, error) {
	return loadAs[*Translator](path, KindTranslator)
}

// Save writes the model to a file, without the state of a training, replacing one that is there. The file appears whole or
// not at all.
func (m *Translator) Save(path string) error { return m.save(path, m.metadata) }
