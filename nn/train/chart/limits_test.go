package chart

import (
	"math"
	"slices"
	"testing"

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
