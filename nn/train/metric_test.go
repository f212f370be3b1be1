package train

import (
	"math"
	"strings"
	"testing"
)

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s is %g, want %g", name, got, want)
	}
}

// By hand: truth 0 0 0 1 1 2, predicted 0 0 1 1 2 2.
func TestConfusion(t *testing.T) {
	ignore := -1
	c := NewConfusion("cat", "dog", "fish", "never")
	c.Ignore = &ignore
	if err := c.Add([]int{0, 0, 0, -1}, []int{0, 0, 1, 2}); err != nil {
		t.Fatal(err)
	}
	if err := c.Add([]int{1, 1, 2}, []int{1, 2, 2}); err != nil {
		t.Fatal(err)
	}
	near(t, "accuracy", c.Accuracy(), 4.0/6)
	near(t, "precision of cat", c.Precision(0), 1)
	near(t, "recall of cat", c.Recall(0), 2.0/3)
	near(t, "F1 of cat", c.F1(0), 0.8)
	near(t, "F1 of dog", c.F1(1), 0.5)
	near(t, "F1 of fish", c.F1(2), 2.0/3)
	near(t, "F1 of never", c.F1(3), 0)
	near(t, "macro F1", c.MacroF1(), (0.8+0.5+2.0/3)/4)
	near(t, "weighted F1", c.WeightedF1(), (0.8*3+0.5*2+2.0/3)/6)
	for _, want := range []string{"cat           1.000   0.667  0.800        3", "cat                  2    1     0      0"} {
		if !strings.Contains(c.String(), want) {
			t.Errorf("no line %q in\n%s", want, c)
		}
	}
	for want, bad := range map[string][2][]int{"2 predictions for 1": {{0}, {0, 1}}, "is class 4 for 0": {{0}, {4}}, "is class 0 for -2": {{-2}, {0}}} {
		if err := c.Add(bad[0], bad[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if c.Total() != 6 {
		t.Errorf("%d predictions counted, want 6", c.Total())
	}
	none := NewConfusion("a")
	if none.Accuracy() != 0 || none.MacroF1() != 0 || none.WeightedF1() != 0 {
		t.Error("scores of nothing are not 0")
	}
}

func TestForecastErrors(t *testing.T) {
	var m ForecastErrors
	if err := m.Add([]float64{2, 4, 1}, []float64{1, 8, 0}); err != nil {
		t.Fatal(err)
	}
	near(t, "MAE", m.MAE(), 2)
	near(t, "RMSE", m.RMSE(), math.Sqrt(6))
	near(t, "MAPE", m.MAPE(), 75)
	scale, err := NaiveError([]float64{1, 3, 2, 6, 4}, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "naive error", scale, 2)
	near(t, "MASE", m.MASE(scale), 1)
	near(t, "perplexity", Perplexity(math.Log(7)), 7)
	if _, err := NaiveError([]float64{1, 2}, 2); err == nil || !strings.Contains(err.Error(), "a series of 2 values has no season of 2") {
		t.Error(err)
	}
	if m.Add([]float64{1}, nil) == nil {
		t.Error("a prediction without a truth was accepted")
	}
}
