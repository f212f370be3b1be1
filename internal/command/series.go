package command

import (
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/models"
)

// seriesTable is a table of series, and how it was read.
type seriesTable struct {
	panel  *datasets.Panel
	note   *datasets.PanelReading
	file   string
	format string
	commas bool // some number had a decimal comma
}

// readSeries reads a table of series; columns that are not given are found. Hint adds to an error what may help.
func readSeries(path string, s models.SeriesTable, format tableFormat, hint func(error) error) (*seriesTable, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	want := datasets.PanelColumns{ID: s.ID, Time: s.Time, Targets: s.Target, Past: s.Past, Known: s.Known, Static: s.Static, Classes: s.Class,
		Frequency: s.Frequency, TimeFormat: s.TimeFormat}
	names := append([]string{s.ID, s.Time, "date", "timestamp", "ds"}, s.Target...)
	r, err := format.ofNumbers().open(path, names)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	p, note, err := datasets.ReadPanel(r, path, want)
	if err != nil {
		if _, json := r.(*objects); json {
			err = asPoint(err)
		}
		return nil, hint(err)
	}
	return &seriesTable{p, note, path, r.format(), len(r.DecimalCommas()) > 0}, nil
}

// asTrained says of a table that is read as a model's own was, by no flags, that it should be like it.
func asTrained(own models.Origin) func(error) error {
	return func(err error) error {
		err = asPoint(err)
		return errors.Errorf("%v (the table is read as that of the training, %s: %s)", err, own.Series.File, columnsInWords(own.Series))
	}
}

// seriesHint says which flags of train may help against an error of reading.
func seriesHint(err error) error {
	if text := strings.ReplaceAll(err.Error(), readersDecimal, decimalFlagSays); text != err.Error() {
		return errors.New(text)
	}
	for _, hint := range []struct{ text, flags string }{
		{"has no column", "--time, --id, --target, --past, --known, --static and --class name columns; " +
			"is another character between? (--delimiter)"},
		{"say which is to be forecast", "--target NAME"},
		{"no column of numbers to forecast", "is another character between? (--delimiter); is it the right file?"},
		{"tells several series apart", "--id NAME"},
		{"may be written as", "--time-format, such as %d/%m/%Y"},
		{"is no time", "--time names the column of times, --time-format says how they are written"},
		{"one time only", "--frequency says the step"},
		{"the steps are uneven", "with --frequency, rows are moved to the nearest step"},
		{"is not a number", "a mark for missing values: --missing; is it the right column?"},
		{"is it wrong?", "--time-format says how times are written"},
		{"frequency \"", "--frequency"},
	} {
		if strings.Contains(err.Error(), hint.text) {
			return errors.Errorf("%v (%s)", err, hint.flags)
		}
	}
	return err
}

// describe says how the table was read.
func (t *seriesTable) describe(w io.Writer) {
	s := seriesTableOf(t.note.Columns)
	tell(w, "Series", "%s: %v", t.file, t.panel)
	tell(w, "Columns", "%s", columnsInWords(s))
	tell(w, "Format", "%s", t.format)
	tell(w, "Times", "%s; a season of %d (--time-format, --frequency, --season)", t.note.TimeFormat, t.panel.Frequency.Season())
	note := func(format string, args ...any) { tell(w, "Note", format, args...) }
	if len(t.note.Unused) > 0 {
		note("columns that are left out: %s (--past, --known, --static or --class take them)", quotedList(t.note.Unused))
	}
	missing, constant := 0, []string{}
	for _, one := range t.panel.Series {
		missing += one.Missing()
		if isConstant(one.Values) {
			constant = append(constant, one.ID)
		}
	}
	if missing > 0 {
		note("%s missing; %s without a row", count(missing, "value is", "values are"), count(t.note.Gaps, "step is", "steps are"))
	}
	if t.note.Uneven > 0 {
		note("%s between two steps, moved to the nearest; the first is in line %d", count(t.note.Uneven, "row is", "rows are"), t.note.UnevenLine)
	}
	if t.note.Unsorted > 0 {
		note("%s after a later one: all are sorted by time", count(t.note.Unsorted, "row stood", "rows stood"))
	}
	if len(t.note.Empty) > 0 {
		note("series without a value, left out: %s", quotedList(t.note.Empty))
	}
	if len(constant) > 0 {
		note("series that never change: %s", quotedList(constant))
	}
}

// isConstant tells whether all values that are there are equal.
func isConstant(values []float64) bool {
	first, found := 0.0, false
	for _, v := range values {
		if v != v {
			continue
		}
		if found && v != first {
			return false
		}
		first, found = v, true
	}
	return true
}

// seriesTableOf are the columns that a table was read by, as a model's file has them.
func seriesTableOf(c datasets.PanelColumns) models.SeriesTable {
	return models.SeriesTable{ID: c.ID, Time: c.Time, Target: c.Targets, Past: c.Past, Known: c.Known, Static: c.Static, Class: c.Classes,
		Frequency: c.Frequency, TimeFormat: c.TimeFormat}
}

// panelOf reads another table as a model's own was read, or, if the path is empty, its own.
func panelOf(log io.Writer, own models.Origin, path string) (*datasets.Panel, error) {
	if path == "" {
		return ownPanel(own)
	}
	t, err := readSeries(path, own.Series, tableFormat(own.Format), asTrained(own))
	if err != nil {
		return nil, err
	}
	tell(log, "Series", "%s: %v", t.file, t.panel)
	return t.panel, nil
}

// ownPanel reads the series that a model was trained on.
func ownPanel(own models.Origin) (*datasets.Panel, error) {
	data := ownData{"series", "the model's own series (others: --series, or the file after unroll forecast)", own.Series.File,
		"name it, with --series or after unroll forecast"}
	if err := data.same(own, func(o models.Origin) (string, error) { return hashOf(o.Series.File) }); err != nil {
		return nil, err
	}
	t, err := readSeries(own.Series.File, own.Series, tableFormat(own.Format), asTrained(own))
	if err != nil {
		return nil, err
	}
	return t.panel, nil
}
