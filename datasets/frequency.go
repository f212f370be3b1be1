package datasets

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// Units of a Frequency. A business day is Monday to Friday; UnitStep is that of times which are whole numbers and no dates.
const (
	UnitStep     = "step"
	UnitSecond   = "second"
	UnitMinute   = "minute"
	UnitHour     = "hour"
	UnitDay      = "day"
	UnitBusiness = "business day"
	UnitWeek     = "week"
	UnitMonth    = "month"
	UnitQuarter  = "quarter"
	UnitYear     = "year"
)

// units are how long a unit is, in seconds or in months, and what a season of it is: how many make a day, a week or a year,
// whichever is the first that has several.
var units = []struct {
	name            string
	seconds, months int64
	season          int
}{
	{UnitStep, 1, 0, 1}, {UnitSecond, 1, 0, 60}, {UnitMinute, 60, 0, 60}, {UnitHour, 3600, 0, 24}, {UnitDay, 86400, 0, 7},
	{UnitBusiness, 86400, 0, 5}, {UnitWeek, 7 * 86400, 0, 52}, {UnitMonth, 0, 1, 12}, {UnitQuarter, 0, 3, 4}, {UnitYear, 0, 12, 1},
}

// Frequency is the step from one value of a series in time to the next: Count units. The zero value is none.
type Frequency struct {
	Unit  string
	Count int
}

// ParseFrequency reads what String writes: "day", "15 minutes", "2 weeks".
func ParseFrequency(text string) (Frequency, error) {
	f := Frequency{Count: 1}
	unit := strings.ToLower(strings.TrimSpace(text))
	if number, rest, ok := strings.Cut(unit, " "); ok {
		if n, err := strconv.Atoi(number); err == nil {
			f.Count, unit = n, strings.TrimSpace(rest)
		}
	}
	if f.Count != 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	f.Unit = unit
	if err := f.Check(); err != nil {
		return Frequency{}, errors.Errorf("datasets: frequency %q; want step, second, minute, hour, day, business day, week, month, quarter "+
			"or year, or several, such as 15 minutes", text)
	}
	return f, nil
}

// Check refuses a frequency that is none.
func (f Frequency) Check() error {
	if _, _, ok := f.length(); !ok || f.Count < 1 || f.Count > math.MaxInt32 {
		return errors.Errorf("datasets: a frequency of %d %q; want 1 or more of a unit", f.Count, f.Unit)
	}
	return nil
}

func (f Frequency) String() string {
	if f.Count == 1 {
		return f.Unit
	}
	return fmt.Sprintf("%d %ss", f.Count, f.Unit)
}

// phrase is the step as a sentence has it: a day, an hour, 15 minutes.
func (f Frequency) phrase() string {
	switch {
	case f.Count != 1:
		return f.String()
	case f.Unit == UnitHour:
		return "an " + f.Unit
	}
	return "a " + f.Unit
}

// length is how long a step is, in seconds or in months.
func (f Frequency) length() (seconds, months int64, ok bool) {
	for _, u := range units {
		if u.name == f.Unit {
			return u.seconds * int64(f.Count), u.months * int64(f.Count), true
		}
	}
	return 0, 0, false
}

// Season is after how many steps a series is likely to repeat itself: a day of hours, a week of days, a year of weeks,
// months or quarters. It is 1 where nothing is known.
func (f Frequency) Season() int {
	for _, u := range units {
		if u.name == f.Unit && f.Count > 0 && u.season%f.Count == 0 {
			return u.season / f.Count
		}
	}
	if f.Unit == UnitMinute && f.Count > 0 && 1440%f.Count == 0 {
		return 1440 / f.Count
	}
	return 1
}

// Add is the time n steps after another. Months end where they end: a month after the last day of January is the last day
// of February.
func (f Frequency) Add(t time.Time, n int) time.Time {
	seconds, months, _ := f.length()
	switch {
	case months > 0:
		return addMonths(t, int(months)*n)
	case f.Unit == UnitBusiness:
		return fromWorkday(workday(t)+int64(f.Count)*int64(n), t)
	}
	return time.Unix(t.Unix()+seconds*int64(n), int64(t.Nanosecond())).In(t.Location())
}

// addMonths keeps the last day of a month the last day.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location()).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	day := t.Day()
	if t.AddDate(0, 0, 1).Day() == 1 || day > last {
		day = last
	}
	return first.AddDate(0, 0, day-1)
}

// Steps is how many steps there are from a time to another, and whether it is a whole number of them; if not, it is the
// nearest.
func (f Frequency) Steps(from, to time.Time) (n int, exact bool) {
	seconds, length, _ := f.length()
	switch {
	case length > 0:
		if m := months(from, to); m != 0 || from.Equal(to) {
			return int(divide(m, length)), m%length == 0
		}
		passed := float64(to.Unix()-from.Unix()) / (365.2425 / 12 * 86400)
		return int(math.Round(passed / float64(length))), false
	case f.Unit == UnitBusiness:
		passed := workday(to) - workday(from)
		weekend := to.Weekday() == time.Saturday || to.Weekday() == time.Sunday
		return int(divide(passed, int64(f.Count))), !weekend && passed%int64(f.Count) == 0
	case seconds == 0:
		return 0, false
	}
	passed := to.Unix() - from.Unix()
	return int(divide(passed, seconds)), passed%seconds == 0 && to.Nanosecond() == from.Nanosecond()
}

// divide is the nearest whole number.
func divide(a, b int64) int64 { return int64(math.Round(float64(a) / float64(b))) }

// workday counts the days from Monday to Friday since 1970; Saturday and Sunday are the Friday before.
func workday(t time.Time) int64 {
	days := floor(onWall(t).Unix(), 86400) + 3 // since a Monday
	return 5*floor(days, 7) + min(days-7*floor(days, 7), 4)
}

func floor(a, b int64) int64 { return int64(math.Floor(float64(a) / float64(b))) }

// fromWorkday is the day of a number, at the time of day of another.
func fromWorkday(n int64, clock time.Time) time.Time {
	days := 7*floor(n, 5) + n - 5*floor(n, 5) - 3
	t := time.Unix(days*86400, 0).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), clock.Location())
}

// Format writes a time of a series as short as the frequency allows.
func (f Frequency) Format(t time.Time) string {
	seconds, _, _ := f.length()
	switch {
	case f.Unit == UnitStep:
		return strconv.FormatInt(t.Unix(), 10)
	case onWall(t).Unix()%86400 == 0 && (seconds == 0 || seconds%86400 == 0):
		return t.Format(time.DateOnly)
	case f.Unit == UnitSecond || t.Second() != 0:
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}
