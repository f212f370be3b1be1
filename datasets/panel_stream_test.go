package datasets_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
)

// streamOf reads a table in CSV row by row.
func streamOf(t *testing.T, text string, c datasets.PanelColumns, p datasets.Panel) *datasets.PanelStream {
	t.Helper()
	rows, err := datasets.CSV{Comma: ',', Header: datasets.HeaderYes, Missing: []string{""}}.Read(strings.NewReader(text), "sales.csv")
	if err != nil {
		t.Fatal(err)
	}
	s, err := datasets.PanelStreamOf(rows, "sales.csv", c, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A table that is read row by row says what it says when it is read whole.
func TestPanelStreamReadsWhatReadPanelDoes(t *testing.T) {
	wide := "date,north,south\n2024-01-01,1,2\n2024-01-02,3,\n2024-01-03,5,6\n"
	hours := "t,y\n2020-10-25T01:00:00+02:00,1\n2020-10-25T02:00:00+02:00,2\n2020-10-25T02:00:00+01:00,3\n2020-10-25T03:00:00+01:00,4\n"
	for _, c := range []struct {
		text string
		want datasets.PanelColumns
		late time.Duration // of the times, in a zone
		rows int
	}{
		{shops, datasets.PanelColumns{ID: "shop", Past: []string{"price"}, Known: []string{"promo"}, Static: []string{"kind", "size"}, Classes: []string{"shop"}}, 0, 6},
		{wide, datasets.PanelColumns{Classes: []string{datasets.TargetClass}}, 0, 6},
		{hours, datasets.PanelColumns{}, 2 * time.Hour, 4},
		{"n,y\n7,1\n8,2\n10,4\n", datasets.PanelColumns{Time: "n", Frequency: "step"}, 0, 3},
	} {
		whole, note, err := readPanel(t, c.text, c.want)
		if err != nil {
			t.Fatal(err)
		}
		s := streamOf(t, c.text, note.Columns, *whole)
		n := 0
		for s.Next() {
			row := s.Row()
			for _, one := range whole.Series {
				if one.ID != row.ID {
					continue
				}
				step, exact := whole.Frequency.Steps(one.Start, row.Time.Add(-c.late))
				if step >= one.Len() { // known ahead
					continue
				}
				n++
				var past, known []float64
				for _, column := range one.Past {
					past = append(past, column[step])
				}
				for _, column := range one.Known {
					known = append(known, column[step])
				}
				same := func(a, b []float64) bool {
					for i := range a {
						if a[i] != b[i] && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
							return false
						}
					}
					return len(a) == len(b)
				}
				if !exact || !same([]float64{row.Value}, one.Values[step:step+1]) || !same(row.Past, past) || !same(row.Known, known) ||
					!same(row.Numbers, one.Numbers) || !reflect.DeepEqual(row.Classes, one.Classes) {
					t.Errorf("line %d: %+v; want step %d of %+v", s.Line(), row, step, one)
				}
			}
		}
		if s.Err() != nil || n != c.rows {
			t.Errorf("%d rows, error %v; want %d", n, s.Err(), c.rows)
		}
	}
}

func TestPanelStreamRefuses(t *testing.T) {
	day := datasets.Panel{Frequency: datasets.Frequency{Unit: datasets.UnitDay, Count: 1}}
	for text, want := range map[string]string{
		"date,id,y\n2024-01-01,a,many\n":              `line 2: column "y": "many" is not a number`,
		"date,id,y\n2024-01-01,a,1\nsoon,a,2\n":       `line 3: column "date": the time "soon" is not as times such as`,
		"date,id,y\n,a,1\n":                           "line 2: no time",
		"date,id,y\n2024-01-01,,1\n":                  "line 2: no id",
		"day,id,y\n2024-01-01,a,1\n":                  `line 2: the table has no column "date"; it has ["day" "id" "y"]`,
		"date,id,y\n01/02/2024,a,1\n":                 "say which",
		"date,id,y\n2024-01-01,a,1\n2024-01-02,a,1,2": "line 3",
	} {
		s := streamOf(t, text, datasets.PanelColumns{ID: "id", Time: "date", Targets: []string{"y"}}, day)
		for s.Next() {
		}
		if s.Err() == nil || !strings.Contains(s.Err().Error(), want) {
			t.Errorf("%q: %v; want %s", text, s.Err(), want)
		}
		if s.Next() {
			t.Errorf("%q goes on after an error", text)
		}
	}
	if s := new(datasets.PanelStream); s.Next() || s.Err() == nil || s.Line() != 0 {
		t.Error("nothing is read")
	}
	if _, err := datasets.PanelStreamOf(nil, "x", datasets.PanelColumns{Targets: []string{"y"}}, day); err == nil {
		t.Error("no rows are read")
	}
	rows, _ := datasets.CSV{Header: datasets.HeaderYes}.Read(strings.NewReader("a\n1\n"), "x")
	if _, err := datasets.PanelStreamOf(rows, "x", datasets.PanelColumns{}, day); err == nil {
		t.Error("no target is read")
	}
	if _, err := datasets.PanelStreamOf(rows, "x", datasets.PanelColumns{Targets: []string{"a"}}, datasets.Panel{}); err == nil {
		t.Error("no step is read")
	}
}

// Numbers are themselves, dates are seconds; many texts tell what one does not.
func TestTimes(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  []float64
	}{
		{[]string{"20240101", "0.5", "-3", "2006"}, []float64{20240101, 0.5, -3, 2006}},
		{[]string{"1970-01-02", "1970-01-03"}, []float64{86400, 172800}},
		{[]string{"1970-01-01 00:01", "1970-01-01 01:00"}, []float64{60, 3600}},
		{[]string{"1970-01-01T00:00:01.25Z", "1970-01-01T00:00:02Z"}, []float64{1.25, 2}},
		{[]string{"02/01/1970", "13/01/1970"}, []float64{86400, 12 * 86400}},
		{[]string{"00:01", "01:00"}, []float64{60 - 62167219200, 3600 - 62167219200}},
		{[]string{"10:00:01"}, []float64{36001 - 62167219200}},
	} {
		times, err := datasets.TimesOf(c.texts)
		if err != nil {
			times = &datasets.Times{}
		}
		for i, text := range c.texts {
			if got, err := times.Seconds(text); err != nil || got != c.want[i] {
				t.Errorf("%q: %v, error %v; want %v", text, got, err, c.want[i])
			}
		}
	}
	given := datasets.Times{Layout: "%d.%m.%Y"}
	if at, err := given.Parse("3.2.1970"); err != nil || at.Format(time.DateOnly) != "1970-02-03" {
		t.Error(at, err)
	}
	if _, err := given.Parse("1970-02-03"); err == nil || !strings.Contains(err.Error(), "is not as") {
		t.Error(err)
	}
	if _, err := (*datasets.Times)(nil).Parse("1"); err == nil {
		t.Error("nothing reads a time")
	}
}
