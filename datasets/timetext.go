package datasets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// timeFormat reads times as texts have them.
type timeFormat struct {
	name    string // in words
	numbers bool   // whole numbers that count steps
	parse   func(text string) (time.Time, error)
}

// all reads some texts.
func (f timeFormat) all(texts []string) ([]time.Time, error) {
	out := make([]time.Time, len(texts))
	for i, text := range texts {
		var err error
		if out[i], err = f.parse(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// layouts are the forms in which dates are written, those of ISO first. In Go's notation, a single digit stands for one or
// two.
var layouts = []string{
	"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2.1.2006", "1/2/2006", "2/1/2006", "2-1-2006", "1-2-2006", "2.1.06", "1/2/06", "2/1/06",
	"2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "2-Jan-2006", "Mon, 2 Jan 2006",
	"2006-1", "2006/1", "200601", "Jan 2006", "January 2006", "Jan-2006", "1/2006",
}

// clockLayouts are what may follow a date. A fraction of a second may follow the seconds of each.
var clockLayouts = []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "15"}

var zoneLayouts = []string{"", "Z07:00", " Z07:00", "Z0700", " -0700", " MST"}

// findTimeFormat finds the form in which all texts are written. Where a day and a month could be either, the form is taken
// by which the times rise from text to text, if only one does.
func findTimeFormat(texts []string) (timeFormat, error) {
	if len(texts) == 0 {
		return timeFormat{}, errors.New("there are no times")
	}
	if f, ok := numberTimes(texts); ok {
		return f, nil
	}
	forms := []timeFormat{{name: "2006-Q1", parse: parseQuarter}, {name: "ISO weeks such as 2006-W05", parse: parseISOWeek}}
	for _, layout := range candidates(texts[0]) {
		forms = append(forms, layoutFormat(layout))
	}
	var fits []timeFormat
	var read [][]time.Time
	for _, f := range forms {
		times, err := f.all(texts)
		same := func(other []time.Time) bool { return slices.EqualFunc(times, other, time.Time.Equal) }
		if err == nil && !slices.ContainsFunc(read, same) {
			fits, read = append(fits, f), append(read, times)
		}
	}
	switch len(fits) {
	case 0:
		return timeFormat{}, unreadable(texts)
	case 1:
		return fits[0], nil
	}
	if up := slices.DeleteFunc(slices.Clone(fits), func(f timeFormat) bool { return !rising(f, texts) }); len(up) == 1 {
		return up[0], nil
	}
	return timeFormat{}, errors.Errorf("%.40q may be written as %s or as %s: say which", texts[0], fits[0].name, fits[1].name)
}

// unreadable names the first text that does not fit the form of those before.
func unreadable(texts []string) error {
	for _, layout := range candidates(texts[0]) {
		f := layoutFormat(layout)
		for i, text := range texts {
			if _, err := f.parse(text); err != nil && i > 0 {
				return errors.Errorf("%.40q is no time as %.40q is", text, texts[0])
			}
		}
	}
	return errors.Errorf("%.40q is no time in a form that is known", texts[0])
}

// candidates are the layouts that a text fits.
func candidates(text string) []string {
	var out []string
	try := func(layout string) {
		if _, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			out = append(out, layout)
		}
	}
	for _, clock := range clockLayouts[:2] {
		try(clock)
	}
	for _, date := range layouts {
		try(date)
		if !strings.ContainsAny(text, ": T") {
			continue
		}
		for _, clock := range clockLayouts {
			for _, zone := range zoneLayouts {
				try(date + " " + clock + zone)
				try(date + "T" + clock + zone)
			}
		}
	}
	return out
}

// rising tells whether no time is earlier than the one before, but for where a next series may begin.
func rising(f timeFormat, texts []string) bool {
	times, err := f.all(texts)
	falls := 0
	for i := 1; i < len(times); i++ {
		if times[i].Before(times[i-1]) {
			falls++
		}
	}
	return err == nil && 20*falls < len(texts)
}

// numberTimes are whole numbers: years, seconds or milliseconds since 1970, days as 20060102, or just numbers.
func numberTimes(texts []string) (timeFormat, bool) {
	low, high := int64(1<<62), int64(-1<<62)
	for _, text := range texts {
		n, err := wholeNumber(text)
		if err != nil {
			return timeFormat{}, false
		}
		low, high = min(low, n), max(high, n)
	}
	within := func(a, b int64) bool { return low >= a && high < b }
	all := func(layout string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { _, err := time.Parse(layout, strings.TrimSpace(text)); return err != nil })
	}
	switch {
	case within(15000101, 22000101) && all("20060102"):
		return layoutFormat("20060102"), true
	case within(150001, 220001) && all("200601"):
		return layoutFormat("200601"), true
	case within(1500, 2200):
		return layoutFormat("2006"), true
	case within(1e8, 1e10):
		return timeFormat{name: "seconds since 1970", parse: func(text string) (time.Time, error) {
			n, err := wholeNumber(text)
			return time.Unix(n, 0).UTC(), err
		}}, true
	case within(1e11, 1e13):
		return timeFormat{name: "milliseconds since 1970", parse: func(text string) (time.Time, error) {
			n, err := wholeNumber(text)
			return time.UnixMilli(n).UTC(), err
		}}, true
	case within(-1e15, 1e15):
		return wholeNumbers(), true
	}
	return timeFormat{}, false
}

func wholeNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), ".0"), 10, 64)
	return n, errors.WithStack(err)
}

// wholeNumbers count steps.
func wholeNumbers() timeFormat {
	return timeFormat{name: "whole numbers", numbers: true, parse: func(text string) (time.Time, error) {
		n, err := wholeNumber(text)
		return time.Unix(n, 0).UTC(), err
	}}
}

func layoutFormat(layout string) timeFormat {
	example := time.Date(2006, 1, 31, 15, 4, 5, 0, time.UTC)
	return timeFormat{name: "times such as " + example.Format(layout), parse: func(text string) (time.Time, error) {
		t, err := time.Parse(layout, strings.TrimSpace(text))
		return t, errors.WithStack(err)
	}}
}

// givenTimeFormat is one that a user says: a layout of Go's, or of C's strftime.
func givenTimeFormat(layout string) timeFormat {
	if strings.Contains(layout, "%") {
		layout = strings.NewReplacer("%Y", "2006", "%m", "1", "%d", "2", "%H", "15", "%I", "3", "%M", "04", "%S", "05", "%y", "06", "%b", "Jan",
			"%B", "January", "%p", "PM", "%z", "-0700", "%Z", "MST", "%f", "999999", "%F", "2006-1-2", "%T", "15:04:05", "%a", "Mon").Replace(layout)
	}
	return layoutFormat(layout)
}

// parseQuarter reads 2006Q1 and 2006-Q1: the first day of the quarter.
func parseQuarter(text string) (time.Time, error) {
	var year, quarter int
	text = strings.ToUpper(strings.TrimSpace(text))
	for _, form := range []string{"%4dQ%1d", "%4d-Q%1d", "%4d Q%1d"} {
		if n, err := fmt.Sscanf(text, form, &year, &quarter); err == nil && n == 2 && quarter >= 1 && quarter <= 4 {
			return time.Date(year, time.Month(3*quarter-2), 1, 0, 0, 0, 0, time.UTC), nil
		}
	}
	return time.Time{}, errors.Errorf("%.40q is no quarter", text)
}

// parseISOWeek reads 2006-W05 and 2006W05: the Monday of the week.
func parseISOWeek(text string) (time.Time, error) {
	var year, week int
	text = strings.ToUpper(strings.TrimSpace(text))
	for _, form := range []string{"%4d-W%2d", "%4dW%2d"} {
		if n, err := fmt.Sscanf(text, form, &year, &week); err == nil && n == 2 && week >= 1 && week <= 53 {
			first := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // is always in week 1
			return first.AddDate(0, 0, 7*(week-1)-int(first.Weekday()+6)%7), nil
		}
	}
	return time.Time{}, errors.Errorf("%.40q is no week", text)
}
