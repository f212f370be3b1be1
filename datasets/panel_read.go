package datasets

import (
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
)

// PanelRows is a table that a panel is read from, such as Rows. Columns are the names that Text and Missing take.
type PanelRows interface {
	Next() bool
	Columns() []string
	Text(column string) string
	Missing(column string) bool
	Line() int
	Err() error
}

// PanelReading says how a table was read as a panel.
type PanelReading struct {
	Columns    PanelColumns // as they were given or found
	Unused     []string     // columns that were left out
	TimeFormat string       // in words
	Rows       int
	Gaps       int      // steps without a row, which are missing values
	Uneven     int      // rows between two steps, which were moved to the nearest
	UnevenLine int      // the line of the first
	Unsorted   int      // rows that stood after a later one
	Empty      []string // series without any value, which were left out
}

// ReadPanel reads a table of series, a row for each time, with a column for each series or with a column that tells the series
// apart. Steps without a row are filled with missing values; two rows of one series and time are an error, which names the
// lines. Rows after the last value of a series are known ahead. Name is what errors call the table.
func ReadPanel(r PanelRows, name string, want PanelColumns) (*Panel, *PanelReading, error) {
	if absent(r) {
		return nil, nil, errNoReader(name)
	}
	t, err := readPanelTable(r, name)
	if err != nil {
		return nil, nil, err
	}
	columns, err := t.settle(want)
	if err != nil {
		return nil, nil, errors.WithMessage(err, "datasets")
	}
	b := &panelBuilder{panelTable: t, c: columns, panel: &Panel{Past: columns.Past, Known: columns.Known},
		note: &PanelReading{Columns: columns, Unused: t.unused(columns), Rows: len(t.cells)}}
	if err := b.build(); err != nil {
		return nil, nil, errors.WithMessagef(err, "datasets: %s", name)
	}
	return b.panel, b.note, nil
}

// panelBuilder makes a panel of a table.
type panelBuilder struct {
	*panelTable
	c     PanelColumns
	panel *Panel
	note  *PanelReading

	times  []time.Time
	groups []panelGroup
}

// panelGroup are the rows of one id, in the order of their times.
type panelGroup struct {
	id   string
	rows []int
}

func (b *panelBuilder) build() error {
	if err := b.readTimes(); err != nil {
		return err
	}
	if err := b.group(); err != nil {
		return err
	}
	if err := b.frequency(); err != nil {
		return err
	}
	if err := b.kinds(); err != nil {
		return err
	}
	for _, g := range b.groups {
		slots, length, err := b.slots(g)
		if err != nil {
			return err
		}
		for _, target := range b.c.Targets {
			if err := b.series(g, slots, length, target); err != nil {
				return err
			}
		}
	}
	if len(b.panel.Series) == 0 {
		return errors.Errorf("the column %.40q has no value", b.c.Targets[0])
	}
	return b.panel.Check()
}

// readTimes reads the column of times; without one, rows are numbered.
func (b *panelBuilder) readTimes() error {
	b.times = make([]time.Time, len(b.cells))
	if b.c.Time == "" {
		b.note.TimeFormat = "none: the rows are in order"
		return nil
	}
	texts := b.column(b.c.Time)
	for i, text := range texts {
		if text == "" {
			return errors.Errorf("line %d: no time in the column %.40q", b.lines[i], b.c.Time)
		}
	}
	f, err := findTimeFormat(texts)
	if b.c.TimeFormat != "" {
		f, err = givenTimeFormat(b.c.TimeFormat), nil
	}
	if err != nil {
		return errors.WithMessagef(err, "the column %.40q", b.c.Time)
	}
	if b.note.TimeFormat = f.name; f.numbers {
		b.panel.Frequency.Unit = UnitStep
	}
	for i, text := range texts {
		if b.times[i], err = f.parse(text); err != nil {
			return errors.Errorf("line %d: the time %.40q is not as %s", b.lines[i], text, f.name)
		}
	}
	b.dropZones()
	return nil
}

// dropZones takes times as a clock on the wall shows them. Where the zone changes and steps are shorter than a day, as with
// summer time, an hour would come twice: then it takes them as of UTC.
func (b *panelBuilder) dropZones() {
	changes, clock := false, false
	_, first := b.times[0].Zone()
	for _, t := range b.times {
		_, offset := t.Zone()
		changes = changes || offset != first
		clock = clock || onWall(t).Unix()%86400 != 0
	}
	if changes && clock {
		b.note.TimeFormat += ", as of UTC"
	}
	for i, t := range b.times {
		if changes && clock {
			b.times[i] = t.UTC()
		} else {
			b.times[i] = onWall(t)
		}
	}
}

// group finds the rows of each id, in the order in which they first come.
func (b *panelBuilder) group() error {
	index := map[string]int{}
	for i, row := range b.cells {
		id := ""
		if b.c.ID != "" {
			if id = row[b.at(b.c.ID)]; id == "" {
				return errors.Errorf("line %d: no id in the column %.40q", b.lines[i], b.c.ID)
			}
		}
		at, ok := index[id]
		if !ok {
			at = len(b.groups)
			index[id] = at
			b.groups = append(b.groups, panelGroup{id: id})
		}
		g := &b.groups[at]
		if b.c.Time == "" {
			b.times[i] = time.Unix(int64(len(g.rows)), 0).UTC()
		}
		if n := len(g.rows); n > 0 && b.times[i].Before(b.times[g.rows[n-1]]) {
			b.note.Unsorted++
		}
		g.rows = append(g.rows, i)
	}
	for _, g := range b.groups {
		slices.SortStableFunc(g.rows, func(x, y int) int { return b.times[x].Compare(b.times[y]) })
	}
	return nil
}

// frequency finds the step.
func (b *panelBuilder) frequency() (err error) {
	if b.c.Frequency != "" {
		b.panel.Frequency, err = ParseFrequency(b.c.Frequency)
		return err
	}
	if b.c.Time == "" {
		b.panel.Frequency = Frequency{UnitStep, 1}
		return nil
	}
	times := make([][]time.Time, len(b.groups))
	for i, g := range b.groups {
		for _, row := range g.rows {
			times[i] = append(times[i], b.times[row])
		}
	}
	if err := b.duplicates(); err != nil {
		return err
	}
	numbers := b.panel.Frequency.Unit == UnitStep
	if b.panel.Frequency, err = findFrequency(times); err != nil {
		return err
	}
	if seconds, _, _ := b.panel.Frequency.length(); numbers && seconds > 0 {
		b.panel.Frequency = Frequency{UnitStep, int(seconds)}
	}
	return nil
}

// duplicates refuses two rows of one time.
func (b *panelBuilder) duplicates() error {
	for _, g := range b.groups {
		for i := 1; i < len(g.rows); i++ {
			if x, y := g.rows[i-1], g.rows[i]; b.times[x].Equal(b.times[y]) {
				return b.twice(g, x, y)
			}
		}
	}
	return nil
}

func (b *panelBuilder) twice(g panelGroup, x, y int) error {
	of, hint := "", "; is there a column that tells several series apart?"
	if g.id != "" {
		of, hint = " of "+g.id, ""
	}
	if b.panel.Frequency.Unit != UnitStep && b.times[x].Unix()%86400 != 0 {
		hint = ", as where a clock is put back and times have no offset such as +01:00" + hint
	}
	return errors.Errorf("lines %d and %d%s have the same time, %s%s", min(b.lines[x], b.lines[y]), max(b.lines[x], b.lines[y]), of,
		b.cells[x][b.at(b.c.Time)], hint)
}

// mostEmpty is how many times as many steps as rows a table may have: one wrong date would make millions of gaps.
const mostEmpty = 50

// slots are the steps of a group's rows, counted from its first.
func (b *panelBuilder) slots(g panelGroup) (slots []int, length int, err error) {
	slots = make([]int, len(g.rows))
	start := b.times[g.rows[0]]
	for i, row := range g.rows {
		n, exact := b.panel.Frequency.Steps(start, b.times[row])
		if !exact {
			if b.note.Uneven == 0 {
				b.note.UnevenLine = b.lines[row]
			}
			b.note.Uneven++
		}
		if i > 0 && n <= slots[i-1] {
			return nil, 0, errors.WithMessagef(b.twice(g, g.rows[i-1], row), "with steps of %s", b.panel.Frequency.phrase())
		}
		if before := max(0, i-1); n-slots[before] > mostEmpty*len(g.rows)+1000 {
			return nil, 0, errors.Errorf("line %d: the time %s is %d steps of %s after the one before, in a series of %d rows: is it wrong?",
				b.lines[row], b.cells[row][b.at(b.c.Time)], n-slots[before], b.panel.Frequency.phrase(), len(g.rows))
		}
		slots[i] = n
	}
	length = slots[len(slots)-1] + 1
	b.note.Gaps += length - len(slots)
	return slots, length, nil
}

// kinds tells static numbers from classes.
func (b *panelBuilder) kinds() error {
	for _, c := range b.c.Static {
		list := b.column(c)
		if slices.ContainsFunc(list, func(text string) bool { _, err := panelNumber(text); return err != nil }) {
			b.panel.Classes = append(b.panel.Classes, c)
		} else {
			b.panel.Numbers = append(b.panel.Numbers, c)
		}
	}
	b.panel.Classes = append(b.panel.Classes, b.c.Classes...)
	return nil
}

// series adds the series of a target.
func (b *panelBuilder) series(g panelGroup, slots []int, length int, target string) error {
	s := PanelSeries{ID: panelID(g.id, target, len(b.c.Targets)), Start: b.times[g.rows[0]]}
	var err error
	if s.Values, err = b.numbers(g, slots, length, target); err != nil {
		return err
	}
	last := len(s.Values) - 1
	for last >= 0 && math.IsNaN(s.Values[last]) {
		last--
	}
	if last < 0 {
		b.note.Empty = append(b.note.Empty, s.ID)
		return nil
	}
	for _, c := range b.c.Known {
		v, err := b.numbers(g, slots, length, c)
		if err != nil {
			return err
		}
		s.Known = append(s.Known, v)
	}
	for _, c := range b.c.Past {
		v, err := b.numbers(g, slots, length, c)
		if err != nil {
			return err
		}
		s.Past = append(s.Past, v)
	}
	if err := b.statics(g, target, &s); err != nil {
		return err
	}
	b.panel.Series = append(b.panel.Series, s.Until(last+1))
	return nil
}

// numbers are those of a column in a group's rows.
func (b *panelBuilder) numbers(g panelGroup, slots []int, length int, column string) ([]float64, error) {
	out, at := make([]float64, length), b.at(column)
	for i := range out {
		out[i] = math.NaN()
	}
	for i, row := range g.rows {
		v, err := panelNumber(b.cells[row][at])
		if err != nil && number.HasDecimalComma(b.cells[row][at]) {
			return nil, errors.WithMessagef(err, "line %d: column %.40q", b.lines[row], column)
		}
		if err != nil {
			return nil, errors.Errorf("line %d: column %.40q: %.40q is not a number", b.lines[row], column, b.cells[row][at])
		}
		out[slots[i]] = v
	}
	return out, nil
}

// statics are what stays the same in all rows of a series where it is not missing.
func (b *panelBuilder) statics(g panelGroup, target string, s *PanelSeries) error {
	one := func(column string) (string, error) {
		if column == TargetClass && b.at(column) < 0 {
			return target, nil
		}
		first := ""
		for _, row := range g.rows {
			text := b.cells[row][b.at(column)]
			if first == "" {
				first = text
			}
			if text != "" && text != first {
				return "", errors.Errorf("line %d: the static column %.40q has %.40q, and %.40q before, in the series %.40q: want one value a series",
					b.lines[row], column, text, first, s.ID)
			}
		}
		return first, nil
	}
	for _, c := range b.panel.Numbers {
		text, err := one(c)
		if err != nil {
			return err
		}
		v, err := panelNumber(text)
		if err != nil {
			return err
		}
		s.Numbers = append(s.Numbers, v)
	}
	for _, c := range b.panel.Classes {
		text, err := one(c)
		if err != nil {
			return err
		}
		s.Classes = append(s.Classes, text)
	}
	return nil
}
