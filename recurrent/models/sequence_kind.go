package models

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
)

// Entries of a sequence model's metadata; its labels stand under labelsKey.
const (
	sequenceKey = "sequences" // the configuration
	inputsKey   = "inputs"    // the scale of the features
	targetKey   = "target"    // the scale of a number
)

// sequenceKind is the row of the sequence model in the table of kinds.
func sequenceKind() spec {
	return spec{
		title: "model of sequences", maker: "NewSequenceModel", keys: []string{sequenceKey, inputsKey},
		defaults: Config{
			Cell: "gru", Layers: 1, Hidden: 64, Dropout: 0.2, Pool: "max",
			Batch: 32, Optimizer: "adam", Rate: 0.002, Clip: 1, Epochs: 40, Patience: 8, Seed: 1,
			Sequence: SequenceConfig{Fill: FillMean, MaxRows: 2000},
			Origin:   Origin{TestPart: 0.1},
		},
		lacks: []lack{
			{"Tokens", "rows of numbers have no tokens"}, {"Vocabulary", "rows of numbers have no tokens"},
			{"Embed", "rows of numbers are not embedded"}, {"Adaptive", "a model of sequences has few labels"},
			{"Seq", "sequences are as long as they are; the longest are limited by MaxRows"},
		},
		network:  []string{"Sequence.TargetKind", "Sequence.Fill", "Sequence.Marks"},
		numbers:  true,
		check:    checkSequence,
		fields:   func() fileFields { return new(sequenceFields) },
		contents: func() contents { return new(sequenceContents) },
		words:    sequenceWords,
	}
}

func checkSequence(c Config) error {
	if _, err := poolingOf(c.Pool); err != nil {
		return err
	}
	if c.Optimizer == sparseAdam {
		return wrong("Optimizer", "%q; want another: there is no embedding", c.Optimizer)
	}
	if c.ClassWeights != "" && c.Sequence.TargetKind == TargetNumber {
		return wrong("ClassWeights", "%q; want none: numbers have no classes", c.ClassWeights)
	}
	return c.Sequence.check()
}

func sequenceWords(c Config, cell string) string {
	ways := "both directions"
	if c.forward() {
		ways = "forward"
	}
	what := fmt.Sprintf("%d x %s, %s, hidden %d, %s over time", c.Layers, cell, ways, c.Hidden, c.Pool)
	l := c.inputLayout()
	var more []string
	if l.forward {
		more = append(more, "missing values as before")
	}
	if l.marks {
		more = append(more, "with masks and gaps")
	}
	if len(more) > 0 {
		what += ", " + strings.Join(more, ", ")
	}
	return what
}

// sequenceFields are the configuration of a sequence model as files have it, in this order.
type sequenceFields struct {
	originFields
	formatFields
	File         string   `json:"table"`
	IDColumn     string   `json:"id_column"`
	TimeColumn   string   `json:"time_column,omitempty"`
	TargetColumn string   `json:"target_column,omitempty"`
	LabelsFile   string   `json:"labels_file,omitempty"`
	Features     []string `json:"features,omitempty"`
	Words        []string `json:"words,omitempty"`
	Cut          bool     `json:"cut,omitempty"`
	partFields
	TargetKind string `json:"target_kind"`
	networkSizes
	OneWay       bool    `json:"one_way"`
	Pool         string  `json:"pool"`
	Fill         string  `json:"fill"`
	Marks        bool    `json:"marks"`
	ClassWeights string  `json:"class_weights,omitempty"`
	Huber        float64 `json:"huber"`
	MaxRows      int     `json:"max_rows"`
	runFields
}

func (f *sequenceFields) set(c Config) {
	f.originFields.set(c)
	f.formatFields.set(c)
	f.partFields.set(c)
	f.networkSizes.set(c)
	f.runFields.set(c)
	o, s := c.Origin.Sequences, c.Sequence
	f.File, f.IDColumn, f.TimeColumn, f.TargetColumn, f.LabelsFile = o.File, o.IDColumn, o.TimeColumn, o.TargetColumn, o.LabelsFile
	f.Features, f.Words, f.Cut = o.Features, o.Words, o.Cut
	f.OneWay, f.Pool, f.ClassWeights = c.OneWay, c.Pool, c.ClassWeights
	f.TargetKind, f.Fill, f.Marks, f.Huber, f.MaxRows = s.TargetKind, s.Fill, s.Marks, s.Huber, s.MaxRows
}

func (f *sequenceFields) config() Config {
	c := Config{OneWay: f.OneWay, Pool: f.Pool, ClassWeights: f.ClassWeights}
	f.originFields.into(&c)
	f.formatFields.into(&c)
	f.partFields.into(&c)
	f.networkSizes.into(&c)
	f.runFields.into(&c)
	c.Origin.Sequences = SequenceOrigin{f.File, f.IDColumn, f.TimeColumn, f.TargetColumn, f.LabelsFile, f.Features, f.Words, f.Cut}
	c.Sequence = SequenceConfig{f.TargetKind, f.Fill, f.Marks, f.Huber, f.MaxRows}
	return c
}

// sequenceContents is what a sequence model's file has beside its configuration.
type sequenceContents struct {
	inputs sequenceInputs
	labels []string // of classes, in order
	target scale    // of a number
}

// scale is the mean and the deviation of a number.
type scale struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

func (s *sequenceContents) read(path string, metadata map[string]string, c Config) error {
	if err := decodeEntry(path, metadata, inputsKey, &s.inputs); err != nil {
		return err
	}
	if c.Sequence.TargetKind == TargetNumber {
		return decodeEntry(path, metadata, targetKey, &s.target)
	}
	return decodeEntry(path, metadata, labelsKey, &s.labels)
}

func (s *sequenceContents) check(c Config) error {
	if c.Sequence.TargetKind == "" {
		return errors.New("its configuration has no target_kind")
	}
	if err := s.inputs.check(); err != nil {
		return err
	}
	if t := s.target; c.Sequence.TargetKind == TargetNumber {
		if t.Mean-t.Mean != 0 || t.Deviation-t.Deviation != 0 || t.Deviation <= 0 {
			return errors.Errorf("its target has mean %g and deviation %g; want finite numbers, the second above 0", t.Mean, t.Deviation)
		}
		return nil
	}
	return checkLabels(s.labels)
}

// outputs is the width of the head.
func (s *sequenceContents) outputs(c Config) int {
	if c.Sequence.TargetKind == TargetNumber {
		return 1
	}
	return len(s.labels)
}

func (s *sequenceContents) network(c Config) (network, error) {
	return sequenceNetwork(c, s.inputs.features(), s.outputs(c))
}

func (s *sequenceContents) model(c Config) (built, error) {
	m, err := newSequenceModel(c, s)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// metadata is what a file needs beside the weights to be a model again.
func (m *SequenceModel) metadata() (map[string]string, error) {
	own := map[string]any{inputsKey: m.own.inputs}
	if m.config.Sequence.TargetKind == TargetNumber {
		own[targetKey] = m.own.target
	} else {
		own[labelsKey] = m.own.labels
	}
	return sequenceKind().metadata(m.config, own)
}
