package models

import (
	"reflect"
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

// languageFields are the configuration of a language model as files have it, in this order.
type languageFields struct {
	Text       string  `json:"text"`
	Hash       string  `json:"text_sha256"`
	InitFrom   string  `json:"init_from,omitempty"`
	Tokens     string  `json:"vocabulary"`
	Vocabulary int     `json:"vocabulary_limit"`
	Cell       string  `json:"cell"`
	Layers     int     `json:"layers"`
	Hidden     int     `json:"hidden"`
	Embed      int     `json:"embed"`
	Dropout    float64 `json:"dropout"`
	Adaptive   []int   `json:"adaptive,omitempty"`
	Seq        int     `json:"seq"`
	Batch      int     `json:"batch"`
	Optimizer  string  `json:"optimizer"`
	Rate       float64 `json:"lr"`
	Clip       float64 `json:"clip"`
	Epochs     int     `json:"epochs"`
	Steps      int     `json:"steps"`
	Patience   int     `json:"patience"`
	Seed       uint64  `json:"seed"`
}

// classifierFields are the configuration of a classifier as files have it, in this order.
type classifierFields struct {
	languageFields
	Header      string   `json:"header,omitempty"`
	Delimiter   string   `json:"delimiter,omitempty"`
	Encoding    string   `json:"encoding,omitempty"`
	Missing     []string `json:"missing,omitempty"`
	File        string   `json:"table"`
	TextColumn  string   `json:"text_column"`
	LabelColumn string   `json:"label_column"`
	OneWay      bool     `json:"one_way"`
	Pool        string   `json:"pool"`
	TestPart    float64  `json:"test_part"`
	ValidFile   string   `json:"valid_file,omitempty"`
	TestFile    string   `json:"test_file,omitempty"`
}

// language is what a file of a language model has of a configuration.
func (c Config) language() languageFields {
	return languageFields{
		Text: c.Origin.Text, Hash: c.Origin.Hash, InitFrom: c.Origin.InitFrom,
		Tokens: c.Tokens, Vocabulary: c.Vocabulary,
		Cell: c.Cell, Layers: c.Layers, Hidden: c.Hidden, Embed: c.Embed, Dropout: c.Dropout, Adaptive: c.Adaptive,
		Seq: c.Seq, Batch: c.Batch, Optimizer: c.Optimizer, Rate: c.Rate, Clip: c.Clip,
		Epochs: c.Epochs, Steps: c.Steps, Patience: c.Patience, Seed: c.Seed,
	}
}

// classifier is what a file of a classifier has of a configuration.
func (c Config) classifier() classifierFields {
	t := c.Origin.Table
	return classifierFields{
		languageFields: c.language(),
		Header:         t.Header, Delimiter: t.Delimiter, Encoding: t.Encoding, Missing: t.Missing,
		File: t.File, TextColumn: t.TextColumn, LabelColumn: t.LabelColumn,
		OneWay: c.OneWay, Pool: c.Pool, TestPart: t.TestPart, ValidFile: t.ValidFile, TestFile: t.TestFile,
	}
}

func (f languageFields) config() Config {
	return Config{
		Tokens: f.Tokens, Vocabulary: f.Vocabulary,
		Cell: f.Cell, Layers: f.Layers, Hidden: f.Hidden, Embed: f.Embed, Dropout: f.Dropout, Adaptive: f.Adaptive,
		Seq: f.Seq, Batch: f.Batch, Optimizer: f.Optimizer, Rate: f.Rate, Clip: f.Clip,
		Epochs: f.Epochs, Steps: f.Steps, Patience: f.Patience, Seed: f.Seed,
		Origin: Origin{Text: f.Text, Hash: f.Hash, InitFrom: f.InitFrom},
	}
}

func (f classifierFields) config() Config {
	c := f.languageFields.config()
	c.OneWay, c.Pool = f.OneWay, f.Pool
	c.Origin.Table = Table{
		File: f.File, TextColumn: f.TextColumn, LabelColumn: f.LabelColumn,
		Header: f.Header, Delimiter: f.Delimiter, Encoding: f.Encoding, Missing: f.Missing,
		TestPart: f.TestPart, ValidFile: f.ValidFile, TestFile: f.TestFile,
	}
	return c
}

// FileField is what a field of Config, Origin or Table is called in the configuration that a file has; empty if it has no
// such field.
func FileField(field string) string {
	f, ok := reflect.TypeFor[classifierFields]().FieldByName(field)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
