package models

import (
	"math"
	"slices"
)

// SequenceConfig is what a SequenceModel has of a Config beside what all kinds have.
type SequenceConfig struct {
	TargetKind string // TargetClass or TargetNumber; empty for what the sequences have
	// Fill is what stands in the place of a missing value: one of Fills. The cell grud decides by itself.
	Fill string
	// Marks has the network read, beside each value, whether it was observed and how long ago the last observation is: the
	// "simple" input of Che et al. (2018). The cell grud always reads both.
	Marks bool
	// Huber is the error, in standard deviations of the target, beyond which the loss of a number grows linearly only; 0 for a
	// loss that is quadratic everywhere.
	Huber   float64
	MaxRows int // rows of the longest sequence that is taken
}

// Ways to fill in missing values.
const (
	FillMean    = "mean"    // by the feature's mean in the training data
	FillForward = "forward" // by the last observation before; before the first, by the mean
)

// Fills are the values of SequenceConfig.Fill.
func Fills() []string { return []string{FillMean, FillForward} }

// check refuses what makes no sense.
func (c SequenceConfig) check() error {
	targets := []string{TargetClass, TargetNumber}
	switch {
	case c.TargetKind != "" && !slices.Contains(targets, c.TargetKind):
		return wrong("Sequence.TargetKind", "%q; want %s", c.TargetKind, oneOf(targets))
	case !slices.Contains(Fills(), c.Fill):
		return wrong("Sequence.Fill", "%q; want %s", c.Fill, oneOf(Fills()))
	case !(c.Huber >= 0) || math.IsInf(c.Huber, 0):
		return wrong("Sequence.Huber", "%g; want 0 or more", c.Huber)
	case c.Huber > 0 && c.TargetKind == TargetClass:
		return wrong("Sequence.Huber", "%g; want 0: classes have no distance", c.Huber)
	case c.MaxRows < 1 || c.MaxRows > most:
		return wrong("Sequence.MaxRows", "%d; want 1 to %d", c.MaxRows, most)
	}
	return nil
}

// layout is what the network reads of the features.
func (c Config) inputLayout() inputLayout {
	if k, err := cellOf(c.Cell); err == nil && k.observing != nil {
		return inputLayout{marks: true, gaps: true}
	}
	return inputLayout{forward: c.Sequence.Fill == FillForward, marks: c.Sequence.Marks}
}

// forward tells whether the layers read from the first row to the last only. The cell grud cannot read the other way: its
// gaps are the times since an observation.
func (c Config) forward() bool {
	k, err := cellOf(c.Cell)
	return c.OneWay || err == nil && k.observing != nil
}
