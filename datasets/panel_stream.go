package datasets

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// PanelRow is what a row of a table tells of one series. NaN is a missing number, an empty class a missing class.
type PanelRow struct {
	ID      string
	Time    time.Time // the zero Time is the step after the one before
	Value   float64
	Past    []float64 // the order of these is that of the Panel's columns
	Known   []float64
	Numbers []float64
	Classes []string
}

// PanelStream reads a table as ReadPanel does, but row by row, as they come. PanelStreamOf makes one.
type PanelStream struct {
	rows    PanelRows
	name    string
	columns PanelColumns
	panel   Panel
	times   Times
	zone    *time.Location // of the first time

	target int // of the row, the next
	row    PanelRow
	err    error
}

// PanelStreamOf reads rows by the columns, none of which is found: ID, Time and Targets say which they are. Of the panel it takes
// the step, and which static columns are of numbers and of classes. A time must be written as the first is. Where the zone
// changes, as with summer time, and steps are shorter than a day, all times are taken as of the first one's. Name is what errors
// call the table.
func PanelStreamOf(r PanelRows, name string, c PanelColumns, p Panel) (*PanelStream, error) {
	if absent(r) {
		return nil, errNoReader(name)
	}
	if len(c.Targets) == 0 {
		return nil, errors.Errorf("datasets: %s: no column of values is named", name)
	}
	if err := p.Frequency.Check(); err != nil {
		return nil, err
	}
	s := &PanelStream{rows: r, name: name, columns: c, panel: p, target: len(c.Targets), times: Times{Layout: c.TimeFormat}}
	s.times.Counted = p.Frequency.Unit == UnitStep
	return s, nil
}

// Next goes to the next series of the row, or to the next row; false at the end, or if there is an error.
func (s *PanelStream) Next() bool {
	if s.rows == nil && s.err == nil {
		s.err = errors.New("datasets: a PanelStream without rows: PanelStreamOf makes one")
	}
	if s.err != nil {
		return false
	}
	if s.target++; s.target >= len(s.columns.Targets) {
		if !s.rows.Next() {
			s.err = s.rows.Err()
			return false
		}
		s.target = 0
	}
	row, err := s.read(s.columns.Targets[s.target])
	if s.err = s.rows.Err(); s.err == nil && err != nil {
		s.err = errors.WithMessagef(err, "datasets: %s, line %d", s.name, s.Line())
	}
	s.row = row
	return s.err == nil
}

// Row is the current row of a series.
func (s *PanelStream) Row() PanelRow { return s.row }

// Line is the line of the current row, from 1 on.
func (s *PanelStream) Line() int {
	if s.rows == nil {
		return 0
	}
	return s.rows.Line()
}

// Err is the error that ended Next.
func (s *PanelStream) Err() error { return s.err }

// read reads what the current row tells of a target.
func (s *PanelStream) read(target string) (row PanelRow, err error) {
	for _, c := range s.columns.named() {
		if !slices.Contains(s.rows.Columns(), c) && !s.isTarget(c) {
			return row, errors.Errorf("the table has no column %.40q; it has %.400q", c, s.rows.Columns())
		}
	}
	if s.columns.ID != "" {
		if row.ID = s.text(s.columns.ID); row.ID == "" {
			return row, errors.Errorf("no id in the column %.40q", s.columns.ID)
		}
	}
	row.ID = panelID(row.ID, target, len(s.columns.Targets))
	if row.Time, err = s.time(); err != nil {
		return row, err
	}
	if row.Value, err = s.number(target); err != nil {
		return row, err
	}
	for _, list := range []struct {
		to      *[]float64
		columns []string
	}{{&row.Past, s.panel.Past}, {&row.Known, s.panel.Known}, {&row.Numbers, s.panel.Numbers}} {
		for _, c := range list.columns {
			v, err := s.number(c)
			if err != nil {
				return row, err
			}
			*list.to = append(*list.to, v)
		}
	}
	for _, c := range s.panel.Classes {
		if s.isTarget(c) {
			row.Classes = append(row.Classes, target)
		} else {
			row.Classes = append(row.Classes, s.text(c))
		}
	}
	return row, nil
}

// isTarget tells whether a class is the name of the target's column.
func (s *PanelStream) isTarget(column string) bool {
	return column == TargetClass && slices.Contains(s.panel.Classes, column) && !slices.Contains(s.rows.Columns(), column)
}

// panelID is the id of a series: that of its rows, its target's column, or both.
func panelID(id, target string, targets int) string {
	if targets > 1 || id == "" {
		return strings.TrimPrefix(id+"/"+target, "/")
	}
	return id
}

// text is a field, empty if it is missing.
func (s *PanelStream) text(column string) string {
	if s.rows.Missing(column) {
		return ""
	}
	return strings.TrimSpace(s.rows.Text(column))
}

func (s *PanelStream) number(column string) (float64, error) {
	text := s.text(column)
	v, err := panelNumber(text)
	if err != nil || math.IsInf(v, 0) {
		return 0, errors.Errorf("column %.40q: %.40q is not a number", column, text)
	}
	return v, nil
}

// time is the time of the current row; the zero Time where there are none.
func (s *PanelStream) time() (time.Time, error) {
	if s.columns.Time == "" {
		return time.Time{}, nil
	}
	text := s.text(s.columns.Time)
	if text == "" {
		return time.Time{}, errors.Errorf("no time in the column %.40q", s.columns.Time)
	}
	t, err := s.times.Parse(text)
	if err != nil {
		return t, errors.WithMessagef(err, "column %.40q", s.columns.Time)
	}
	if s.zone == nil {
		s.zone = t.Location()
	}
	if seconds, _, _ := s.panel.Frequency.length(); seconds > 0 && seconds < 86400 {
		t = t.In(s.zone)
	}
	return onWall(t), nil
}
