package catalog

import (
	"context"
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/pkg/errors"
)

// SeriesSet is a data set that is a series in time.
type SeriesSet struct {
	Info
	load func(ctx context.Context, info Info, o Options) (SeriesParts, error)
}

// Series are values measured at even distances in time.
type Series struct {
	Times     []time.Time
	Columns   []string
	Values    []float64 // [len(Times), len(Columns)]; NaN is missing
	Frequency string    // "hour", "day", "week", "year"

	Labels  []int // the class of each time, Classes[Labels[t]]; nil if there are none
	Classes []string
}

// SeriesParts are the parts of a SeriesSet, one after the other in time.
type SeriesParts struct{ Train, Validation, Test Series }

// Load reads the set, and fetches it before if need be.
func (s SeriesSet) Load(ctx context.Context, o Options) (SeriesParts, error) {
	if s.load == nil {
		return SeriesParts{}, errNoLoader(s.Info)
	}
	return s.load(ctx, s.Info, o)
}

// Len is the number of times.
func (s Series) Len() int { return len(s.Times) }

// Column returns a copy of the values of a column, and false if there is none of that name, or not a value for each time.
func (s Series) Column(name string) ([]float64, bool) {
	if len(s.Values) < s.Len()*len(s.Columns) {
		return nil, false
	}
	for c, column := range s.Columns {
		if column != name {
			continue
		}
		out := make([]float64, s.Len())
		for t := range out {
			out[t] = s.Values[t*len(s.Columns)+c]
		}
		return out, true
	}
	return nil, false
}

// Missing counts the values that are not there.
func (s Series) Missing() int {
	n := 0
	for _, v := range s.Values {
		if math.IsNaN(v) {
			n++
		}
	}
	return n
}

// between are the times from, up to but without to.
func (s Series) between(from, to int) Series {
	part := s
	part.Times = s.Times[from:to:to]
	part.Values = s.Values[from*len(s.Columns) : to*len(s.Columns) : to*len(s.Columns)]
	if s.Labels != nil {
		part.Labels = s.Labels[from:to:to]
	}
	return part
}

// parts cuts the series by the options' fractions.
func (s Series) parts(o Options) (SeriesParts, error) {
	validation, test, err := o.fractions()
	if err != nil {
		return SeriesParts{}, err
	}
	v, t := cut(s.Len(), validation, test)
	return SeriesParts{s.between(0, v), s.between(v, t), s.between(t, s.Len())}, nil
}

// seriesFormat says how the lines of a CSV file are read: the time first, then values, then the class if there are
// classes.
type seriesFormat struct {
	layout    string // of the time
	frequency string
	classes   []string
}

// read reads a CSV file with a line of headings. An empty field is a missing value.
func (f seriesFormat) read(r io.Reader, name string) (Series, error) {
	lines := csv.NewReader(r)
	lines.ReuseRecord = true
	heads, err := lines.Read()
	if err != nil {
		return Series{}, errors.Wrapf(err, "datasets: %s: line of headings", name)
	}
	end := len(heads)
	if f.classes != nil {
		end--
	}
	if end < 2 {
		return Series{}, errors.Errorf("datasets: %s: %d columns; want a time and at least a value", name, len(heads))
	}
	s := Series{Columns: append([]string(nil), heads[1:end]...), Frequency: f.frequency, Classes: f.classes}
	for {
		record, err := lines.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Series{}, errors.Wrapf(err, "datasets: %s", name)
		}
		if err := f.add(&s, record, end); err != nil {
			line, _ := lines.FieldPos(0)
			return Series{}, errors.Wrapf(err, "datasets: %s: line %d", name, line)
		}
	}
	if s.Len() == 0 {
		return Series{}, errors.Errorf("datasets: %s has no values", name)
	}
	return s, nil
}

func (f seriesFormat) add(s *Series, record []string, end int) error {
	at, err := time.Parse(f.layout, record[0])
	if err != nil {
		return errors.WithStack(err)
	}
	if n := s.Len(); n > 0 && !at.After(s.Times[n-1]) {
		return errors.Errorf("the time %s is not after the one before", record[0])
	}
	s.Times = append(s.Times, at)
	for c, field := range record[1:end] {
		v := math.NaN()
		if field != "" {
			if v, err = strconv.ParseFloat(field, 64); err != nil {
				return errors.Wrapf(err, "column %s", s.Columns[c])
			}
		}
		s.Values = append(s.Values, v)
	}
	if f.classes == nil {
		return nil
	}
	label := indexOf(f.classes, record[end])
	if label < 0 {
		return errors.Errorf("the class %q is none of %q", record[end], f.classes)
	}
	s.Labels = append(s.Labels, label)
	return nil
}

func indexOf(all []string, one string) int {
	for i, s := range all {
		if s == one {
			return i
		}
	}
	return -1
}
