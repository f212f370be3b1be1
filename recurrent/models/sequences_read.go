package models

import (
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/number"
)

// What a SequenceModel predicts.
const (
	TargetClass  = "class"
	TargetNumber = "number"
)

// SequenceTable says what the columns of a table of sequences are. Each row of the table is one step of the sequence that its
// id names; the rows of an id may stand anywhere.
type SequenceTable struct {
	ID         string   // the column of the ids
	Time       string   // the column of times, numbers or dates; empty if rows are a step apart, in the table's order
	Target     string   // the column of what is to be predicted, the same in all rows of an id; empty for none
	Features   []string // the columns of the values; nil for all others that have numbers
	Words      []string // of the features, those whose values are words even where they look like numbers
	TargetKind string   // TargetClass or TargetNumber; empty for what the targets look like

	// Targets are what is to be predicted, by id, where they are from elsewhere; Target is then empty.
	Targets map[string]string
}

// TableRows are rows of a table, read one at a time, such as *datasets.Rows.
type TableRows interface {
	Next() bool
	Columns() []string
	Text(column string) string
	Missing(column string) bool
	Line() int
	Err() error
}

// ReadSequences reads a table of sequences: CSV, with whatever separator, or TSV if the file's name ends in .tsv. The first
// row has the names of the columns. Numbers may have decimal commas, see datasets.DecimalDetect.
func ReadSequences(path string, t SequenceTable) (Sequences, error) {
	open := datasets.CSV{Comma: datasets.CommaDetect, Decimal: datasets.DecimalDetect, Header: datasets.HeaderYes}.Open
	if strings.EqualFold(filepath.Ext(path), ".tsv") {
		open = datasets.TSV{Decimal: datasets.DecimalDetect, Header: datasets.HeaderYes}.Open
	}
	rows, err := open(path)
	if err != nil {
		return Sequences{}, err
	}
	defer func() { _ = rows.Close() }()
	return SequencesOf(rows, path, t)
}

// SequencesOf is ReadSequences for rows; name says where they are from, for messages.
func SequencesOf(rows TableRows, name string, t SequenceTable) (Sequences, error) {
	if rows == nil {
		return Sequences{}, errors.New("models: SequencesOf: there are no rows")
	}
	g := &grouping{table: t, name: name, at: map[string]int{}}
	for rows.Next() {
		if g.features == nil {
			if err := g.choose(rows.Columns()); err != nil {
				return Sequences{}, err
			}
		}
		if err := g.add(rows); err != nil {
			return Sequences{}, errors.WithMessagef(err, "%s, line %d", name, rows.Line())
		}
	}
	if err := rows.Err(); err != nil {
		return Sequences{}, err
	}
	return g.sequences()
}

// grouping collects the rows of a table by their ids.
type grouping struct {
	table    SequenceTable
	name     string
	features []*featureColumn
	ids      []string
	at       map[string]int // places of the ids
	values   [][]float64
	times    []rowTime   // of all rows
	seconds  [][]float64 // of each sequence
	targets  []string
	lines    []int
}

// rowTime is the time of a row, as the table has it.
type rowTime struct {
	text           string
	sequence, line int
}

// featureColumn is a column of values. What its first value is, a number or a word, all are.
type featureColumn struct {
	name  string
	known bool
	words map[string]int // in the order in which they came; nil of a column of numbers
}

// choose settles which columns have the values.
func (g *grouping) choose(columns []string) error {
	t := g.table
	if t.ID == "" {
		return errors.New("models: SequenceTable.ID is empty; want the column of the ids")
	}
	own := []string{t.ID, t.Time, t.Target}
	for i, c := range own {
		if c == "" {
			continue
		}
		if !slices.Contains(columns, c) {
			return errors.Errorf("%s has no column %q; it has %s", g.name, c, listed(columns))
		}
		if slices.Contains(own[:i], c) || slices.Contains(t.Features, c) {
			return errors.Errorf("%s: the column %q is to be two things at once; want one each for ids, times, targets and features", g.name, c)
		}
	}
	features := t.Features
	if features == nil {
		features = slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == "" || slices.Contains(own, c) })
	}
	if len(features) == 0 {
		return errors.Errorf("%s has no columns of values beside %s", g.name, listed(columns))
	}
	for i, c := range features {
		if !slices.Contains(columns, c) {
			return errors.Errorf("%s has no column %q for a feature; it has %s", g.name, c, listed(columns))
		}
		if slices.Contains(features[:i], c) {
			return errors.Errorf("%s: the feature %q is named twice", g.name, c)
		}
		f := &featureColumn{name: c}
		if slices.Contains(t.Words, c) {
			f.known, f.words = true, map[string]int{}
		}
		g.features = append(g.features, f)
	}
	for _, c := range t.Words {
		if !slices.Contains(features, c) {
			return errors.Errorf("%s: the column %q of words is none of the features %s", g.name, c, listed(features))
		}
	}
	return nil
}

// add takes the current row.
func (g *grouping) add(rows TableRows) error {
	t := g.table
	id := strings.TrimSpace(rows.Text(t.ID))
	if rows.Err() != nil {
		return nil // SequencesOf returns it, with its place
	}
	if id == "" || rows.Missing(t.ID) {
		return errors.Errorf("no id in column %q", t.ID)
	}
	i, ok := g.at[id]
	if !ok {
		i = len(g.ids)
		g.at[id] = i
		g.ids, g.lines = append(g.ids, id), append(g.lines, rows.Line())
		g.values, g.targets = append(g.values, nil), append(g.targets, "")
	}
	for _, f := range g.features {
		v, err := f.value(rows)
		if err != nil {
			return err
		}
		g.values[i] = append(g.values[i], v)
	}
	if t.Time != "" {
		g.times = append(g.times, rowTime{strings.TrimSpace(rows.Text(t.Time)), i, rows.Line()})
	}
	return g.target(rows, i)
}

// target takes the row's target, which must be that of the id's other rows.
func (g *grouping) target(rows TableRows, i int) error {
	column := g.table.Target
	if column == "" || rows.Missing(column) {
		return nil
	}
	target := strings.TrimSpace(rows.Text(column))
	if had := g.targets[i]; had != "" && had != target {
		return errors.Errorf("the id %q has %q in column %q, and %q in a row before; want one target for all rows of an id",
			g.ids[i], target, column, had)
	}
	g.targets[i] = target
	return nil
}

// value reads the column in the current row; NaN if it is missing.
func (f *featureColumn) value(rows TableRows) (float64, error) {
	if rows.Missing(f.name) {
		return math.NaN(), nil
	}
	text := strings.TrimSpace(rows.Text(f.name))
	v, err := finite(text)
	if err != nil && number.HasDecimalComma(text) {
		return 0, errors.WithMessagef(err, "column %q", f.name)
	}
	if !f.known {
		f.known = true
		if err != nil {
			f.words = map[string]int{}
		}
	}
	if f.words != nil {
		if _, ok := f.words[text]; !ok {
			f.words[text] = len(f.words)
		}
		return float64(f.words[text]), nil
	}
	if err != nil {
		return 0, errors.Errorf("column %q has %.40q where rows above have numbers; if it stands for a missing value, name it as a mark of those",
			f.name, text)
	}
	return v, nil
}

// finite reads a finite number in decimals.
func finite(text string) (float64, error) {
	if number.HasDecimalComma(text) {
		return 0, number.CommaError(text)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v-v != 0 || strings.ContainsAny(text, "_xX") { // Go's own ways of writing
		return 0, errors.Errorf("%.40q is no finite number", text)
	}
	return v, nil
}

// readTimes reads the times, each row's a number, or a date in seconds.
func (g *grouping) readTimes() error {
	if g.table.Time == "" {
		return nil
	}
	texts := make([]string, len(g.times))
	for i, t := range g.times {
		texts[i] = t.text
	}
	form, err := datasets.TimesOf(texts)
	if err != nil {
		form = &datasets.Times{} // which names the line
	}
	g.seconds = make([][]float64, len(g.ids))
	for _, t := range g.times {
		when, err := form.Seconds(t.text)
		if err != nil {
			return errors.Wrapf(err, "%s, line %d: column %q", g.name, t.line, g.table.Time)
		}
		g.seconds[t.sequence] = append(g.seconds[t.sequence], when)
	}
	return nil
}

// sequences are what was collected.
func (g *grouping) sequences() (Sequences, error) {
	if len(g.ids) == 0 {
		return Sequences{}, errors.Errorf("%s has no rows", g.name)
	}
	if err := g.readTimes(); err != nil {
		return Sequences{}, err
	}
	s := Sequences{IDs: g.ids, Values: g.values, Times: g.seconds, Name: g.name, Lines: g.lines}
	for _, f := range g.features {
		s.Columns = append(s.Columns, SequenceColumn{Name: f.name, Categories: slices.Sorted(maps.Keys(f.words))})
	}
	g.sortWords(s)
	if g.table.Features == nil {
		s = s.onlyNumbers()
	}
	if len(s.Columns) == 0 {
		return Sequences{}, errors.Errorf("%s has no columns of numbers beside those of ids, times and targets; "+
			"columns of words are features if they are named", g.name)
	}
	s.sortTimes()
	return s, g.into(&s)
}

// sortWords has the words of each column in order: a value is the place of its word.
func (g *grouping) sortWords(s Sequences) {
	for c, f := range g.features {
		if f.words == nil {
			continue
		}
		to := make([]float64, len(f.words))
		for at, word := range s.Columns[c].Categories {
			to[f.words[word]] = float64(at)
		}
		for _, values := range s.Values {
			for k := c; k < len(values); k += len(s.Columns) {
				if !math.IsNaN(values[k]) {
					values[k] = to[int(values[k])]
				}
			}
		}
	}
}

// onlyNumbers leaves out the columns of words, and those that have no value at all.
func (s Sequences) onlyNumbers() Sequences {
	width := len(s.Columns)
	some := make([]bool, width)
	for _, values := range s.Values {
		for k, v := range values {
			some[k%width] = some[k%width] || !math.IsNaN(v)
		}
	}
	var keep []int
	for c, column := range s.Columns {
		if column.Categories == nil && some[c] {
			keep = append(keep, c)
		}
	}
	if len(keep) == width {
		return s
	}
	columns := make([]SequenceColumn, len(keep))
	for i, c := range keep {
		columns[i] = s.Columns[c]
	}
	for i, values := range s.Values {
		kept := make([]float64, 0, len(values)/width*len(keep))
		for row := 0; row < len(values); row += width {
			for _, c := range keep {
				kept = append(kept, values[row+c])
			}
		}
		s.Values[i] = kept
	}
	s.Columns = columns
	return s
}

// sortTimes puts the rows of each sequence in the order of their times; rows of one time keep theirs.
func (s Sequences) sortTimes() {
	width := len(s.Columns)
	for i, times := range s.Times {
		if slices.IsSorted(times) {
			continue
		}
		order := make([]int, len(times))
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case times[a] < times[b]:
				return -1
			case times[a] > times[b]:
				return 1
			}
			return 0
		})
		values, sorted := make([]float64, 0, len(s.Values[i])), make([]float64, 0, len(times))
		for _, k := range order {
			values, sorted = append(values, s.Values[i][k*width:(k+1)*width]...), append(sorted, times[k])
		}
		s.Values[i], s.Times[i] = values, sorted
	}
}
