package models

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// Examples are texts with their labels.
type Examples struct {
	Texts  []string
	Labels []string // as many
	// Name and Lines, if they are given, say where the texts come from, for messages: the name of a file, and for each
	// text its line.
	Name  string
	Lines []int
}

// ReadExamples reads a table with a text and a label in each row: CSV, with whatever separator, or TSV if the file's name
// ends in .tsv. The first row has the names of the columns. Blanks around labels are taken off; a row without a label is an
// error.
func ReadExamples(path, textColumn, labelColumn string) (Examples, error) {
	open := datasets.CSV{Comma: datasets.CommaDetect, Header: datasets.HeaderYes}.Open
	if strings.EqualFold(filepath.Ext(path), ".tsv") {
		open = datasets.TSV{Header: datasets.HeaderYes}.Open
	}
	rows, err := open(path)
	if err != nil {
		return Examples{}, err
	}
	defer func() { _ = rows.Close() }()
	e := Examples{Name: path}
	for rows.Next() {
		text, label := rows.Text(textColumn), strings.TrimSpace(rows.Text(labelColumn))
		if rows.Err() == nil && label == "" {
			return Examples{}, errors.Errorf("%s, line %d: no label in column %q", path, rows.Line(), labelColumn)
		}
		e.Texts, e.Labels, e.Lines = append(e.Texts, text), append(e.Labels, label), append(e.Lines, rows.Line())
	}
	if err := rows.Err(); err != nil {
		return Examples{}, err
	}
	return e, nil
}

// Len is the number of examples.
func (e Examples) Len() int { return len(e.Texts) }

// Split cuts the examples into three parts, always in the same order, which is no order of theirs: to train on, to stop by,
// and to test. Test and validation are the shares of the last two, the second of what the first leaves: 0.1 is a tenth, 0 is
// nothing, and a validation that is more than nothing is one example at least.
func (e Examples) Split(validation, test float64) (fit, valid, exam Examples, err error) {
	if err := e.check(); err != nil {
		return fit, valid, exam, err
	}
	a, b, c, err := splitRows(e.Len(), validation, test)
	return e.Pick(a), e.Pick(b), e.Pick(c), err
}

// Pick is some of the examples, by their numbers from 0 on; numbers that there are not are passed over.
func (e Examples) Pick(at []int) Examples {
	out := Examples{Name: e.Name}
	for _, i := range at {
		if i < 0 || i >= e.Len() {
			continue
		}
		out.Texts = append(out.Texts, e.Texts[i])
		if i < len(e.Labels) {
			out.Labels = append(out.Labels, e.Labels[i])
		}
		if i < len(e.Lines) {
			out.Lines = append(out.Lines, e.Lines[i])
		}
	}
	return out
}

// check refuses lists of different lengths.
func (e Examples) check() error {
	if len(e.Labels) != len(e.Texts) {
		return errors.Errorf("models: Examples: %d texts, %d labels; want as many", len(e.Texts), len(e.Labels))
	}
	if e.Lines != nil && len(e.Lines) != len(e.Texts) {
		return errors.Errorf("models: Examples: %d texts, %d lines; want as many", len(e.Texts), len(e.Lines))
	}
	return nil
}

// Place says where an example comes from.
func (e Examples) Place(i int) string {
	if i < len(e.Lines) && i >= 0 {
		return fmt.Sprintf("%s, line %d", e.Name, e.Lines[i])
	}
	return fmt.Sprintf("example %d", i)
}

// TextError is a text that a model cannot read.
type TextError struct {
	Index int // of the text among those that were given, from 0 on
	Err   error
}

func (e *TextError) Error() string { return fmt.Sprintf("models: text %d: %v", e.Index, e.Err) }

// Unwrap is what is wrong with the text.
func (e *TextError) Unwrap() error { return e.Err }
