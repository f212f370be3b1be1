package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// labelled is a table's texts with their labels; labels are empty if no label column was asked for.
type labelled struct {
	texts, labels         []string
	textColumn, labelName string
}

// Names by which columns are found when none is given.
var (
	textNames  = []string{"text", "review", "sentence", "message", "comment", "content", "title", "body", "tweet", "name"}
	labelNames = []string{"label", "class", "category", "sentiment", "target", "tag", "language", "rating"}
)

// readTable reads the texts and, if wanted, the labels of a CSV, TSV or JSONL file, which its name's ending tells. Empty
// column names are guessed.
func readTable(path, textColumn, labelColumn string, wantLabels bool) (*labelled, error) {
	r, err := openTable(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	t := &labelled{}
	for r.Next() {
		if t.textColumn == "" {
			columns := r.Columns()
			if t.textColumn, err = chooseColumn(path, "--text-column", textColumn, columns, textNames); err != nil {
				return nil, err
			}
			if wantLabels {
				if t.labelName, err = chooseColumn(path, "--label-column", labelColumn, columns, labelNames); err != nil {
					return nil, err
				}
			}
		}
		t.texts = append(t.texts, r.Text(t.textColumn))
		if wantLabels {
			t.labels = append(t.labels, r.Text(t.labelName))
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	if len(t.texts) == 0 {
		return nil, errors.Errorf("%s has no rows", path)
	}
	return t, nil
}

// rows is what tables of all kinds have in common.
type rows interface {
	Next() bool
	Columns() []string
	Text(column string) string
	Err() error
	Close() error
}

func openTable(path string) (rows, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return datasets.CSV{Header: datasets.HeaderDetect}.Open(path)
	case ".tsv":
		return datasets.TSV{Header: datasets.HeaderDetect}.Open(path)
	case ".jsonl":
		o, err := datasets.JSONL{}.Open(path)
		return &objects{Objects: o}, err
	}
	return nil, usage("%s: want a table, a file that ends in .csv, .tsv or .jsonl", path)
}

// objects are the lines of a JSONL file as rows, whose columns are the fields of the first line.
type objects struct{ *datasets.Objects }

func (o *objects) Columns() []string {
	var fields map[string]interface{}
	if o.Decode(&fields) != nil {
		return nil
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// chooseColumn is the given column, or the one whose name tells what it is, or, of two without such names, the first for
// the text and the second for the label.
func chooseColumn(path, flag, given string, columns, known []string) (string, error) {
	if given != "" {
		if slices.Contains(columns, given) {
			return given, nil
		}
		return "", errors.Errorf("%s has no column %q (%s); it has %s", path, given, flag, strings.Join(columns, ", "))
	}
	for _, name := range known {
		for _, c := range columns {
			if strings.EqualFold(c, name) {
				return c, nil
			}
		}
	}
	if len(columns) == 2 {
		if flag == "--text-column" {
			return columns[0], nil
		}
		return columns[1], nil
	}
	return "", errors.Errorf("%s has the columns %s: say with %s which it is", path, strings.Join(columns, ", "), flag)
}
