package datasets

import (
	"time"

	"github.com/pkg/errors"
)

// mostUneven is the part of the steps in a file that may be no whole number of the usual one.
const mostUneven = 0.1

// findFrequency finds the step that most times of some series are apart; each series is in order. Where all are whole months
// apart it counts months. Otherwise it is the commonest step, of which nearly all others must be multiples.
func findFrequency(series [][]time.Time) (Frequency, error) {
	pairs := func(use func(from, to time.Time)) {
		for _, times := range series {
			for i := 1; i < len(times); i++ {
				use(times[i-1], times[i])
			}
		}
	}
	apart, whole, common, all := map[int64]int{}, true, int64(0), 0
	pairs(func(from, to time.Time) {
		m := months(from, to)
		whole = whole && m > 0
		common = divisor(common, m)
		apart[to.Unix()-from.Unix()]++
		all++
	})
	if all == 0 {
		return Frequency{}, errors.New("there is one time only: nothing tells the step to the next")
	}
	if whole {
		return ofMonths(common), nil
	}
	step := commonest(apart)
	if step <= 0 {
		return Frequency{}, errors.New("most times come twice: is there a column that tells several series apart?")
	}
	if step == 86400 && workdays(series) {
		return Frequency{UnitBusiness, 1}, nil
	}
	uneven := 0
	for seconds, n := range apart {
		if seconds%step != 0 {
			uneven += n
		}
	}
	f := ofSeconds(step)
	if float64(uneven) > mostUneven*float64(all) {
		return f, errors.Errorf("the steps are uneven: the commonest is a %v, and %d of %d are no whole number of it", f, uneven, all)
	}
	return f, nil
}

// divisor is the greatest common divisor.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

func ofMonths(n int64) Frequency {
	switch {
	case n%12 == 0:
		return Frequency{UnitYear, int(n / 12)}
	case n%3 == 0:
		return Frequency{UnitQuarter, int(n / 3)}
	}
	return Frequency{UnitMonth, int(n)}
}

// ofSeconds is the frequency of a step in the largest unit that it is a whole number of.
func ofSeconds(step int64) Frequency {
	for i := len(units) - 1; i > 1; i-- {
		if u := units[i]; u.seconds > 0 && u.name != UnitBusiness && step%u.seconds == 0 {
			return Frequency{u.name, int(step / u.seconds)}
		}
	}
	return Frequency{UnitSecond, int(step)}
}

// commonest is the key that was counted most often; of equals, the smallest.
func commonest(count map[int64]int) int64 {
	best := int64(0)
	for v, n := range count {
		if n > count[best] || n == count[best] && v < best {
			best = v
		}
	}
	return best
}

// workdays tells whether all days are Mondays to Fridays, and weekends are passed over.
func workdays(series [][]time.Time) bool {
	over := false
	for _, times := range series {
		for i, t := range times {
			if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
				return false
			}
			over = over || i > 0 && t.Weekday() == time.Monday && times[i-1].Weekday() == time.Friday
		}
	}
	return over
}
