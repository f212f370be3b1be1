package command

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/models"
)

// seriesWatcher watches measurements with a forecaster.
type seriesWatcher struct {
	model *models.Forecaster
	most  int
	table models.SeriesTable

	watch  *models.SeriesWatch
	stream *datasets.PanelStream
	name   string
	last   string // id
	uneven int    // rows
}

// watcher makes a forecaster watch.
func (t *seriesTask) watcher(m models.Model, fl *watchFlags) (watcher, error) {
	if fl.by != byWorst {
		return nil, usage("--score %s is for lines; values are scored by how far out they are", fl.by)
	}
	w := &seriesWatcher{model: m.(*models.Forecaster), most: fl.most, table: m.Config().Origin.Series}
	if fl.times != "" {
		w.table.TimeFormat = fl.times
	}
	if len(w.table.Target) == 0 {
		return nil, errors.Errorf("%s does not tell which columns its table had, so that no other can be read "+
			"(unroll train --series writes models that do)", fl.model.path)
	}
	return w, nil
}

// begin begins anew: what is watched may be of another time than what the threshold was found by.
func (s *seriesWatcher) begin(path string, stdin io.Reader) (io.Closer, error) {
	format, t := tableFormat(s.model.Config().Origin.Format).withMarks(), s.table
	names := append([]string{t.ID, t.Time}, t.Target...)
	var r rows
	var closer io.Closer
	var err error
	if s.name = path; path == "" {
		s.name, closer = "standard input", io.NopCloser(nil)
		r, err = format.readComing(stdin, s.name, names)
	} else {
		r, err = format.open(path, names)
		closer = r
	}
	if err != nil {
		return nil, err
	}
	columns := datasets.PanelColumns{ID: t.ID, Time: t.Time, Targets: t.Target, TimeFormat: t.TimeFormat}
	if s.stream, err = datasets.PanelStreamOf(r, s.name, columns, s.model.Columns()); err != nil {
		return nil, err
	}
	s.watch, err = s.model.Watch(s.most)
	return closer, err
}

// readComing is read for a table that comes row by row. What is between its fields the first line tells, if nothing else does: it
// is what makes a field of one of the names.
func (t tableFormat) readComing(in io.Reader, name string, names []string) (rows, error) {
	if t.comma() == datasets.CommaDetect {
		ahead := bufio.NewReader(t.decoded(in))
		line, err := ahead.ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, errors.Wrap(err, name)
		}
		t.Encoding = ""
		for _, d := range delimiters {
			fields := strings.Split(strings.Trim(line, "\r\n\ufeff"), string(d.char))
			if len(fields) > 1 && slices.ContainsFunc(fields, func(f string) bool { return slices.Contains(names, strings.Trim(f, ` "`)) }) {
				t.Delimiter = d.name
				break
			}
		}
		in = io.MultiReader(strings.NewReader(line), ahead)
	}
	return t.read(in, name, names)
}

func (s *seriesWatcher) next() (judgement, error) {
	if !s.stream.Next() {
		if err := s.stream.Err(); err != nil {
			return nil, seriesHint(err)
		}
		return nil, nil
	}
	row := s.stream.Row()
	found, err := s.watch.Score(row)
	if err != nil {
		return nil, seriesHint(errors.WithMessagef(err, "%s, line %d", s.name, s.stream.Line()))
	}
	if s.last = row.ID; found.Uneven {
		s.uneven++
	}
	out := watchedValue{Line: s.stream.Line(), ID: row.ID, Value: number(row.Value), Expected: number(found.Expected),
		Score: number(found.Score)}
	if !row.Time.IsZero() {
		out.Time = s.model.Frequency().Format(row.Time)
	}
	return out, nil
}

func (s *seriesWatcher) forget() error {
	s.watch.Forget(s.last)
	return nil
}

func (s *seriesWatcher) what() (things, by string) { return "values", "tail" }

func (s *seriesWatcher) notes(log io.Writer) {
	if n := s.watch.Left(); n > 0 {
		tell(log, "Note", "series were let go %s times, each the one that came least recently, and begin anew if they come again; "+
			"%s are kept (--most-series)", thousands(n), thousands(s.watch.Series()))
	}
	if s.uneven > 0 {
		tell(log, "Note", "%s between two steps, moved to the nearest", count(s.uneven, "row was", "rows were"))
	}
}

// watchedValue is a value with its score.
type watchedValue struct {
	Line     int    `json:"line"`
	ID       string `json:"id"`
	Time     string `json:"time,omitempty"`
	Value    number `json:"value"`
	Expected number `json:"expected"`
	Score    number `json:"score"`
	Flag     bool   `json:"flag"`
}

func (m watchedValue) strangeness() float64 { return float64(m.Score) }

func (m watchedValue) text(bool) string {
	value := "missing"
	if m.Value == m.Value {
		value = shortNumber(m.Value)
	}
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s", m.Time, m.ID, value))
	if m.Expected == m.Expected {
		text += ", expected " + shortNumber(m.Expected)
	}
	return text
}

func shortNumber(v number) string { return strconv.FormatFloat(float64(v), 'g', 6, 64) }

func (m watchedValue) object(flagged bool) any {
	m.Flag = flagged
	return m
}
