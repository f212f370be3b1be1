package models

import (
	"strings"

	"github.com/pkg/errors"
)

// A file says in its metadata, under formatKey, who wrote it: a train.Loop, or Save. Files of Save before version 1 do not
// say it. The number grows when a reader of the old format would misread the new one.
const (
	formatKey        = "format"
	formatModel      = "unroll model 1"
	formatCheckpoint = "unroll checkpoint 1"
)

// checkFormat refuses files of later versions.
func checkFormat(path string, metadata map[string]string) error {
	f := metadata[formatKey]
	for _, known := range []string{formatModel, formatCheckpoint} {
		family := strings.TrimRight(known, "0123456789")
		if strings.HasPrefix(f, family) && f != known {
			return errors.Errorf("%s has the format %q, of another version of this library; this one reads %q", path, f, known)
		}
	}
	return nil
}

// The configuration in a file is made of these parts; a kind takes those that it has, and adds its own. What is left out
// when it is empty, not all kinds have.

// originFields say where the data came from.
type originFields struct {
	Hash    string `json:"text_sha256"`
	From    string `json:"from,omitempty"`
	Vectors string `json:"vectors,omitempty"`
}

func (f *originFields) set(c Config) {
	f.Hash, f.From, f.Vectors = c.Origin.Hash, c.Origin.From, c.Origin.Vectors
}

func (f *originFields) into(c *Config) {
	c.Origin.Hash, c.Origin.From, c.Origin.Vectors = f.Hash, f.From, f.Vectors
}

// tokenFields say what the tokens are.
type tokenFields struct {
	Tokens     string `json:"vocabulary"`
	Vocabulary int    `json:"vocabulary_limit"`
}

func (f *tokenFields) set(c Config) { f.Tokens, f.Vocabulary = c.Tokens, c.Vocabulary }

func (f *tokenFields) into(c *Config) { c.Tokens, c.Vocabulary = f.Tokens, f.Vocabulary }

// networkSizes describe the recurrent layers.
type networkSizes struct {
	Cell    string  `json:"cell"`
	Layers  int     `json:"layers"`
	Hidden  int     `json:"hidden"`
	Embed   int     `json:"embed,omitempty"`
	Dropout float64 `json:"dropout"`

	Heads            int     `json:"heads,omitempty"`
	Residual         bool    `json:"residual,omitempty"`
	LayerNorm        bool    `json:"layer_norm,omitempty"`
	InputDropout     float64 `json:"input_dropout,omitempty"`
	RecurrentDropout float64 `json:"recurrent_dropout,omitempty"`
	WeightDropout    float64 `json:"weight_dropout,omitempty"`
	Zoneout          float64 `json:"zoneout,omitempty"`
}

func (f *networkSizes) set(c Config) {
	*f = networkSizes{
		c.Cell, c.Layers, c.Hidden, c.Embed, c.Dropout,
		c.Heads, c.Residual, c.LayerNorm, c.InputDropout, c.RecurrentDropout, c.WeightDropout, c.Zoneout,
	}
}

func (f *networkSizes) into(c *Config) {
	c.Cell, c.Layers, c.Hidden, c.Embed, c.Dropout = f.Cell, f.Layers, f.Hidden, f.Embed, f.Dropout
	c.Heads, c.Residual, c.LayerNorm = f.Heads, f.Residual, f.LayerNorm
	c.InputDropout, c.RecurrentDropout, c.WeightDropout, c.Zoneout = f.InputDropout, f.RecurrentDropout, f.WeightDropout, f.Zoneout
}

// runFields say how a model was trained.
type runFields struct {
	Batch     int     `json:"batch"`
	Optimizer string  `json:"optimizer"`
	Rate      float64 `json:"lr"`
	Clip      float64 `json:"clip"`
	Epochs    int     `json:"epochs"`
	Steps     int     `json:"steps"`
	Patience  int     `json:"patience"`
	Seed      uint64  `json:"seed"`

	Freeze []string `json:"freeze,omitempty"`
	Shards int      `json:"shards,omitempty"`
}

func (f *runFields) set(c Config) {
	*f = runFields{c.Batch, c.Optimizer, c.Rate, c.Clip, c.Epochs, c.Steps, c.Patience, c.Seed, c.Freeze, c.Shards}
}

func (f *runFields) into(c *Config) {
	c.Batch, c.Optimizer, c.Rate, c.Clip = f.Batch, f.Optimizer, f.Rate, f.Clip
	c.Epochs, c.Steps, c.Patience, c.Seed, c.Freeze, c.Shards = f.Epochs, f.Steps, f.Patience, f.Seed, f.Freeze, f.Shards
}

// formatFields say how a table was read.
type formatFields struct {
	Header    string   `json:"header,omitempty"`
	Delimiter string   `json:"delimiter,omitempty"`
	Encoding  string   `json:"encoding,omitempty"`
	Decimal   string   `json:"decimal,omitempty"`
	Missing   []string `json:"missing,omitempty"`
}

func (f *formatFields) set(c Config) {
	*f = formatFields(c.Origin.Format)
}

func (f *formatFields) into(c *Config) {
	c.Origin.Format = Format(*f)
}

// partFields say which part of the data was kept for the test, and which files were read for it.
type partFields struct {
	TestPart  float64 `json:"test_part"`
	ValidFile string  `json:"valid_file,omitempty"`
	TestFile  string  `json:"test_file,omitempty"`
}

func (f *partFields) set(c Config) {
	*f = partFields{c.Origin.TestPart, c.Origin.ValidFile, c.Origin.TestFile}
}

func (f *partFields) into(c *Config) {
	c.Origin.TestPart, c.Origin.ValidFile, c.Origin.TestFile = f.TestPart, f.ValidFile, f.TestFile
}
