package command

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// Names by which columns are found when none is given.
var (
	textNames  = []string{"text", "review", "sentence", "message", "comment", "content", "title", "body", "tweet", "name"}
	labelNames = []string{"label", "class", "category", "sentiment", "target", "tag", "language", "rating"}
)

// tableColumns are the columns of a table that are used: those that were asked for, or, empty, to be found.
type tableColumns struct{ text, label string }

// names are those that tell that a table's first row is a header.
func (c tableColumns) names() []string {
	return slices.Concat([]string{c.text, c.label}, textNames, labelNames)
}

// check refuses columns that cannot be.
func (c tableColumns) check() error {
	if c.text != "" && c.text == c.label {
		return usage("the texts and the labels are both to be in column %q; want two (--text-column, --label-column)", c.text)
	}
	return nil
}

// choose finds the columns of a table, both together, since one cannot be both. A column is the one that was asked for,
// or the one whose name tells what it is; or, if there is only one more, that one. Of two without such names, the labels
// are in the one where fewer values differ: differ counts them. Without wantLabels, labels are looked for to keep them
// from being taken for texts.
func (c tableColumns) choose(path string, r rows, wantLabels bool, differ func(column string) (int, error)) (tableColumns, error) {
	columns := r.Columns()
	if err := c.check(); err != nil {
		return c, err
	}
	if len(columns) == 1 && wantLabels {
		return c, onlyColumn(path, r)
	}
	if err := c.missing(path, r); err != nil {
		return c, err
	}
	if len(columns) == 1 {
		return tableColumns{text: columns[0]}, nil
	}
	if c.label == "" {
		c.label = known(columns, labelNames, c.text)
	}
	if c.text == "" {
		c.text = known(columns, textNames, c.label)
	}
	left := slices.DeleteFunc(named(columns), func(name string) bool { return name == c.text || name == c.label })
	switch {
	case c.text == "" && c.label == "" && len(left) == 2:
		var err error
		if c, err = byValues(left[0], left[1], differ); err != nil {
			return c, err
		}
	case c.text == "" && len(left) == 1:
		c.text = left[0]
	case c.label == "" && len(left) == 1:
		c.label = left[0]
	}
	for _, open := range []struct{ column, flag, what string }{{c.text, "--text-column", "texts"}, {c.label, "--label-column", "labels"}} {
		if open.column == "" && (wantLabels || open.what == "texts") {
			return c, errors.Errorf("%s has the columns %s: say with %s which of them has the %s",
				path, quotedList(columns), open.flag, open.what)
		}
	}
	return c, nil
}

// missing is the error of a column that was asked for and is not there.
func (c tableColumns) missing(path string, r rows) error {
	columns := r.Columns()
	for _, asked := range []struct{ column, flag string }{{c.text, "--text-column"}, {c.label, "--label-column"}} {
		if asked.column != "" && !slices.Contains(columns, asked.column) {
			hint := ""
			if !r.hasHeader() {
				hint = "; the first row was taken for data (--header yes, if it has the names)"
			}
			return errors.Errorf("%s has no column %q (%s); it has %s%s", path, asked.column, asked.flag, quotedList(columns), hint)
		}
	}
	return nil
}

// byValues takes the labels to be in that of two columns in which fewer values differ.
func byValues(a, b string, differ func(column string) (int, error)) (tableColumns, error) {
	first, err := differ(a)
	if err != nil {
		return tableColumns{}, err
	}
	second, err := differ(b)
	if err != nil || first >= second {
		return tableColumns{a, b}, err
	}
	return tableColumns{b, a}, nil
}

// known is the column, other than one, that has the first of some names that a column has.
func known(columns, names []string, except string) string {
	for _, name := range names {
		for _, c := range columns {
			if c != except && strings.EqualFold(strings.TrimSpace(c), name) {
				return c
			}
		}
	}
	return ""
}

// named are the columns with a name, or all if none has one.
func named(columns []string) []string {
	isNumber := func(c string) bool { _, err := strconv.Atoi(c); return err == nil }
	if out := slices.DeleteFunc(slices.Clone(columns), isNumber); len(out) > 0 {
		return out
	}
	return slices.Clone(columns)
}
