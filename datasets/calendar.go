package datasets

import (
	"math"
	"time"
)

// cycle is something that comes again in time: Harmonics pairs of sine and cosine tell where in it a time is.
type cycle struct {
	name      string
	harmonics int
	position  func(t time.Time) float64 // 0 to 1
}

var (
	hourOfDay = cycle{"hour", 2, func(t time.Time) float64 {
		return (float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600) / 24
	}}
	// Three harmonics tell seven days apart as well as seven columns would.
	dayOfWeek  = cycle{"weekday", 3, func(t time.Time) float64 { return float64(t.Weekday()) / 7 }}
	dayOfMonth = cycle{"day of the month", 1, func(t time.Time) float64 { return float64(t.Day()-1) / 31 }}
	dayOfYear  = cycle{"day of the year", 2, func(t time.Time) float64 { return float64(t.YearDay()-1) / 366 }}
	month      = cycle{"month", 2, func(t time.Time) float64 { return float64(t.Month()-1) / 12 }}
)

// cycles are those that a step of this length goes through.
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
