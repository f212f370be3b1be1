package models

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// Entries of a tagger's metadata.
const (
	taggerKey     = "tagger" // the configuration
	wordsKey      = "words"
	charactersKey = "characters"
	tagsKey       = "tags"
)

func taggerDefaults() Config {
	return Config{
		Vocabulary: 50000, Cell: "lstm", Layers: 1, Hidden: 128, Embed: 100, Dropout: 0.5,
		Batch: 8, Optimizer: "adam", Rate: 0.003, Clip: 5, Epochs: 10, Patience: 5, Seed: 1,
		Tag:    TagConfig{Characters: SpellingRecurrent, CharEmbed: 32, CharHidden: 32},
		Origin: Origin{TestPart: 0.1},
	}
}

// taggerKind is the row of the tagger in the table of kinds.
func taggerKind() spec {
	return spec{
		title: "tagger of words", maker: "NewTagger", keys: []string{taggerKey},
		defaults: taggerDefaults(),
		lacks: []lack{
			{"Tokens", "a tagger reads words and their characters"},
			{"Pool", "a tagger predicts at every word"},
			{"Adaptive", "a tagger has few tags"},
			{"Seq", "a tagger reads whole sentences"},
			{"ClassWeights", "the tags of a sentence count as they come"},
		},
		network:  []string{"Tag.Characters", "Tag.CharEmbed", "Tag.CharHidden"},
		check:    Config.checkTag,
		fields:   func() fileFields { return new(taggerFields) },
		contents: func() contents { return new(taggerContents) },
		words: func(c Config, cell string) string {
			what := fmt.Sprintf("%d x %s, %s, hidden %d, embedding %d", c.Layers, cell, c.ways(), c.Hidden, c.Embed)
			switch c.Tag.Characters {
			case SpellingRecurrent:
				what += fmt.Sprintf(", characters by %s %d", cell, c.Tag.CharHidden)
			case SpellingConv:
				what += fmt.Sprintf(", characters by %d filters", 2*c.Tag.CharHidden)
			}
			if c.Tag.Softmax {
				return what + ", softmax"
			}
			return what + ", CRF"
		},
	}
}

// taggerFields are the configuration of a tagger as files have it, in this order.
type taggerFields struct {
	TagFile    string `json:"tags"`
	TagFormat  string `json:"tag_format"`
	TagColumn  string `json:"tag_column"`
	WordColumn string `json:"word_column,omitempty"`
	FileScheme string `json:"file_scheme"`
	originFields
	Vocabulary int `json:"vocabulary_limit"`
	networkSizes
	OneWay     bool   `json:"one_way"`
	Characters string `json:"characters"`
	CharEmbed  int    `json:"char_embed"`
	CharHidden int    `json:"char_hidden"`
	Softmax    bool   `json:"softmax"`
	Scheme     string `json:"scheme"`
	runFields
	partFields
}

func (f *taggerFields) set(c Config) {
	o, t := c.Origin.Tags, c.Tag
	f.TagFile, f.TagFormat, f.TagColumn, f.WordColumn, f.FileScheme = o.TagFile, o.TagFormat, o.TagColumn, o.WordColumn, o.FileScheme
	f.Vocabulary, f.OneWay = c.Vocabulary, c.OneWay
	f.Characters, f.CharEmbed, f.CharHidden, f.Softmax, f.Scheme = t.Characters, t.CharEmbed, t.CharHidden, t.Softmax, t.Scheme
	f.originFields.set(c)
	f.networkSizes.set(c)
	f.runFields.set(c)
	f.partFields.set(c)
}

func (f *taggerFields) config() Config {
	c := Config{
		Vocabulary: f.Vocabulary, OneWay: f.OneWay,
		Tag:    TagConfig{f.Characters, f.CharEmbed, f.CharHidden, f.Softmax, f.Scheme},
		Origin: Origin{Tags: TagOrigin{f.TagFile, f.TagFormat, f.TagColumn, f.WordColumn, f.FileScheme}},
	}
	f.originFields.into(&c)
	f.networkSizes.into(&c)
	f.runFields.into(&c)
	f.partFields.into(&c)
	return c
}

// taggerContents is what a tagger's file has beside its configuration.
type taggerContents struct {
	words      *datasets.Vocabulary // in small letters
	characters *datasets.Vocabulary
	tags       []string // in order
}

func (l *taggerContents) read(path string, metadata map[string]string, _ Config) error {
	l.words, l.characters = new(datasets.Vocabulary), new(datasets.Vocabulary)
	if err := decodeEntry(path, metadata, wordsKey, l.words); err != nil {
		return err
	}
	if err := decodeEntry(path, metadata, charactersKey, l.characters); err != nil {
		return err
	}
	return decodeEntry(path, metadata, tagsKey, &l.tags)
}

func (l *taggerContents) check(Config) error {
	for name, v := range map[string]*datasets.Vocabulary{wordsKey: l.words, charactersKey: l.characters} {
		if id, ok := v.ID(datasets.Unknown); !ok || id != unknownID {
			return errors.Errorf("its %s have no %s as number %d", name, datasets.Unknown, unknownID)
		}
	}
	if l.words.Kind() != datasets.Label || l.characters.Kind() != datasets.Character {
		return errors.Errorf("its words are of kind %s and its characters of kind %s; want %s and %s",
			l.words.Kind(), l.characters.Kind(), datasets.Label, datasets.Character)
	}
	return checkTags(l.tags)
}

// checkTags refuses tags that are not two at least, each once and in order.
func checkTags(tags []string) error {
	for i, tag := range tags {
		switch {
		case tag == "":
			return errors.Errorf("its tags have one that is empty")
		case i > 0 && tags[i-1] >= tag:
			return errors.Errorf("its tags have %q before %q; want each once, in order", tags[i-1], tag)
		}
	}
	if len(tags) < 2 {
		return errors.Errorf("its tags are %q; want two at least", tags)
	}
	return nil
}

func (l *taggerContents) network(c Config) (network, error) {
	return taggerNetwork(c, l.words.Len(), l.characters.Len(), len(l.tags))
}

func (l *taggerContents) model(c Config) (built, error) {
	m, err := newTagger(c, l.words, l.characters, l.tags)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// metadata is what a file needs beside the weights to be a model again.
func (m *Tagger) metadata() (map[string]string, error) {
	return taggerKind().metadata(m.config, map[string]any{wordsKey: m.words, charactersKey: m.characters, tagsKey: m.tags})
}
