package datasets

import (
	"fmt"
	"time"

	"github.com/pkg/errors"
)

// clocks are the ways in which steps in time can be even: the same duration; the same difference in local time,
// across changes to and from summer time; the same number of whole months. A step that a clock cannot express is 0.
var clocks = []struct {
	step func(from, to time.Time) int64
	name func(step int64) string
}{
	{func(from, to time.Time) int64 { return int64(to.Sub(from)) }, durationName},
	{func(from, to time.Time) int64 { return int64(onWall(to).Sub(onWall(from))) }, durationName},
	{months, monthsName},
}

func durationName(step int64) string { return time.Duration(step).String() }

func monthsName(step int64) string {
	if step == 1 {
		return "a month"
	}
	return fmt.Sprintf("%d months", step)
}

// onWall is the local time that a clock on the wall shows, without its time zone.
func onWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// months are the whole months between two times: on the same day, or on the last one of each, at the same time of day.
func months(from, to time.Time) int64 {
	a, b := onWall(from), onWall(to)
	tomorrow, after := a.AddDate(0, 0, 1), b.AddDate(0, 0, 1)
	if tomorrow.Day() == 1 && after.Day() == 1 {
		a, b = tomorrow, after
	}
	n := 12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month())
	if !a.AddDate(0, n, 0).Equal(b) {
		return 0
	}
	return int64(n)
}

// checkSteps refuses times that do not rise, or whose steps are uneven by every clock. The error names the first
// uneven step by the clock that finds the fewest: where a row is missing, one step is longer than the others.
func checkSteps(times []time.Time) error {
	for i := 1; i < len(times); i++ {
		if !times[i].After(times[i-1]) {
			return errors.Errorf("row %d, of %s, is not after the row before", i, times[i].Format(time.DateTime))
		}
	}
	fewest := len(times)
	var err error
	for _, c := range clocks {
		shortest := int64(0)
		for i := 1; i < len(times); i++ {
			if step := c.step(times[i-1], times[i]); step > 0 && (shortest == 0 || step < shortest) {
				shortest = step
			}
		}
		odd, first := 0, 0
		for i := len(times) - 1; i > 0; i-- {
			if c.step(times[i-1], times[i]) != shortest {
				odd, first = odd+1, i
			}
		}
		if odd == 0 && (shortest > 0 || len(times) < 2) {
			return nil
		}
		if shortest > 0 && odd < fewest {
			fewest = odd
			err = errors.Errorf("row %d, of %s, is %s after the row before, others are %s: steps are missing or uneven", first,
				times[first].Format(time.DateTime), stepName(c.step(times[first-1], times[first]), c.name, times[first].Sub(times[first-1])),
				c.name(shortest))
		}
	}
	return err
}

// stepName is a step in the words of a clock, or in hours if it cannot tell it.
func stepName(step int64, name func(int64) string, passed time.Duration) string {
	if step <= 0 {
		return passed.String()
	}
	return name(step)
}
