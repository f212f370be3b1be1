// Package events writes down how a training run goes: the numbers of its steps and validations, by name and step.
//
// A Log takes the numbers. TensorBoard writes event files, for TensorBoard to show, and takes histograms and texts too; CSV
// writes a table. Observer makes of logs what a train.Loop tells of its steps.
package events

import (
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/train"
)

// Log takes numbers by name and step: a CSV, a TensorBoard, or a log of your own.
type Log interface {
	Scalar(tag string, step int, value float64) error
	Flush() error
}

// Observer writes to logs: every so many steps (0 for every step) "train/loss", "train/gradient_norm", "train/rate" and
// "train/tokens_per_second", and after each validation "epoch/train_loss", "epoch/validation_loss" and "epoch/" with the
// name of each score. It flushes the logs after each validation.
func Observer(every int, logs ...Log) train.Observer {
	w := &writer{max(every, 1), logs}
	return train.Observer{OnStep: w.step, OnValidation: w.validation}
}

type writer struct {
	every int
	logs  []Log
}

func (w *writer) step(p train.Progress) error {
	if p.Step%w.every != 0 {
		return nil
	}
	return w.write(p.Step, false,
		train.Score{Name: "train/loss", Value: p.Loss}, train.Score{Name: "train/gradient_norm", Value: p.GradientNorm},
		train.Score{Name: "train/rate", Value: p.Rate}, train.Score{Name: "train/tokens_per_second", Value: p.TokensPerSecond})
}

func (w *writer) validation(e train.Evaluation) error {
	scores := []train.Score{{Name: "epoch/train_loss", Value: e.TrainLoss}, {Name: "epoch/validation_loss", Value: e.Loss}}
	for _, s := range e.Scores {
		scores = append(scores, train.Score{Name: "epoch/" + s.Name, Value: s.Value})
	}
	return w.write(e.Step, true, scores...)
}

func (w *writer) write(step int, flush bool, scores ...train.Score) error {
	for i, to := range w.logs {
		if to == nil {
			return errors.Errorf("events: log %d is nil", i)
		}
		for _, s := range scores {
			if err := to.Scalar(s.Name, step, s.Value); err != nil {
				return err
			}
		}
		if flush {
			if err := to.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkTag refuses what no reader of logs could read: a file with one such name is lost to it as a whole.
func checkTag(tag string) error {
	if !utf8.ValidString(tag) {
		return errors.Errorf("events: the name %q in a log is not UTF-8", tag)
	}
	return nil
}
