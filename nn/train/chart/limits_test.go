package chart

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/plot"
)

// Lines keep away from the frame, above and below, except from an axis at 0; and the axis is not much longer than they are.
func TestLimitsLeaveRoom(t *testing.T) {
	values := []float64{-1e9, -300, -7.5, -1, -0.25, -1e-6, 0, 1e-9, 0.1, 0.5, 0.99, 1, 3, 3.5, 40, 1e8}
	for _, log := range []bool{false, true} {
		for i, low := range values {
			for _, high := range values[i:] {
				bottom, top := limits(low, high, log)
				least := (high - low) / 50
				onZero := func(end, value float64) bool { return !log && end == 0 && math.Abs(value) <= (high-low)/3 }
				if !(low-bottom > 0 && low-bottom >= least || onZero(bottom, low)) || !(top-high > 0 && top-high >= least || onZero(top, high)) {
					t.Errorf("%g to %g, logarithms %v: the axis is %g to %g", low, high, log, bottom, top)
				}
				if high > low && top-bottom > 1.5*(high-low)+2 {
					t.Errorf("%g to %g, logarithms %v: the axis is %g to %g, which is long", low, high, log, bottom, top)
				}
			}
		}
	}
}

// An axis of epochs or steps has its first one, unless its label would meet the next.
func TestFirstTick(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      []string
	}{
		{1, 3, []string{"1", "2", "3"}},
		{1, 30, []string{"1", "5", "10", "15", "20", "25", "30"}},
		{1, 500, []string{"1", "100", "200", "300", "400", "500"}},
		{0, 20, []string{"0", "5", "10", "15", "20"}},
		{9, 40, []string{"10", "15", "20", "25", "30", "35", "40"}},
		{6, 12, []string{"6", "7", "8", "9", "10", "11", "12"}},
		{1 << 61, 1 << 61, slices.Repeat([]string{"2.30584e+18"}, 9)}, // one place, but an end
	} {
		got := rounds{whole: true, first: true}.Ticks(c.low, c.high)
		same := len(got) == len(c.want)
		for i := 0; same && i < len(got); i++ {
			same = got[i].Label == c.want[i]
		}
		if !same {
			t.Errorf("%g to %g: %v, want %v", c.low, c.high, labelsOf(got), c.want)
		}
	}
}

// Beyond 2⁵³ a number and the next one are the same; the ticks come to an end nonetheless.
func TestTicksOfHugeNumbers(t *testing.T) {
	for _, low := range []float64{1 << 62, -1 << 62, 1e300, math.MaxFloat64 / 2} {
		for _, width := range []float64{0, 1, 1024, 1e300} {
			if n := len((rounds{whole: true, first: true}).Ticks(low, low+width)); n > 10 {
				t.Errorf("%g to %g: %d ticks", low, low+width, n)
			}
		}
	}
}

func labelsOf(ticks []plot.Tick) (out []string) {
	for _, t := range ticks {
		out = append(out, t.Label)
	}
	return out
}

// Marks of a calendar are at the beginnings of its units, and few.
func TestCalendar(t *testing.T) {
	day := 24 * time.Hour
	from := time.Date(2024, 2, 27, 22, 10, 0, 0, time.UTC)
	for _, c := range []struct {
		length time.Duration
		want   []string
	}{
		{20 * time.Second, []string{"22:10:00", "22:10:05", "22:10:10", "22:10:15", "22:10:20"}},
		{25 * time.Minute, []string{"22:10", "22:15", "22:20", "22:25", "22:30", "22:35"}},
		{5 * time.Hour, []string{"23:00", "2024-02-28", "01:00", "02:00", "03:00"}},
		{40 * time.Hour, []string{"2024-02-28", "06:00", "12:00", "18:00", "2024-02-29", "06:00", "12:00"}},
		{5 * day, []string{"2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "2024-03-03"}},
		{40 * day, []string{"2024-03-04", "2024-03-11", "2024-03-18", "2024-03-25", "2024-04-01"}},
		{200 * day, []string{"2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08", "2024-09"}},
		{4 * 365 * day, []string{"2025", "2026", "2027", "2028"}},
		{90 * 365 * day, []string{"2040", "2060", "2080", "2100"}},
		{0, nil},
	} {
		got := calendar{time.UTC}.Ticks(float64(from.Unix()), float64(from.Add(c.length).Unix()))
		if l := labelsOf(got); !slices.Equal(l, c.want) && len(c.want) > 0 || len(l) > mostDates {
			t.Errorf("%v: %v, want %v", c.length, l, c.want)
		}
	}
	for _, ends := range [][2]float64{{math.NaN(), 1}, {0, math.Inf(1)}, {-1e300, 1e300}, {2, 1}} {
		if got := (calendar{time.UTC}).Ticks(ends[0], ends[1]); got != nil {
			t.Errorf("%v: %v", ends, labelsOf(got))
		}
	}
}
