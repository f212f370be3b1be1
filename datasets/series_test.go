package datasets_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"

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
