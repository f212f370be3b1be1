package datasets

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
)

// PanelColumns say which columns of a table hold what of a Panel. ReadPanel finds ID, Time and Targets if they are empty: by
// their names, such as date, id and value, and by what is in them.
type PanelColumns struct {
	ID      string   // tells the series apart; none if there is one series
	Time    string   // dates, or whole numbers; without one, the rows are in order
	Targets []string // what is to be forecast; of several, each makes a series of its own, as in wide tables
	Past    []string // numbers that are known up to the last value
	Known   []string // numbers that are known ahead
	Static  []string // what stays the same in a series: numbers if all are numbers, else classes
	Classes []string // static classes, whatever they look like; the ID may be one, and TargetClass

	Frequency  string // the step, as Frequency.String writes it; found by the times if empty
	TimeFormat string // a layout of package time, or of strftime with %; found if empty
}

// TargetClass is the name under which PanelColumns.Classes takes the target's column itself for a class, in wide tables.
const TargetClass = "target"

// timeNames, idNames and targetNames are how such columns are called, the likeliest first.
var (
	timeNames   = []string{"ds", "date", "datetime", "timestamp", "time", "day", "week", "month", "quarter", "year", "period", "t", "step"}
	idNames     = []string{"unique_id", "series_id", "series", "item_id", "id", "item", "product", "sku", "store", "sensor", "station", "name"}
	targetNames = []string{"y", "target", "value", "sales", "demand", "quantity", "units", "consumption", "load"}
)

// panelTable is a table as texts.
type panelTable struct {
	name    string
	columns []string
	cells   [][]string // [rows][columns]; empty is missing
	lines   []int
}

func readPanelTable(r PanelRows, name string) (*panelTable, error) {
	t := &panelTable{name: name}
	for r.Next() {
		if t.columns == nil {
			t.columns = slices.DeleteFunc(slices.Clone(r.Columns()), func(c string) bool { return c == "" })
		}
		row := make([]string, len(t.columns))
		for i, c := range t.columns {
			if !r.Missing(c) {
				row[i] = strings.TrimSpace(r.Text(c))
			}
		}
		t.cells, t.lines = append(t.cells, row), append(t.lines, r.Line())
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	if len(t.cells) == 0 {
		return nil, errors.Errorf("datasets: %s has no rows", name)
	}
	return t, nil
}

// panelNumber is a number, or NaN for a missing one. Yes and no, and true and false, are 1 and 0.
func panelNumber(text string) (float64, error) {
	switch strings.ToLower(text) {
	case "yes", "true":
		return 1, nil
	case "no", "false":
		return 0, nil
	}
	return parseNumber(text, nil)
}

func (t *panelTable) at(column string) int { return slices.Index(t.columns, column) }

// column are the texts of a column.
func (t *panelTable) column(name string) []string {
	out, at := make([]string, len(t.cells)), t.at(name)
	for i, row := range t.cells {
		out[i] = row[at]
	}
	return out
}

// some are the texts of a column that are not missing, of the first rows.
func (t *panelTable) some(name string) []string {
	var out []string
	for _, text := range t.column(name)[:min(len(t.cells), 1000)] {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// isNumeric tells whether all that a column has in the first rows are numbers.
func (t *panelTable) isNumeric(name string) bool {
	list := t.some(name)
	return len(list) > 0 && !slices.ContainsFunc(list, func(text string) bool { _, err := panelNumber(text); return err != nil })
}

// isTime tells whether a column has dates.
func (t *panelTable) isTime(name string) bool {
	f, err := findTimeFormat(t.some(name))
	return err == nil && !f.numbers
}

// called is the column with the first of some names.
func (t *panelTable) called(names, taken []string) string {
	for _, name := range names {
		for _, c := range t.columns {
			if strings.EqualFold(strings.TrimSpace(c), name) && !slices.Contains(taken, c) {
				return c
			}
		}
	}
	return ""
}

// named are all columns that were named by a user.
func (c PanelColumns) named() []string {
	out := slices.Concat(c.Targets, c.Past, c.Known, c.Static, c.Classes)
	for _, one := range []string{c.ID, c.Time} {
		if one != "" {
			out = append(out, one)
		}
	}
	return out
}

// settle finds the columns that are not given.
func (t *panelTable) settle(c PanelColumns) (PanelColumns, error) {
	for _, name := range c.named() {
		if !slices.Contains(t.columns, name) && !(name == TargetClass && slices.Contains(c.Classes, name)) {
			return c, errors.Errorf("%s has no column %.40q; it has %.400q", t.name, name, t.columns)
		}
	}
	if c.Time == "" {
		if c.Time = t.called(timeNames, c.named()); c.Time == "" {
			c.Time = t.firstDates(c.named())
		}
	}
	if c.ID == "" && len(c.Targets) < 2 {
		taken := slices.DeleteFunc(c.named(), func(n string) bool { return slices.Contains(c.Classes, n) })
		if c.ID = t.called(idNames, taken); c.ID != "" && !t.again(c.ID) {
			c.ID = "" // each row has its own: it numbers rows
		}
		if c.ID == "" {
			c.ID = t.onlyTexts(c)
		}
	}
	if err := t.settleTargets(&c); err != nil {
		return c, err
	}
	return c, t.clash(c)
}

// firstDates is the first column of dates.
func (t *panelTable) firstDates(taken []string) string {
	for _, c := range t.columns {
		if !slices.Contains(taken, c) && t.isTime(c) {
			return c
		}
	}
	return ""
}

// again tells whether a column has the same text twice.
func (t *panelTable) again(column string) bool {
	seen := map[string]bool{}
	for _, text := range t.column(column) {
		if seen[text] {
			return true
		}
		seen[text] = true
	}
	return false
}

// onlyTexts is the one column of texts, where times come again, so that something must tell the series apart.
func (t *panelTable) onlyTexts(c PanelColumns) string {
	if c.Time == "" || !t.again(c.Time) {
		return ""
	}
	var texts []string
	for _, name := range t.columns {
		if !slices.Contains(c.named(), name) && len(t.some(name)) > 0 && !t.isNumeric(name) {
			texts = append(texts, name)
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return ""
}

// settleTargets finds what is to be forecast: the column with a known name, or the only one of numbers, or, without an id, all
// of numbers.
func (t *panelTable) settleTargets(c *PanelColumns) error {
	if len(c.Targets) > 0 {
		return nil
	}
	if name := t.called(targetNames, c.named()); name != "" {
		c.Targets = []string{name}
		return nil
	}
	var numbers []string
	for _, name := range t.columns {
		if !slices.Contains(c.named(), name) && t.isNumeric(name) {
			numbers = append(numbers, name)
		}
	}
	switch {
	case len(numbers) == 0:
		for _, name := range t.columns {
			if some := t.some(name); len(some) > 0 && number.HasDecimalComma(some[0]) {
				return errors.Errorf("%s has no column of numbers to forecast: in %q stand some like %q; if that is a decimal comma, the reader's "+
					"Decimal says so; nothing may stand between thousands", t.name, name, some[0])
			}
		}
		return errors.Errorf("%s has no column of numbers to forecast; it has %.400q", t.name, t.columns)
	case len(numbers) > 1 && c.ID != "":
		return errors.Errorf("%s has the columns of numbers %.400q: say which is to be forecast", t.name, numbers)
	}
	c.Targets = numbers
	return nil
}

// clash refuses a column that has two parts to play.
func (t *panelTable) clash(c PanelColumns) error {
	seen := map[string]string{}
	for _, part := range []struct {
		what  string
		names []string
	}{{"the id", []string{c.ID}}, {"the time", []string{c.Time}}, {"the target", c.Targets}, {"a past column", c.Past},
		{"a known column", c.Known}, {"static", c.Static}, {"static", c.Classes}} {
		for _, name := range part.names {
			if before, ok := seen[name]; ok && name != "" && !(before == "the id" && part.what == "static") {
				return errors.Errorf("%s: the column %.40q cannot be both %s and %s", t.name, name, before, part.what)
			}
			seen[name] = part.what
		}
	}
	return nil
}

// unused are the columns that have no part.
func (t *panelTable) unused(c PanelColumns) []string {
	return slices.DeleteFunc(slices.Clone(t.columns), func(name string) bool { return slices.Contains(c.named(), name) })
}
