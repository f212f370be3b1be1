package chart

import (
	"time"

	"gonum.org/v1/plot"
)

// calendar marks an axis of seconds since 1970 at the beginnings of years, months, days, hours or minutes, at most seven of them.
type calendar struct{ in *time.Location }

// units are the distances between marks, from the smallest: so many seconds, days, months or years.
var units = []struct {
	seconds, days, months, years int
	layout                       string
}{
	{seconds: 1, layout: "15:04:05"}, {seconds: 5, layout: "15:04:05"}, {seconds: 15, layout: "15:04:05"}, {seconds: 30, layout: "15:04:05"},
	{seconds: 60, layout: "15:04"}, {seconds: 300, layout: "15:04"}, {seconds: 900, layout: "15:04"}, {seconds: 1800, layout: "15:04"},
	{seconds: 3600, layout: "15:04"}, {seconds: 3 * 3600, layout: "15:04"}, {seconds: 6 * 3600, layout: "15:04"},
	{seconds: 12 * 3600, layout: "15:04"},
	{days: 1, layout: "2006-01-02"}, {days: 2, layout: "2006-01-02"}, {days: 7, layout: "2006-01-02"}, {days: 14, layout: "2006-01-02"},
	{months: 1, layout: "2006-01"}, {months: 2, layout: "2006-01"}, {months: 3, layout: "2006-01"}, {months: 6, layout: "2006-01"},
	{years: 1, layout: "2006"}, {years: 2, layout: "2006"}, {years: 5, layout: "2006"}, {years: 10, layout: "2006"},
	{years: 20, layout: "2006"}, {years: 50, layout: "2006"}, {years: 100, layout: "2006"},
}

// mostDates are so many that the labels do not meet.
const mostDates = 7

// Ticks are in the first unit that has few enough.
func (c calendar) Ticks(low, high float64) []plot.Tick {
	if !(high >= low) || low < -1e11 || high > 1e11 { // thousands of years away
		return nil
	}
	from, to := time.Unix(int64(low), 0).In(c.in), time.Unix(int64(high), 0).In(c.in)
	for _, u := range units {
		length := float64(u.seconds) + 86400*(float64(u.days)+30*float64(u.months)+365*float64(u.years))
		if (high-low)/length > mostDates+1 {
			continue
		}
		at, next := c.first(from, u.seconds, u.days, u.months, u.years), func(t time.Time) time.Time {
			if u.seconds > 0 {
				return t.Add(time.Duration(u.seconds) * time.Second)
			}
			return t.AddDate(u.years, u.months, u.days)
		}
		var ticks []plot.Tick
		for ; !at.After(to) && len(ticks) <= mostDates; at = next(at) {
			if at.Before(from) {
				continue
			}
			layout := u.layout
			if u.seconds > 0 && at.Hour()+at.Minute()+at.Second() == 0 {
				layout = "2006-01-02" // midnight is a day's beginning
			}
			ticks = append(ticks, plot.Tick{Value: float64(at.Unix()), Label: at.Format(layout)})
		}
		if len(ticks) <= mostDates {
			return ticks
		}
	}
	return nil
}

// first is the last beginning of a unit at or before a time.
func (c calendar) first(t time.Time, seconds, days, months, years int) time.Time {
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, c.in)
	switch {
	case years > 0:
		return time.Date(t.Year()-t.Year()%years, 1, 1, 0, 0, 0, 0, c.in)
	case months > 0:
		return time.Date(t.Year(), t.Month()-(t.Month()-1)%time.Month(months), 1, 0, 0, 0, 0, c.in)
	case days >= 7: // on a Monday
		return day.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case days > 0:
		return day.AddDate(0, 0, -(t.YearDay()-1)%days)
	}
	return day.Add(t.Sub(day).Truncate(time.Duration(seconds) * time.Second))
}
