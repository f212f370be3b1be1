package metric

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// measured is a number of scikit-learn's; nil is one that is not defined.
type measured *float64

type curve struct{ X, Y []float64 }

type probabilityCase struct {
	P                                          [][]float64
	Y                                          []int
	AUC, AP                                    []measured
	MacroAUC, WeightedAUC, MacroAP, WeightedAP measured
	LogLoss, Brier, Balanced, Matthews         float64
	Kappa                                      measured
	TopK                                       []float64
	ECE                                        map[string]float64
	Curves                                     []struct{ Accuracy, Confidence []float64 }
	ROC, PR                                    *curve
}

type probabilityRecord struct {
	Cases []probabilityCase
	Boots []struct {
		Data, Draws, Percentile, BCa []float64
		Estimate                     float64
		Level                        float64
	}
}

func probabilities(t *testing.T, rows [][]float64, truth []int) *Probabilities {
	t.Helper()
	p, err := NewProbabilities(len(rows[0]))
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := p.Add(row, truth[i]); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// defined compares a number where there is one, and wants NaN elsewhere.
func defined(t *testing.T, name string, got float64, want measured) {
	t.Helper()
	switch {
	case want != nil:
		near(t, name, got, *want)
	case !math.IsNaN(got):
		t.Errorf("%s is %g, want NaN", name, got)
	}
}

// probabilities.json has what scikit-learn and torchmetrics say; see testdata/record_probabilities.py.
func TestProbabilitiesAgainstScikitLearn(t *testing.T) {
	var rec probabilityRecord
	readRecorded(t, "probabilities.json", &rec)
	if len(rec.Cases) < 10 {
		t.Fatalf("%d cases", len(rec.Cases))
	}
	for n, c := range rec.Cases {
		p, k := probabilities(t, c.P, c.Y), len(c.P[0])
		of := func(what string) string { return fmt.Sprintf("%s of case %d", what, n) }
		for class := range k {
			defined(t, of("AUC"), p.ROCAUC(class), c.AUC[class])
			defined(t, of("average precision"), p.AveragePrecision(class), c.AP[class])
		}
		for _, m := range []struct {
			name string
			got  float64
			want measured
		}{{"macro AUC", p.MacroROCAUC(), c.MacroAUC}, {"weighted AUC", p.WeightedROCAUC(), c.WeightedAUC},
			{"macro AP", p.MacroAveragePrecision(), c.MacroAP}, {"weighted AP", p.WeightedAveragePrecision(), c.WeightedAP}} {
			if m.want != nil {
				near(t, of(m.name), m.got, *m.want)
			}
		}
		near(t, of("log loss"), p.LogLoss(), c.LogLoss)
		near(t, of("Brier score"), p.Brier(), c.Brier)
		for i, want := range c.TopK {
			near(t, of(fmt.Sprint("top ", i+1)), p.TopK(i+1), want)
		}
		near(t, of("top all"), p.TopK(k), 1)
		labels := make([]string, k)
		confusion, err := p.Confusion(labels...)
		if err != nil {
			t.Fatal(err)
		}
		near(t, of("balanced accuracy"), confusion.BalancedAccuracy(), c.Balanced)
		near(t, of("Matthews"), confusion.Matthews(), c.Matthews)
		defined(t, of("kappa"), confusion.Kappa(), c.Kappa)
		c.compareCalibration(t, of, p)
		if c.ROC != nil {
			compareCurve(t, of("ROC"), p.ROC(k-1), c.ROC)
			compareCurve(t, of("precision-recall curve"), p.PrecisionRecall(k-1), c.PR)
		}
	}
}

func compareCurve(t *testing.T, name string, got Curve, want *curve) {
	t.Helper()
	// scikit-learn's precision-recall curve ends where everything of the class has been found.
	if len(got.X) < len(want.X) || len(got.Threshold) != len(got.X) {
		t.Errorf("%s has %d points and %d thresholds, want %d", name, len(got.X), len(got.Threshold), len(want.X))
		return
	}
	for i := range want.X {
		near(t, fmt.Sprint(name, ", x of point ", i), got.X[i], want.X[i])
		near(t, fmt.Sprint(name, ", y of point ", i), got.Y[i], want.Y[i])
	}
}

func (c probabilityCase) compareCalibration(t *testing.T, of func(string) string, p *Probabilities) {
	t.Helper()
	for text, want := range c.ECE {
		bins, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Reliability(bins, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.CalibrationError(); math.Abs(got-want) > 1e-6 { // torchmetrics bins in float32
			t.Errorf("%s is %g, want %g", of("calibration error"), got, want)
		}
	}
	for i, want := range c.Curves {
		if len(want.Accuracy) == 0 {
			continue
		}
		r, err := p.ReliabilityOf(1, 4, i == 1)
		if err != nil {
			t.Fatal(err)
		}
		full := slices.DeleteFunc(r, func(b Bin) bool { return b.Rows == 0 })
		if len(full) != len(want.Accuracy) {
			t.Errorf("%s: %d bins with rows, want %d", of("reliability"), len(full), len(want.Accuracy))
			continue
		}
		for j, b := range full {
			near(t, of("accuracy of a bin"), b.Accuracy, want.Accuracy[j])
			near(t, of("confidence of a bin"), b.Confidence, want.Confidence[j])
		}
	}
}

// Bins of equal mass hold about as many rows each, every row is in one, and the error is the definition's.
func TestReliability(t *testing.T) {
	var rec probabilityRecord
	readRecorded(t, "probabilities.json", &rec)
	for n, c := range rec.Cases {
		p := probabilities(t, c.P, c.Y)
		for _, mass := range []bool{false, true} {
			r, err := p.Reliability(5, mass)
			if err != nil {
				t.Fatal(err)
			}
			rows, want, worst := 0, 0.0, 0.0
			for i, b := range r {
				rows += b.Rows
				right, confidence, count := 0.0, 0.0, 0.0
				for j, row := range c.P {
					best := likeliest(row)
					if v := row[best]; (v > b.Low || i == 0) && v <= b.High {
						count++
						confidence += v
						if best == c.Y[j] {
							right++
						}
					}
				}
				if int(count) != b.Rows {
					t.Errorf("case %d: %d rows in bin %d, want %g", n, b.Rows, i, count)
				}
				if count > 0 {
					want += math.Abs(right-confidence) / float64(len(c.P))
					worst = max(worst, math.Abs(right-confidence)/count)
				}
			}
			if rows != len(c.P) {
				t.Errorf("case %d: %d rows in bins, want %d", n, rows, len(c.P))
			}
			near(t, "calibration error", r.CalibrationError(), want)
			near(t, "largest error", r.MaxCalibrationError(), worst)
			if n == 5 && mass { // 200 rows without ties
				for _, b := range r {
					if b.Rows < 39 || b.Rows > 41 {
						t.Errorf("%d rows in a bin, want about 40", b.Rows)
					}
				}
			}
		}
	}
}

// SciPy's percentile and BCa intervals for the same draws.
func TestBootstrapAgainstSciPy(t *testing.T) {
	var rec probabilityRecord
	readRecorded(t, "probabilities.json", &rec)
	if len(rec.Boots) < 4 {
		t.Fatalf("%d intervals", len(rec.Boots))
	}
	for _, c := range rec.Boots {
		lower, upper := (1-c.Level)/2, (1+c.Level)/2
		near(t, "percentile, low", percentile(c.Draws, lower), c.Percentile[0])
		near(t, "percentile, high", percentile(c.Draws, upper), c.Percentile[1])
		total := 0.0
		for _, v := range c.Data {
			total += v
		}
		n := float64(len(c.Data))
		others := make([]float64, len(c.Data))
		for i, v := range c.Data {
			others[i] = (total - v) / (n - 1)
		}
		lower, upper = bca(c.Estimate, c.Draws, others, lower, upper)
		for i, got := range []float64{percentile(c.Draws, lower), percentile(c.Draws, upper)} {
			if math.Abs(got-c.BCa[i]) > 1e-9 {
				t.Errorf("BCa, end %d: %.12g, want %.12g", i, got, c.BCa[i])
			}
		}
	}
}

// Intervals of a mean contain the true one about as often as they should; the same seed gives the same interval.
func TestBootstrapCovers(t *testing.T) {
	mean := func(data []float64) func(rows []int) float64 {
		return func(rows []int) float64 {
			sum := 0.0
			for _, i := range rows {
				sum += data[i]
			}
			return sum / float64(len(rows))
		}
	}
	for _, corrected := range []bool{false, true} {
		inside := 0
		const rounds = 300
		for round := range rounds {
			data := make([]float64, 40)
			for i := range data {
				data[i] = math.Mod(float64(i*37+round*101)*0.6180339887498949+math.Sqrt(float64(i+round*40)), 1)
			}
			b := Bootstrap{Replicates: 200, Level: 0.9, Seed: uint64(round), BCa: corrected}
			low, high, err := b.Interval(len(data), mean(data))
			if err != nil {
				t.Fatal(err)
			}
			if again, _, _ := b.Interval(len(data), mean(data)); again != low {
				t.Fatalf("another interval from the same seed: %g and %g", low, again)
			}
			if low <= 0.5 && 0.5 <= high {
				inside++
			}
		}
		if got := float64(inside) / rounds; got < 0.82 {
			t.Errorf("BCa %v: coverage %.3f, want about 0.9 or more", corrected, got)
		}
	}
}

func TestBootstrapOfProbabilities(t *testing.T) {
	var rec probabilityRecord
	readRecorded(t, "probabilities.json", &rec)
	p := probabilities(t, rec.Cases[0].P, rec.Cases[0].Y)
	measure := func(rows []int) float64 { return p.Select(rows).ROCAUC(1) }
	for _, corrected := range []bool{false, true} {
		low, high, err := Bootstrap{BCa: corrected, Replicates: 300}.Interval(p.Count(), measure)
		if v := p.ROCAUC(1); err != nil || !(low < v && v < high) {
			t.Errorf("AUC %g between %g and %g, %v", v, low, high, err)
		}
	}
	if n := p.Select([]int{-1, 0, 0, 1 << 30}).Count(); n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestProbabilitiesOfNothing(t *testing.T) {
	empty, err := NewProbabilities(3)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*Probabilities{"none yet": empty, "zero": {}} {
		for what, v := range map[string]float64{
			"log loss": p.LogLoss(), "Brier": p.Brier(), "top": p.TopK(1), "AUC": p.ROCAUC(0), "macro": p.MacroROCAUC(), "AP": p.AveragePrecision(5),
			"weighted": p.WeightedAveragePrecision(), "of class -1": p.ROCAUC(-1),
		} {
			if !math.IsNaN(v) {
				t.Errorf("%s: %s is %g", name, what, v)
			}
		}
		r, err := p.Reliability(3, true)
		if err != nil || !math.IsNaN(r.CalibrationError()) || !math.IsNaN(r.MaxCalibrationError()) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	var none Confusion
	if none.BalancedAccuracy() != 0 || none.Matthews() != 0 || !math.IsNaN(none.Kappa()) {
		t.Errorf("agreement of nothing: %g, %g, %g", none.BalancedAccuracy(), none.Matthews(), none.Kappa())
	}
}

func TestProbabilitiesRefuse(t *testing.T) {
	p, err := NewProbabilities(2)
	if err != nil {
		t.Fatal(err)
	}
	_, noClasses := NewProbabilities(0)
	_, labels := p.Confusion("a")
	_, bins := p.Reliability(0, false)
	_, class := p.ReliabilityOf(2, 5, false)
	interval := func(b Bootstrap, n int, f func([]int) float64) error { _, _, err := b.Interval(n, f); return err }
	never := func([]int) float64 { return math.NaN() }
	for want, err := range map[string]error{
		"probabilities of 0 classes; want 1 to 16777216": noClasses,
		"1 probabilities; want 2":                        p.Add([]float64{1}, 0),
		"class 2; want 0 to 1":                           p.Add([]float64{1, 0}, 2),
		"the probability of class 1 is NaN; want 0":      p.Add([]float64{1, math.NaN()}, 0),
		"the probabilities add up to 1.5; want 1":        p.Add([]float64{0.5, 1}, 0),
		"NewProbabilities makes them":                    new(Probabilities).Add(nil, 0),
		"1 labels of 2 classes":                          labels,
		"0 bins; want 1 to 10000":                        bins,
		"metric: class 2; want":                          class,
		"1 replicates; want 2":                           interval(Bootstrap{Replicates: 1}, 3, never),
		"level 2 of an interval":                         interval(Bootstrap{Level: 2}, 3, never),
		"a bootstrap of 0 rows":                          interval(Bootstrap{}, 0, never),
		"the function is nil":                            interval(Bootstrap{}, 1, nil),
		"the measure is NaN in all draws":                interval(Bootstrap{Replicates: 2}, 1, never),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if p.Count() != 0 {
		t.Errorf("%d rows were taken", p.Count())
	}
}

func TestBitsPerCharacter(t *testing.T) {
	// 10 tokens of 2 bits each for 40 characters
	near(t, "bits per character", BitsPerCharacter(2*math.Ln2, 10, 40), 0.5)
}
