package events

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"github.com/pkg/errors"
)

// CSV is a table of step, name and value, one number a row, so that names may come and go. Pandas' pivot makes columns
// of them. NewCSV makes one. Names must be UTF-8, which pandas reads.
type CSV struct {
	w *csv.Writer
}

// NewCSV writes to w, beginning with the header step,name,value unless the table is continued from an earlier one.
func NewCSV(w io.Writer, continued bool) (*CSV, error) {
	if w == nil {
		return nil, errors.New("events: a CSV without a writer")
	}
	l := &CSV{csv.NewWriter(w)}
	if continued {
		return l, nil
	}
	return l, errors.Wrap(l.w.Write([]string{"step", "name", "value"}), "events: CSV")
}

var errNoCSV = errors.New("events: a CSV that NewCSV did not make")

// Scalar writes a row. A value that is no number is left empty, as pandas writes it.
func (l *CSV) Scalar(tag string, step int, value float64) error {
	if err := checkTag(tag); err != nil {
		return err
	}
	if l.w == nil {
		return errNoCSV
	}
	text := ""
	if !math.IsNaN(value) {
		text = strconv.FormatFloat(value, 'g', -1, 64)
	}
	return errors.Wrap(l.w.Write([]string{strconv.Itoa(step), tag, text}), "events: CSV")
}

// Flush hands on what was written. Call it at the end.
func (l *CSV) Flush() error {
	if l.w == nil {
		return errNoCSV
	}
	l.w.Flush()
	return errors.Wrap(l.w.Error(), "events: CSV")
}
