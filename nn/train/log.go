package train

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// Log takes numbers by name and step: a CSVLog, or an EventLog for TensorBoard.
type Log interface {
	Scalar(tag string, step int, value float64) error
	Flush() error
}

// LogTo is a callback that writes to logs: every so many steps (0 for every step) "train/loss", "train/gradient_norm",
// "train/rate" and "train/tokens_per_second", and after each validation "epoch/train_loss", "epoch/validation_loss" and
// "epoch/" with the name of each score.
func LogTo(every int, logs ...Log) Callback { return &logger{max(every, 1), logs} }

type logger struct {
	every int
	logs  []Log
}

func (l *logger) Stepped(p Progress) error {
	if p.Step%l.every != 0 {
		return nil
	}
	return l.write(p.Step, false, Score{"train/loss", p.Loss}, Score{"train/gradient_norm", p.GradientNorm},
		Score{"train/rate", p.Rate}, Score{"train/tokens_per_second", p.TokensPerSecond})
}

func (l *logger) Validated(v Validation) error {
	scores := []Score{{"epoch/train_loss", v.TrainLoss}, {"epoch/validation_loss", v.Loss}}
	for _, s := range v.Scores {
		scores = append(scores, Score{"epoch/" + s.Name, s.Value})
	}
	return l.write(v.Step, true, scores...)
}

func (l *logger) write(step int, flush bool, scores ...Score) error {
	for i, to := range l.logs {
		if to == nil {
			return errors.Errorf("train: LogTo: log %d is nil", i)
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

// CSVLog is a table of step, name and value, one number a row, so that names may come and go. Pandas' pivot makes columns
// of them. NewCSVLog makes one. Names must be UTF-8, which pandas reads.
type CSVLog struct {
	w *csv.Writer
}

// NewCSVLog writes to w, beginning with the header step,name,value unless the table goes on from an earlier one.
func NewCSVLog(w io.Writer, goesOn bool) (*CSVLog, error) {
	if w == nil {
		return nil, errors.New("train: a CSV log without a writer")
	}
	l := &CSVLog{csv.NewWriter(w)}
	if goesOn {
		return l, nil
	}
	return l, errors.Wrap(l.w.Write([]string{"step", "name", "value"}), "train: CSV log")
}

var errNoCSVLog = errors.New("train: a CSV log that NewCSVLog did not make")

// checkTag refuses what no reader of logs could read: a file with one such name is lost to it as a whole.
func checkTag(tag string) error {
	if !utf8.ValidString(tag) {
		return errors.Errorf("train: the name %q in a log is not UTF-8", tag)
	}
	return nil
}

// Scalar writes a row. A value that is no number is left empty, as pandas writes it.
func (l *CSVLog) Scalar(tag string, step int, value float64) error {
	if err := checkTag(tag); err != nil {
		return err
	}
	if l.w == nil {
		return errNoCSVLog
	}
	text := ""
	if !math.IsNaN(value) {
		text = strconv.FormatFloat(value, 'g', -1, 64)
	}
	return errors.Wrap(l.w.Write([]string{strconv.Itoa(step), tag, text}), "train: CSV log")
}

// Flush hands on what was written. A run flushes after each validation; call it at the end, too.
func (l *CSVLog) Flush() error {
	if l.w == nil {
		return errNoCSVLog
	}
	l.w.Flush()
	return errors.Wrap(l.w.Error(), "train: CSV log")
}
