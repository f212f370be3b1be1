package command

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// labelledTable is a table's texts with their labels, and how it was read.
type labelledTable struct {
	models.Examples
	columns tableColumns
	format  string
	skipped int // rows left out, for their text or label is missing
	trimmed int // labels that had blanks around them
}

// readTable reads the texts and labels of a table; columns that are not given are found.
func readTable(path string, want tableColumns, format tableFormat) (*labelledTable, error) {
	r, err := format.open(path, want.names())
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	t := &labelledTable{Examples: models.Examples{Name: path}}
	for r.Next() {
		if t.columns.text == "" {
			t.format = r.format()
			if t.columns, err = want.choose(path, r, true, differing(path, want, format)); err != nil {
				return nil, err
			}
		}
		if err := t.add(r, format.Missing != nil); err != nil {
			return nil, err
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	if len(t.Texts) == 0 {
		return nil, errors.Errorf("%s has no rows with a text and a label%s", path, t.left())
	}
	if format.Header == "" && !r.hasHeader() {
		return t, t.doubtHeader()
	}
	return t, t.doubtTexts()
}

// add takes the current row.
func (t *labelledTable) add(r rows, skip bool) error {
	noText := r.Missing(t.columns.text)
	noLabel := r.Missing(t.columns.label)
	if skip && (noText || noLabel) {
		t.skipped++
		return r.Err()
	}
	if noLabel && r.Err() == nil {
		return errors.Errorf("%s, line %d: no label in column %q; with --missing \"\", rows without are left out",
			t.Name, r.Line(), t.columns.label)
	}
	label := r.Text(t.columns.label)
	if plain := strings.TrimSpace(label); plain != label {
		label = plain
		t.trimmed++
	}
	t.Texts, t.Labels, t.Lines = append(t.Texts, r.Text(t.columns.text)), append(t.Labels, label), append(t.Lines, r.Line())
	return nil
}

// differing counts the different values of a column in the first rows of a table.
func differing(path string, want tableColumns, format tableFormat) func(column string) (int, error) {
	const most = 500
	return func(column string) (int, error) {
		r, err := format.open(path, want.names())
		if err != nil {
			return 0, err
		}
		defer func() { _ = r.Close() }()
		values := map[string]bool{}
		for n := 0; n < most && r.Next(); n++ {
			if !r.Missing(column) {
				values[strings.TrimSpace(r.Text(column))] = true
			}
		}
		return len(values), r.Err()
	}
}

// doubtHeader refuses a first row, taken for data, whose label no other row has: it looks like the columns' names.
func (t *labelledTable) doubtHeader() error {
	count := t.count()
	if first := t.Labels[0]; len(t.Labels) > 3 && count[first] == 1 && 2*len(count) <= len(t.Labels) {
		return errors.Errorf("%s: is the first row the columns' names? "+
			"It was taken for data, and is the only one with the label %q: say --header yes or --header no", t.Name, first)
	}
	return t.doubtTexts()
}

// doubtTexts refuses texts that are the labels.
func (t *labelledTable) doubtTexts() error {
	for i, text := range t.Texts {
		if strings.TrimSpace(text) != t.Labels[i] {
			return nil
		}
	}
	return errors.Errorf("%s: every text, in column %q, is its own label, in column %q; "+
		"want texts that the labels do not stand in (--text-column)",
		t.Name, t.columns.text, t.columns.label)
}

// count is how many rows each label has.
func (t *labelledTable) count() map[string]int {
	out := map[string]int{}
	for _, l := range t.Labels {
		out[l]++
	}
	return out
}

// left says how many rows were left out.
func (t *labelledTable) left() string {
	if t.skipped == 0 {
		return ""
	}
	return fmt.Sprintf("; left out, for their text or label is missing: %d", t.skipped)
}

// classes are the different labels, sorted.
func (t *labelledTable) classes() []string { return slices.Sorted(maps.Keys(t.count())) }

// describe says how the table was read, and what of it is strange.
func (t *labelledTable) describe(w io.Writer) {
	labels := t.classes()
	tell(w, "Table", "%s: texts in %q, labels in %q (%s)", t.Name, t.columns.text, t.columns.label, quotedList(labels))
	tell(w, "Format", "%s", t.format)
	note := func(format string, args ...any) { tell(w, "Note", format, args...) }
	if t.skipped > 0 {
		note("rows left out, for their text or label is missing: %d", t.skipped)
	}
	if t.trimmed > 0 {
		note("labels with blanks around them, which are taken off: %d", t.trimmed)
	}
	count := t.count()
	if one := slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return count[l] != 1 }); len(one) > 0 {
		note("labels that only one row has: %s", quotedList(one))
	}
	t.describeTexts(note, len(count))
}

// describeTexts notes texts by which the labels are too easy to tell.
func (t *labelledTable) describeTexts(note func(format string, args ...any), labels int) {
	texts, within := map[string]bool{}, true
	for i, text := range t.Texts {
		texts[text] = true
		within = within && strings.Contains(strings.ToLower(text), strings.ToLower(t.Labels[i]))
	}
	if within {
		note("every text has its label in it: a high accuracy will mean little (--text-column)")
	}
	if len(texts) <= labels && 4*len(texts) <= len(t.Texts) {
		note("%d rows have only %d different texts: is %q the column of the texts? (--text-column)", len(t.Texts), len(texts), t.columns.text)
	}
}

// checkLabels refuses labels that no classifier can learn.
func (t *labelledTable) checkLabels() error {
	labels := t.classes()
	if len(labels) < 2 {
		return errors.Errorf("%s: the column %q has one label only, %q; want two at least", t.Name, t.columns.label, labels[0])
	}
	if len(labels) <= len(t.Labels)/2 {
		return nil
	}
	what := "is it the right one? (--label-column)"
	if !slices.ContainsFunc(labels, func(l string) bool { _, err := strconv.ParseFloat(l, 64); return err != nil }) {
		what = "they are numbers, which this command cannot predict yet, only classes; is it the right column? (--label-column)"
	}
	return errors.Errorf("%s: the column %q has %d different labels in %d rows; %s", t.Name, t.columns.label, len(labels), len(t.Labels), what)
}

// parts are the rows of a classifier's table: to train on, to stop by, to test. The last two may have files of their own.
type parts struct {
	fit, check, test models.Examples
	untested         bool // there are none to test: those to stop by stand in
}

// readTables reads a model's table, and those of its parts that have a file of their own.
func readTables(of models.Origin) (*labelledTable, parts, error) {
	format := tableFormat(of.Format)
	t, err := readTable(of.Table.File, tableColumns{of.Table.TextColumn, of.Table.LabelColumn}, format)
	if err != nil {
		return nil, parts{}, err
	}
	validation, test := 0.1, of.TestPart
	if of.ValidFile != "" {
		validation = 0
	}
	if of.TestFile != "" {
		test = 0
	}
	var p parts
	if p.fit, p.check, p.test, err = t.Split(validation, test); err != nil {
		return nil, parts{}, err
	}
	count := t.count()
	for _, own := range []struct {
		file string
		part *models.Examples
	}{{of.ValidFile, &p.check}, {of.TestFile, &p.test}} {
		if own.file == "" {
			continue
		}
		table, err := readTable(own.file, t.columns, format)
		if err != nil {
			return nil, parts{}, err
		}
		for i, label := range table.Labels {
			if count[label] == 0 {
				return nil, parts{}, errors.Errorf("%s has the label %q, which %s lacks", table.Place(i), label, of.Table.File)
			}
		}
		*own.part = table.Examples
	}
	if p.untested = p.test.Len() == 0; p.untested {
		p.test = p.check
	}
	return t, p, nil
}

// describe says how many rows each part has, and whether the test is one.
func (p parts) describe(w io.Writer) {
	tellParts(w, "Rows", strconv.Itoa(p.fit.Len()), strconv.Itoa(p.check.Len()), toTest(strconv.Itoa(p.test.Len()), p.untested))
	seen, known := map[string]bool{}, 0
	for _, text := range p.fit.Texts {
		seen[text] = true
	}
	for _, text := range p.test.Texts {
		if seen[text] {
			known++
		}
	}
	if 2*known >= p.test.Len() {
		tell(w, "Note", "of %d texts to test, %d are also trained on: their accuracy says little of new texts", p.test.Len(), known)
	}
}

// tablesHash tells whether a model's files have changed.
func tablesHash(of models.Origin) (string, error) {
	return filesHash(of.Table.File, of.ValidFile, of.TestFile)
}

// filesHash is that of a file, and of others that a model was trained on; empty names are passed over.
func filesHash(first string, others ...string) (string, error) {
	hash, err := hashOf(first)
	for _, file := range others {
		if file == "" || err != nil {
			continue
		}
		var more string
		more, err = hashOf(file)
		sum := sha256.Sum256([]byte(hash + more))
		hash = hex.EncodeToString(sum[:])
	}
	return hash, err
}

func hashOf(path string) (string, error) {
	if err := regular(path); err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", errors.Wrap(err, path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ownTest are the rows that were kept for the test when a classifier was trained.
func ownTest(own models.Origin) (models.Examples, error) {
	p, err := ownParts(own)
	return p.test, err
}

// ownParts are the rows that a classifier was trained with.
func ownParts(own models.Origin) (parts, error) {
	data := ownData{"table", "the model's own table (another one: --table)", own.Table.File,
		"its test rows may be others; give the table with --table"}
	if err := data.same(own, tablesHash); err != nil {
		return parts{}, err
	}
	_, p, err := readTables(own)
	return p, err
}
