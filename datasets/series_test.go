package datasets_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
)

// ramp has feature f at time n equal to 10n + f.
func ramp(rows, features int) []float64 {
	var v []float64
	for n := range rows {
		for f := range features {
			v = append(v, float64(10*n+f))
		}
	}
	return v
}

func TestSeriesWindows(t *testing.T) {
	s := datasets.Series{Values: ramp(6, 2), Features: 2, Window: 2, Horizon: 2, Goals: []int{1}}
	b, err := s.Batches(datasets.Batching{Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	got := pass(t, b)
	want := []*datasets.Batch{
		{Examples: []int{0, 1}, Steps: 2, TargetSteps: 2, Values: []float32{0, 1, 10, 11, 10, 11, 20, 21}, Future: []float32{21, 31, 31, 41}},
		{Examples: []int{2}, Steps: 2, TargetSteps: 2, Values: []float32{20, 21, 30, 31}, Future: []float32{41, 51}},
	}
	if !reflect.DeepEqual(got, want) {
		for _, b := range got {
			t.Errorf("%+v", b)
		}
	}
	s.Stride, s.Goals = 2, nil
	b, err = s.Batches(datasets.Batching{Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	if got := pass(t, b); len(got) != 1 || !reflect.DeepEqual(got[0].Future, []float32{20, 21, 40, 41, 30, 31, 50, 51}) {
		t.Errorf("%+v", got[0])
	}
}

// Nothing of the validation part is fitted on or predicted in training, and every later value is predicted.
func TestSeriesSplitDoesNotLeak(t *testing.T) {
	s := datasets.Series{Values: ramp(100, 1), Window: 5, Horizon: 3}
	train, validation, err := s.Split(0.8)
	if err != nil {
		t.Fatal(err)
	}
	predicted := func(s datasets.Series) (lowest, highest float64) {
		b, err := s.Batches(datasets.Batching{Size: 7})
		if err != nil {
			t.Fatal(err)
		}
		lowest = math.Inf(1)
		for _, b := range pass(t, b) {
			for _, v := range b.Future {
				lowest, highest = min(lowest, float64(v)), max(highest, float64(v))
			}
		}
		return lowest, highest
	}
	if low, high := predicted(train); low != 50 || high != 790 {
		t.Error(low, high)
	}
	if low, high := predicted(validation); low != 800 || high != 990 {
		t.Error(low, high)
	}
	c, err := datasets.FitScaler(train)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(c.Mean[0]-395) > 1e-9 || math.Abs(c.Deviation[0]-10*math.Sqrt((80*80-1)/12.)) > 1e-9 {
		t.Error(c)
	}
	scaled, err := c.Scale(validation)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range scaled.Values {
		if back := c.Restore(0, v); math.Abs(back-validation.Values[i]) > 1e-9 {
			t.Error(i, back)
		}
	}
	saved, _ := json.Marshal(c)
	loaded := new(datasets.Scaler)
	if err := json.Unmarshal(saved, loaded); err != nil || !reflect.DeepEqual(loaded, c) {
		t.Error(loaded, err)
	}
}

// Windows of several series stay within theirs: every row of a window, and what follows it, is of one series. Each is cut by
// itself, and filled by itself.
func TestSeveralSeries(t *testing.T) {
	lengths := []int{5, 9, 4}
	s := datasets.Series{Window: 2, Horizon: 2, Lengths: lengths}
	for of, n := range lengths {
		for row := range n {
			s.Values = append(s.Values, float64(100*of+row))
		}
	}
	windows := func(s datasets.Series) (out [][]float64) {
		t.Helper()
		b, err := s.Batches(datasets.Batching{Size: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range pass(t, b) {
			n := len(b.Examples)
			for k := range n {
				var w []float64
				for _, steps := range [][]float32{b.Values, b.Future} {
					for at := k; at < len(steps); at += n {
						w = append(w, float64(steps[at]))
					}
				}
				out = append(out, w)
			}
		}
		return out
	}
	got := windows(s)
	if len(got) != 2+6+1 {
		t.Errorf("%d windows", len(got))
	}
	for _, w := range got {
		for i := range w {
			if w[i] != w[0]+float64(i) {
				t.Errorf("the window %v runs across a border", w)
			}
		}
	}
	s.Lengths = []int{9, 9}
	train, validation, err := s.Split(0.5)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(train.Lengths, []int{4, 4}) || !reflect.DeepEqual(validation.Lengths, []int{7, 7}) {
		t.Error(train.Lengths, validation.Lengths)
	}
	if got, want := append(windows(train), windows(validation)...), 1+1+4+4; len(got) != want {
		t.Errorf("%d windows, want %d", len(got), want)
	}
	if want := append(append([]float64{}, s.Values[2:9]...), s.Values[11:18]...); !reflect.DeepEqual(validation.Values, want) {
		t.Error(validation.Values)
	}
	gap := math.NaN()
	filled := datasets.Series{Values: []float64{1, gap, gap, 4, 5, gap}, Window: 1, Lengths: []int{2, 2, 2}}.FillForward()
	if want := []float64{1, 1, 4, 4, 5, 5}; !reflect.DeepEqual(filled.Values, want) {
		t.Error(filled.Values)
	}
	for want, lengths := range map[string][]int{
		"add up to 9; there are 18 rows":                                      {9},
		"length 1 of a series is 10":                                          {9, 10},
		"length 0 of a series is 0":                                           {0, 18},
		"length 1 of a series is -1":                                          {19 - 1, -1, 1},
		"series 1 has 3 rows; want at least a window of 2 and a horizon of 2": {15, 3},
		"add up to 0": {},
	} {
		s.Lengths = lengths
		_, err := s.Batches(datasets.Batching{Size: 1})
		wantError(t, err, want)
	}
}

// Steps are even by a stop-watch, by a clock on the wall, or in months. What is missing or uneven is told of, at its row.
func TestTimesOfSeries(t *testing.T) {
	start := time.Date(2024, 1, 31, 12, 0, 0, 0, time.UTC)
	berlin := time.FixedZone("winter", 3600)
	summer := time.FixedZone("summer", 7200)
	every := func(n int, step func(i int) time.Time) []time.Time {
		var out []time.Time
		for i := range n {
			out = append(out, step(i))
		}
		return out
	}
	hours := every(8, func(i int) time.Time { return start.Add(time.Duration(i) * time.Hour) })
	monthEnds := every(8, func(i int) time.Time { return time.Date(2024, time.Month(2+i), 0, 0, 0, 0, 0, time.UTC) })
	firsts := every(8, func(i int) time.Time { return time.Date(2024, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC) })
	without := func(times []time.Time, row int) []time.Time {
		return append(append([]time.Time{}, times[:row]...), times[row+1:]...)
	}
	series := func(times []time.Time, lengths ...int) error {
		s := datasets.Series{Values: ramp(len(times), 1), Window: 1, Times: times, Lengths: lengths}
		_, err := s.Batches(datasets.Batching{Size: 1})
		return err
	}
	for name, times := range map[string][]time.Time{
		"hours": hours, "ends of months": monthEnds, "firsts of months": firsts,
		"years":   every(8, func(i int) time.Time { return time.Date(2020+i, 7, 1, 0, 0, 0, 0, time.UTC) }),
		"two":     hours[:2],
		"by day":  {time.Date(2024, 3, 30, 8, 0, 0, 0, berlin), time.Date(2024, 3, 31, 8, 0, 0, 0, summer), time.Date(2024, 4, 1, 8, 0, 0, 0, summer)},
		"by hour": {time.Date(2024, 3, 31, 1, 0, 0, 0, berlin), time.Date(2024, 3, 31, 3, 0, 0, 0, summer), time.Date(2024, 3, 31, 4, 0, 0, 0, summer)},
	} {
		if err := series(times); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := series(append(append([]time.Time{}, hours...), hours...), 8, 8); err != nil {
		t.Errorf("two series of the same hours: %v", err)
	}
	wantError(t, series(append(append([]time.Time{}, hours...), hours...)), "the series: row 8, of 2024-01-31 12:00:00, is not after the row before")
	wantError(t, series(append(append([]time.Time{}, hours...), without(hours, 3)...), 8, 7), "series 1: row 3, of 2024-01-31 16:00:00, is 2h0m0s after the row before, others are 1h0m0s")
	wantError(t, series(without(hours, 1)), "row 1, of 2024-01-31 14:00:00, is 2h0m0s")
	wantError(t, series(without(firsts, 4)), "row 4, of 2024-06-01 00:00:00, is 2 months after the row before, others are a month")
	wantError(t, series(without(monthEnds, 2)), "is 2 months after")
	wantError(t, series([]time.Time{hours[0], hours[0].Add(time.Minute), hours[3], hours[5]}), "missing or uneven")
	s := datasets.Series{Values: ramp(8, 1), Window: 1, Times: hours[:7]}
	_, err := s.Batches(datasets.Batching{Size: 1})
	wantError(t, err, "8 rows with 7 times")
	s.Times = hours
	train, validation, err := s.Split(0.5)
	if err != nil || !reflect.DeepEqual(train.Times, hours[:4]) || !reflect.DeepEqual(validation.Times, hours[3:]) {
		t.Error(train.Times, validation.Times, err)
	}
}

func TestScalerOfAConstant(t *testing.T) {
	c, err := datasets.FitScaler(datasets.Series{Values: []float64{0.1, 0, 0.1, 0, 0.1, 0}, Features: 2, Window: 1})
	if err != nil {
		t.Fatal(err)
	}
	if c.Deviation[0] != 1 || c.Deviation[1] != 1 || c.Mean[1] != 0 {
		t.Error(c)
	}
}

func TestFillForward(t *testing.T) {
	gap := math.NaN()
	s := datasets.Series{Values: []float64{gap, 1, 5, gap, gap, gap, 7, 4}, Features: 2, Window: 1}
	if got, want := s.FillForward().Values, []float64{5, 1, 5, 1, 5, 1, 7, 4}; !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
	if !math.IsNaN(s.Values[0]) {
		t.Error("the series itself was filled")
	}
}

func TestSeriesRefuses(t *testing.T) {
	for want, s := range map[string]datasets.Series{
		"3 values is not rows of 2": {Values: ramp(3, 1), Features: 2, Window: 1},
		"window of 0":               {Values: ramp(3, 1)},
		"series without values":     {Features: math.MaxInt, Window: 1},
		"goal 1 of a series with 1": {Values: ramp(3, 1), Window: 1, Goals: []int{1}},
		"NaN in row 1, feature 0":   {Values: []float64{1, math.NaN(), 3}, Window: 1},
		"3 rows; want at least a window of 2 and a horizon of 2": {Values: ramp(3, 1), Window: 2, Horizon: 2},
	} {
		_, err := s.Batches(datasets.Batching{Size: 1})
		wantError(t, err, want)
		_, err = datasets.FitScaler(s)
		wantError(t, err, want)
		_, _, err = s.Split(0.5)
		wantError(t, err, want)
	}
	s := datasets.Series{Values: ramp(10, 1), Window: 4, Horizon: 2}
	for _, f := range []float64{0, 1, math.NaN(), 0.1, 0.99} {
		_, _, err := s.Split(f)
		wantError(t, err, "train fraction")
	}
	_, err := (&datasets.Scaler{}).Scale(s)
	wantError(t, err, "scaler of 0 features")
	_, err = (&datasets.Scaler{Mean: []float64{0}, Deviation: []float64{0}}).Scale(s)
	wantError(t, err, "deviation 0 of feature 0")
	s.Window, s.Horizon = math.MaxInt, math.MaxInt
	_, err = s.Batches(datasets.Batching{Size: 1})
	wantError(t, err, "10 rows")
	if !math.IsNaN((&datasets.Scaler{}).Restore(0, 1)) {
		t.Error("a scaler without features restores")
	}
}

func ExampleSeries() {
	s := datasets.Series{Values: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, Window: 3}
	train, validation, _ := s.Split(0.7)
	scaler, _ := datasets.FitScaler(train) // the validation part is not looked at
	scaled, _ := scaler.Scale(validation)
	batches, _ := scaled.Batches(datasets.Batching{Size: 8})
	b, _ := batches.Next()
	fmt.Println(len(b.Examples), "windows of", b.Steps, "steps")
	fmt.Println(scaler.Restore(0, float64(b.Future[0])))
	// Output:
	// 3 windows of 3 steps
	// 8
}
