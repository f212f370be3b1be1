package metric

import (
	"fmt"
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
	near(t, "macro F1", c.MacroF1(), (0.8+0.5+2.0/3)/3)
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

// sklearn.json has what scikit-learn says of random classes; see testdata/record_metrics.py.
func TestConfusionAgainstScikitLearn(t *testing.T) {
	var cases []struct {
		Truth, Predicted                 []int
		Classes                          int
		Confusion                        [][]int
		Precision, Recall, F1            []float64
		Support                          []int
		Accuracy, Macro, Weighted, Micro float64
	}
	readRecorded(t, "sklearn.json", &cases)
	if len(cases) < 200 {
		t.Fatalf("%d cases", len(cases))
	}
	padding := -1
	for n, want := range cases {
		c := NewConfusion(make([]string, want.Classes)...)
		c.Ignore = &padding
		if err := c.Add(want.Truth, want.Predicted); err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprint("accuracy of case ", n), c.Accuracy(), want.Accuracy)
		near(t, fmt.Sprint("micro F1 of case ", n), c.Accuracy(), want.Micro)
		near(t, fmt.Sprint("macro F1 of case ", n), c.MacroF1(), want.Macro)
		near(t, fmt.Sprint("weighted F1 of case ", n), c.WeightedF1(), want.Weighted)
		for i, row := range want.Confusion {
			near(t, fmt.Sprintf("precision of %d in case %d", i, n), c.Precision(i), want.Precision[i])
			near(t, fmt.Sprintf("recall of %d in case %d", i, n), c.Recall(i), want.Recall[i])
			near(t, fmt.Sprintf("F1 of %d in case %d", i, n), c.F1(i), want.F1[i])
			for j, count := range row {
				if c.Count(i, j) != count || c.Support(i) != want.Support[i] {
					t.Errorf("case %d: %d and %d of class %d, want %d and %d", n, c.Count(i, j), c.Support(i), i, count, want.Support[i])
				}
			}
		}
	}
}

// Asking for what is not there is no reason to panic, whatever is asked of what nobody made.
func TestMetricsOfNothing(t *testing.T) {
	fewer := NewConfusion("a", "b")
	fewer.Labels = fewer.Labels[:1]
	for name, c := range map[string]*Confusion{"two classes": NewConfusion("a", "b"), "none": NewConfusion(), "zero": {}, "named only": {Labels: []string{"a"}}, "fewer labels": fewer} {
		for _, class := range []int{-1, 2, math.MaxInt, math.MinInt} {
			if n := c.Count(class, 0) + c.Count(0, class) + c.Support(class) + c.Predicted(class); n != 0 {
				t.Errorf("%s: %d of class %d", name, n, class)
			}
			for _, share := range []float64{c.Precision(class), c.Recall(class), c.F1(class)} {
				if !math.IsNaN(share) {
					t.Errorf("%s: %g of class %d", name, share, class)
				}
			}
		}
		if c.Accuracy() != 0 || c.MacroF1() != 0 || c.WeightedF1() != 0 || c.Total() != 0 || c.String() == "" {
			t.Errorf("%s: %s", name, c)
		}
		if err := c.Add(nil, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []*Confusion{NewConfusion(), {}} {
		if err := c.Add([]int{3}, []int{3}); err == nil || !strings.Contains(err.Error(), "without classes; give NewConfusion") {
			t.Errorf("error %v", err)
		}
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
	if _, err := NaiveError([]float64{1, 2}, 2); err == nil || !strings.Contains(err.Error(), "a series of 2 values has no season of 2") {
		t.Error(err)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := NaiveError([]float64{1, 2, v, 3}, 1); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("value 2 of the series is %g", v)) {
			t.Error(err)
		}
	}
	if m.Add([]float64{1}, nil) == nil {
		t.Error("a prediction without a truth was accepted")
	}
}

// A cell of a notebook shows both tables, and labels do not become tags.
func TestConfusionInACell(t *testing.T) {
	c := NewConfusion("<b>", "other")
	if err := c.Add([]int{0, 1}, []int{1, 1}); err != nil {
		t.Fatal(err)
	}
	shown := c.SimpleRender()
	html := shown["text/html"].(string)
	if shown["text/plain"] != c.String() || strings.Count(html, "<table>") != 2 ||
		!strings.Contains(html, `<tr><th scope="row">&lt;b&gt;</th><td>0</td><td>1</td></tr>`) {
		t.Errorf("it shows\n%s", html)
	}
}
