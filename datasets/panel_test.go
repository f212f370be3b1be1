package datasets_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
)

// readPanel reads a table in CSV.
func readPanel(t *testing.T, text string, c datasets.PanelColumns) (*datasets.Panel, *datasets.PanelReading, error) {
	t.Helper()
	rows, err := datasets.CSV{Comma: datasets.CommaDetect, Header: datasets.HeaderYes}.Read(strings.NewReader(text), "sales.csv")
	if err != nil {
		t.Fatal(err)
	}
	return datasets.ReadPanel(rows, "sales.csv", c)
}

// lines writes rows of a date and numbers.
func lines(header, layout string, from time.Time, next func(time.Time) time.Time, n int) string {
	b := strings.Builder{}
	b.WriteString(header + "\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,%d\n", from.Format(layout), 10+i)
		from = next(from)
	}
	return b.String()
}

func TestPanelFindsTimesAndFrequency(t *testing.T) {
	day := func(n int) func(time.Time) time.Time {
		return func(t time.Time) time.Time { return t.AddDate(0, 0, n) }
	}
	plus := func(d time.Duration) func(time.Time) time.Time {
		return func(t time.Time) time.Time { return t.Add(d) }
	}
	months := func(n int) func(time.Time) time.Time {
		return func(t time.Time) time.Time { return t.AddDate(0, n, 0) }
	}
	start := time.Date(2019, 12, 2, 0, 0, 0, 0, time.UTC) // a Monday
	for _, c := range []struct {
		layout string
		next   func(time.Time) time.Time
		want   string
		season int
	}{
		{"2006-01-02", day(1), "day", 7}, {"2006/01/02", day(1), "day", 7}, {"02.01.2006", day(1), "day", 7}, {"20060102", day(7), "week", 52},
		{"01/02/2006", day(1), "day", 7}, {"02/01/2006", day(1), "day", 7}, {"2 Jan 2006", months(1), "month", 12},
		{"2006-01-02", func(t time.Time) time.Time {
			if t.Weekday() == time.Friday {
				return t.AddDate(0, 0, 3)
			}
			return t.AddDate(0, 0, 1)
		}, "business day", 5},
		{"2006-01-02T15:04:05Z", plus(time.Hour), "hour", 24}, {"2006-01-02 15:04", plus(15 * time.Minute), "15 minutes", 4},
		{"2006-01-02 15:04:05", plus(30 * time.Second), "30 seconds", 2}, {"2006-01", months(1), "month", 12},
		{"2006-01", months(3), "quarter", 4}, {"2006", months(12), "year", 1}, {"200601", months(1), "month", 12},
	} {
		p, note, err := readPanel(t, lines("when,y", c.layout, start, c.next, 40), datasets.PanelColumns{Time: "when"})
		if err != nil {
			t.Errorf("%s, %s: %v", c.layout, c.want, err)
			continue
		}
		if p.Frequency.String() != c.want || len(p.Series) != 1 || p.Series[0].Len() != 40 || note.Gaps != 0 || note.Uneven != 0 {
			t.Errorf("%s: every %v, %v, %+v; want %s", c.layout, p.Frequency, p, note, c.want)
		}
		if got := p.Frequency.Season(); got != c.season {
			t.Errorf("%v: season %d; want %d", p.Frequency, got, c.season)
		}
		last := start
		for range 39 {
			last = c.next(last)
		}
		got := p.Frequency.Add(p.Series[0].Start, 39)
		if got.Format(c.layout) != last.Format(c.layout) {
			t.Errorf("%s: the last is of %v; want %v", c.layout, got, last)
		}
		if f, err := datasets.ParseFrequency(p.Frequency.String()); err != nil || f != p.Frequency {
			t.Errorf("%v is read as %v, error %v", p.Frequency, f, err)
		}
	}
}

func TestPanelTimesOfOtherKinds(t *testing.T) {
	for text, want := range map[string]string{
		"t,y\n3,1\n5,2\n7,3\n11,4\n":                              "2 steps 3 5",
		"t,y\n1577836800,1\n1577840400,2\n1577844000,3\n":         "hour 2020-01-01 00:00 3",
		"t,y\n2020Q1,1\n2020Q2,2\n2020Q4,3\n":                     "quarter 2020-01-01 4",
		"t,y\n2020-W01,1\n2020-W02,2\n2020-W03,2\n":               "week 2019-12-30 3",
		"t,y\n2020-01-31,1\n2020-02-29,2\n2020-03-31,3\n":         "month 2020-01-31 3",
		"y,z\n1,2\n2,3\n3,4\n":                                    "step 0 3",
		"t;y\r\n2020-01-01;1\r\n2020-01-02;2\r\n2020-01-04;4\r\n": "day 2020-01-01 4",
		"t,y\n2020-10-25T01:00:00+02:00,1\n2020-10-25T02:00:00+02:00,2\n2020-10-25T02:00:00+01:00,3\n2020-10-25T03:00:00+01:00,4\n": "hour 2020-10-24 23:00 4",
	} {
		p, _, err := readPanel(t, text, datasets.PanelColumns{Targets: []string{"y"}})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		s := p.Series[0]
		if got := fmt.Sprintf("%v %s %d", p.Frequency, p.Frequency.Format(s.Start), s.Len()); got != want {
			t.Errorf("%q: %s; want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"t,y\n2020-01-01 01:00,1\n2020-01-01 02:00,2\n2020-01-01 03:00,2\n": "1 series of 3 values, an hour apart",
		"t,y\n2020,1\n2024,2\n2028,2\n":                                     "1 series of 3 values, 4 years apart",
	} {
		p, _, err := readPanel(t, text, datasets.PanelColumns{Time: "t"})
		if err != nil || p.String() != want {
			t.Errorf("%v, error %v; want %s", p, err, want)
		}
	}
	// Months end where they end.
	f := datasets.Frequency{Unit: datasets.UnitMonth, Count: 1}
	end := time.Date(2020, 1, 31, 0, 0, 0, 0, time.UTC)
	for i, want := range []string{"2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30"} {
		if got := f.Format(f.Add(end, i)); got != want {
			t.Errorf("%d months after %v: %s; want %s", i, end, got, want)
		}
		if n, exact := f.Steps(end, f.Add(end, i)); n != i || !exact {
			t.Errorf("%d months are %d, %v", i, n, exact)
		}
	}
	b := datasets.Frequency{Unit: datasets.UnitBusiness, Count: 1}
	friday := time.Date(2020, 1, 3, 0, 0, 0, 0, time.UTC)
	for n := -12; n < 12; n++ {
		at := b.Add(friday, n)
		if got, exact := b.Steps(friday, at); got != n || !exact || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			t.Errorf("%d business days after a Friday: %v, which is %d", n, at, got)
		}
	}
}

const shops = `date,shop,kind,size,units,price,promo
2024-01-02,b,kiosk,10,5,1.5,no
2024-01-01,b,kiosk,10,4,1.4,yes
2024-01-04,b,kiosk,10,,1.2,no
2024-01-01,a,market,90,7,,no
2024-01-02,a,market,90,8,2.5,no
2024-01-03,a,market,90,,2.5,yes
2024-01-04,a,market,90,9,2.5,no
2024-01-05,a,market,90,,2.5,yes
`

func TestPanelOfManySeries(t *testing.T) {
	p, note, err := readPanel(t, shops, datasets.PanelColumns{ID: "shop", Past: []string{"price"}, Known: []string{"promo"}, Static: []string{"kind", "size"}, Classes: []string{"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	want := []datasets.PanelSeries{
		{ID: "b", Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Values: []float64{4, 5}, Past: [][]float64{{1.4, 1.5}},
			Known: [][]float64{{1, 0, nan, 0}}, Numbers: []float64{10}, Classes: []string{"kiosk", "b"}},
		{ID: "a", Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Values: []float64{7, 8, nan, 9}, Past: [][]float64{{nan, 2.5, 2.5, 2.5}},
			Known: [][]float64{{0, 0, 1, 0, 1}}, Numbers: []float64{90}, Classes: []string{"market", "a"}},
	}
	if got := fmt.Sprintf("%+v", p.Series); got != fmt.Sprintf("%+v", want) {
		t.Errorf("%s\nwant %+v", got, want)
	}
	if note.Gaps != 1 || note.Unsorted != 1 || note.Rows != 8 || len(note.Unused) != 0 || note.Columns.Time != "date" || p.Series[1].Missing() != 1 {
		t.Errorf("%+v", note)
	}
	if p.Series[1].Ahead() != 1 || p.String() != "2 series of 2 to 4 values, a day apart" {
		t.Errorf("%d ahead, %v", p.Series[1].Ahead(), p)
	}
	tail := p.Last(1).Series[1]
	if tail.Len() != 1 || tail.Start.Day() != 4 || tail.Known[0][1] != 1 || tail.Past[0][0] != 2.5 {
		t.Errorf("%+v", tail)
	}
}

func TestPanelFindsColumns(t *testing.T) {
	for text, want := range map[string]datasets.PanelColumns{
		"ds,unique_id,y\n2020-01-01,a,1\n2020-01-02,a,2\n2020-01-01,b,3\n":                  {ID: "unique_id", Time: "ds", Targets: []string{"y"}},
		"when,which,many\n2020-01-01,a,1\n2020-01-02,a,2\n2020-01-01,b,3\n2020-01-02,b,3\n": {ID: "which", Time: "when", Targets: []string{"many"}},
		"date,north,south\n2020-01-01,1,2\n2020-01-02,3,4\n":                                {Time: "date", Targets: []string{"north", "south"}},
		"date,id,y\n2020-01-01,1,2\n2020-01-02,2,4\n":                                       {Time: "date", Targets: []string{"y"}}, // numbers of rows
	} {
		_, note, err := readPanel(t, text, datasets.PanelColumns{})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if !reflect.DeepEqual(note.Columns, want) {
			t.Errorf("%q: %+v; want %+v", text, note.Columns, want)
		}
	}
	p, _, err := readPanel(t, "date,north,south\n2020-01-01,1,2\n2020-01-02,3,4\n", datasets.PanelColumns{Classes: []string{datasets.TargetClass}})
	if err != nil || p.Series[1].ID != "south" || p.Series[1].Classes[0] != "south" {
		t.Errorf("%+v, error %v", p, err)
	}
}

func TestPanelRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		want datasets.PanelColumns
		err  string
	}{
		{"date,y\n2020-01-01,1\n2020-01-02,2\n2020-01-01,3\n", datasets.PanelColumns{}, "lines 2 and 4 have the same time, 2020-01-01"},
		{"date,id,y\n2020-01-01,a,1\n2020-01-02,a,2\n2020-01-02,a,3\n", datasets.PanelColumns{}, "lines 3 and 4 of a have the same time"},
		{"date,y\n2020-01-01,1\n2020-01-02,x\n", datasets.PanelColumns{Targets: []string{"y"}}, `line 3: column "y": "x" is not a number`},
		{"date,y\n2020-01-01,1\nsoon,2\n", datasets.PanelColumns{Time: "date"}, `"soon" is no time as "2020-01-01" is`},
		{"date,y\n2020-01-01,1\n,2\n", datasets.PanelColumns{Time: "date"}, "line 3: no time"},
		{"date,y\n2020-01-01,1\n2020-01-02,2\n", datasets.PanelColumns{Targets: []string{"z"}}, `no column "z"; it has ["date" "y"]`},
		{"date,id,a,b\n2020-01-01,x,1,2\n2020-01-02,x,3,4\n", datasets.PanelColumns{}, "say which is to be forecast"},
		{"date,id,k,y\n2020-01-01,x,p,1\n2020-01-02,x,q,2\n", datasets.PanelColumns{Static: []string{"k"}}, `line 3: the static column "k" has "q", and "p" before`},
		{"date,y\n2020-01-01,1\n2020-01-02,2\n9999-01-01,2\n", datasets.PanelColumns{}, "is it wrong?"},
		{"date,y\n2020-01-01,\n2020-01-02,\n", datasets.PanelColumns{Targets: []string{"y"}}, `the column "y" has no value`},
		{"date,y\n01/02/2020,1\n02/03/2020,2\n", datasets.PanelColumns{}, "say which"},
		{"date,y\n01/01/2020,1\n01/02/2020,2\n01/03/2020,2\n", datasets.PanelColumns{}, "say which"},
		{"date,y\n2020-01-01,1\n2020-01-02,2\n", datasets.PanelColumns{Targets: []string{"y"}, Past: []string{"y"}}, "cannot be both the target and a past column"},
		{"date,y\n2020-01-01,1\n2020-01-02,2\n", datasets.PanelColumns{Frequency: "fortnight"}, `frequency "fortnight"`},
		{"date,y\n2020-01-01,1\n2020-01-02,2\n", datasets.PanelColumns{TimeFormat: "%d.%m.%Y"}, `the time "2020-01-01" is not as`},
		{"date,y\n2020-01-01,1\n2020-01-02,2\n2020-01-02T05:00:00,3\n", datasets.PanelColumns{Time: "date"}, "is no time as"},
		{"date,y\n2024-10-27 02:00,1\n2024-10-27 02:00,2\n", datasets.PanelColumns{}, "as where a clock is put back and times have no offset"},
		{"date,y\n2020-01-01,1\n2020-01-02,-1e300\n", datasets.PanelColumns{Targets: []string{"y"}}, `"y": value 1 is -1e+300; want at most 3.4e+38`},
	} {
		if _, _, err := readPanel(t, c.text, c.want); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %v; want %q", c.text, err, c.err)
		}
	}
	uneven := "date,y\n"
	for i, h := range []int{0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13} {
		minute := 0
		if i == 7 {
			minute = 20
		}
		uneven += fmt.Sprintf("2020-01-01 %02d:%02d,%d\n", h, minute, i)
	}
	p, note, err := readPanel(t, uneven, datasets.PanelColumns{Frequency: "hour"})
	if err != nil || note.Uneven != 1 || note.UnevenLine != 9 || note.Gaps != 1 || p.Series[0].Len() != 14 {
		t.Errorf("%+v, error %v", note, err)
	}
	if _, _, err := readPanel(t, uneven, datasets.PanelColumns{}); err == nil || !strings.Contains(err.Error(), "uneven") {
		t.Error(err)
	}
	if _, _, err := datasets.ReadPanel(nil, "nothing", datasets.PanelColumns{}); err == nil {
		t.Error("no reader is read")
	}
}

func TestCalendar(t *testing.T) {
	for unit, want := range map[string]int{datasets.UnitHour: 16, datasets.UnitDay: 12, datasets.UnitWeek: 4, datasets.UnitMonth: 4, datasets.UnitYear: 0, datasets.UnitStep: 0} {
		f := datasets.Frequency{Unit: unit, Count: 1}
		at := f.CalendarAt(time.Date(2021, 3, 14, 6, 0, 0, 0, time.UTC))
		if len(f.Calendar()) != want || len(at) != want {
			t.Errorf("%s: %q, %v; want %d features", unit, f.Calendar(), at, want)
		}
	}
	day := datasets.Frequency{Unit: datasets.UnitDay, Count: 1}
	for steps, want := range map[int]int{7: 0, 20: 6, 100: 8, 700: 8, 800: 12} {
		if got := day.CalendarWithin(steps); got != want {
			t.Errorf("%d days: %d features; want %d", steps, got, want)
		}
	}
	// Six in the morning is a quarter of the day.
	at := datasets.Frequency{Unit: datasets.UnitHour, Count: 1}.CalendarAt(time.Date(2021, 3, 14, 6, 0, 0, 0, time.UTC))
	if math.Abs(at[0]-1) > 1e-12 || math.Abs(at[1]) > 1e-12 || math.Abs(at[2]) > 1e-12 || math.Abs(at[3]+1) > 1e-12 {
		t.Error(at[:4])
	}
}
