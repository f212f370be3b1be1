package datasets

import (
	"math"
	"time"
)

// cycle is something that comes again in time: Harmonics pairs of sine and cosine tell where in it a time is.
type cycle struct {
	name      string
	days      float64
	harmonics int
	position  func(t time.Time) float64 // 0 to 1
}

var (
	hourOfDay = cycle{"hour", 1, 2, func(t time.Time) float64 {
		return (float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600) / 24
	}}
	// Three harmonics tell seven days apart as well as seven columns would.
	dayOfWeek  = cycle{"weekday", 7, 3, func(t time.Time) float64 { return float64(t.Weekday()) / 7 }}
	dayOfMonth = cycle{"day of the month", 30.4, 1, func(t time.Time) float64 { return float64(t.Day()-1) / 31 }}
	dayOfYear  = cycle{"day of the year", 365.2, 2, func(t time.Time) float64 { return float64(t.YearDay()-1) / 366 }}
	month      = cycle{"month", 365.2, 2, func(t time.Time) float64 { return float64(t.Month()-1) / 12 }}
)

// cycles are those that a step of this length goes through, the shortest first.
func (f Frequency) cycles() []cycle {
	switch f.Unit {
	case UnitSecond, UnitMinute, UnitHour:
		return []cycle{hourOfDay, dayOfWeek, dayOfMonth, dayOfYear}
	case UnitDay, UnitBusiness:
		return []cycle{dayOfWeek, dayOfMonth, dayOfYear}
	case UnitWeek:
		return []cycle{dayOfYear}
	case UnitMonth, UnitQuarter:
		return []cycle{month}
	}
	return nil
}

// Calendar are the names of the features that CalendarAt gives: hour, weekday, day of the month, month and place in the
// year, as sines and cosines, as far as they change from step to step.
func (f Frequency) Calendar() []string {
	var out []string
	for _, c := range f.cycles() {
		for h := range c.harmonics {
			for _, wave := range []string{"sin", "cos"} {
				name := wave + " " + c.name
				if h > 0 {
					name += " x" + string(rune('1'+h))
				}
				out = append(out, name)
			}
		}
	}
	return out
}

// CalendarWithin is how many of these features come twice at least in so many steps. They are the first ones; the others tell
// one time from another, but not what comes again.
func (f Frequency) CalendarWithin(steps int) int {
	seconds, months, _ := f.length()
	days := float64(steps) * (float64(seconds)/86400 + 30.4*float64(months))
	if f.Unit == UnitBusiness {
		days *= 7.0 / 5
	}
	n := 0
	for _, c := range f.cycles() {
		if 2*c.days <= days {
			n += 2 * c.harmonics
		}
	}
	return n
}

// CalendarAt are the features of a time, each from -1 to 1.
func (f Frequency) CalendarAt(t time.Time) []float64 {
	var out []float64
	for _, c := range f.cycles() {
		turn := 2 * math.Pi * c.position(t)
		for h := range c.harmonics {
			sin, cos := math.Sincos(float64(h+1) * turn)
			out = append(out, sin, cos)
		}
	}
	return out
}
