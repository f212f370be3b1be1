package calibrate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// crossEntropy is the mean of -log softmax(z/T)[class].
func crossEntropy(logits [][]float64, classes []int, temperature float64) float64 {
	sum := 0.0
	for i, row := range logits {
		total := 0.0
		for _, z := range row {
			total += math.Exp((z - slices.Max(row)) / temperature)
		}
		sum += math.Log(total) - (row[classes[i]]-slices.Max(row))/temperature
	}
	return sum / float64(len(logits))
}

// Logits whose true probabilities are softmax(logits/3) have the temperature 3, and it is the best there is.
func TestTemperature(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	logits, classes := make([][]float64, 20000), make([]int, 20000)
	for i := range logits {
		z := []float64{4 * rng.NormFloat64(), 4 * rng.NormFloat64(), 4 * rng.NormFloat64()}
		best := math.Inf(-1)
		for j, v := range z { // the largest of z/3 with Gumbel noise has the probabilities softmax(z/3)
			if noisy := v/3 - math.Log(rng.ExpFloat64()); noisy > best {
				best, classes[i] = noisy, j
			}
		}
		logits[i] = z
	}
	got, err := Temperature(logits, classes)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got-3) > 0.1 {
		t.Errorf("temperature %g, want about 3", got)
	}
	at := crossEntropy(logits, classes, got)
	for _, other := range []float64{got * 0.99, got * 1.01, 1, 10} {
		if e := crossEntropy(logits, classes, other); e < at {
			t.Errorf("cross-entropy %g at %g and %g at %g", at, got, e, other)
		}
	}
	shifted := make([][]float64, len(logits)) // as logarithms of probabilities are
	for i, row := range logits {
		shifted[i] = []float64{row[0] - 100, row[1] - 100, row[2] - 100}
	}
	if again, err := Temperature(shifted, classes); err != nil || math.Abs(again-got) > 1e-9 {
		t.Errorf("temperature %g of shifted logits, %v; want %g", again, err, got)
	}
}

// Logits that are always right want to be certain, those that are always wrong want to say nothing.
func TestTemperatureAtTheEnds(t *testing.T) {
	for _, c := range []struct {
		logits  [][]float64
		classes []int
		want    float64
	}{
		{[][]float64{{1, 0}, {0, 2}}, []int{0, 1}, 1.0 / MaxTemperature},
		{[][]float64{{1, 0}, {0, 2}}, []int{1, 0}, MaxTemperature},
		{[][]float64{{5}}, []int{0}, MaxTemperature}, // one class: every temperature is as good
	} {
		got, err := Temperature(c.logits, c.classes)
		if err != nil || len(c.logits[0]) > 1 && math.Abs(got/c.want-1) > 1e-9 || math.IsNaN(got) {
			t.Errorf("temperature %g, %v; want %g", got, err, c.want)
		}
	}
}

// Over many calibrations, the coverage of split conformal intervals is the level, whatever the errors are like.
func TestSplitConformalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, errors := range []struct { // in order, as they draw from one source
		name string
		draw func(step int) float64
	}{
		{"normal", func(step int) float64 { return float64(step+1) * rng.NormFloat64() }},
		{"skewed", func(int) float64 { return rng.ExpFloat64() }},
		{"heavy", func(int) float64 { return math.Tan(math.Pi * (rng.Float64() - 0.5)) }},
	} {
		name, draw := errors.name, errors.draw
		for _, level := range []float64{0.5, 0.9} {
			const rounds, n, steps = 2000, 29, 2
			var inside [steps]int
			for range rounds {
				var c Intervals
				for range n {
					if err := c.Add(make([]float64, steps), make([]float64, steps), []float64{draw(0), draw(1)}); err != nil {
						t.Fatal(err)
					}
				}
				margins, err := c.Margins(level)
				if err != nil {
					t.Fatal(err)
				}
				for i, m := range margins {
					if math.Abs(draw(i)) <= m {
						inside[i]++
					}
				}
			}
			// With 29 scores, (n+1)·level is whole for both levels: the coverage is exactly the level.
			for i, n := range inside {
				if got := float64(n) / rounds; math.Abs(got-level) > 3.5*math.Sqrt(level*(1-level)/rounds) {
					t.Errorf("%s, step %d: coverage %.3f, want %g", name, i, got, level)
				}
			}
		}
	}
}

// Quantiles that are too narrow are widened, those that are too wide narrowed.
func TestConformalQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, half := range []float64{0.5, 3} {
		var c Intervals
		for range 4000 {
			if err := c.Add([]float64{-half}, []float64{half}, []float64{rng.NormFloat64()}); err != nil {
				t.Fatal(err)
			}
		}
		m, err := c.Margins(0.9)
		if err != nil || math.Abs(half+m[0]-1.645) > 0.06 {
			t.Errorf("from ±%g: margin %v, %v; want ±1.645", half, m, err)
		}
	}
}

func TestMarginsByHand(t *testing.T) {
	var c Intervals
	for _, y := range []float64{3, -1, math.NaN(), 2, 4} {
		if err := c.Add([]float64{0}, []float64{0}, []float64{y}); err != nil {
			t.Fatal(err)
		}
	}
	for level, want := range map[float64]float64{0.2: 1, 0.4: 2, 0.5: 3, 0.6: 3, 0.8: 4, 0.81: math.Inf(1)} {
		if m, err := c.Margins(level); err != nil || m[0] != want || c.Steps() != 1 {
			t.Errorf("margin %v of level %g, %v; want %g", m, level, err, want)
		}
	}
}

// When the errors grow tenfold, adaptive intervals follow and keep their coverage; fixed ones lose it.
func TestAdaptiveFollows(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	a := Adaptive{Level: 0.9, Rate: 0.02, Window: 200}
	var fixed Intervals
	inside, insideFixed, counted := 0, 0, 0
	var margin []float64
	for i := range 6000 {
		size := 1.0
		if i >= 1000 {
			size = 1 + 9*float64(i-1000)/5000
		}
		y := size * rng.NormFloat64()
		m, err := a.Margin()
		if err != nil {
			t.Fatal(err)
		}
		if i < 1000 {
			if err := fixed.Add([]float64{0}, []float64{0}, []float64{y}); err != nil {
				t.Fatal(err)
			}
		} else {
			if margin == nil {
				if margin, err = fixed.Margins(0.9); err != nil {
					t.Fatal(err)
				}
			}
			counted++
			if math.Abs(y) <= m {
				inside++
			}
			if math.Abs(y) <= margin[0] {
				insideFixed++
			}
		}
		if err := a.Add(0, 0, y); err != nil {
			t.Fatal(err)
		}
	}
	got, without := float64(inside)/float64(counted), float64(insideFixed)/float64(counted)
	if math.Abs(got-0.9) > 0.01 || without > 0.5 {
		t.Errorf("coverage %.3f, want 0.9; %.3f without adapting", got, without)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	inf := math.Inf(1)
	temperature := func(l [][]float64, c ...int) error { _, err := Temperature(l, c); return err }
	var c Intervals
	margins := func(c *Intervals, level float64) error { _, err := c.Margins(level); return err }
	for want, err := range map[string]error{
		"0 rows of logits for 0 classes":             temperature(nil),
		"1 rows of logits for 2 classes":             temperature([][]float64{{1, 2}}, 0, 1),
		"row 0 has 2 logits and the class 2":         temperature([][]float64{{1, 2}}, 2),
		"row 1 has 1 logits and the class 0; want 2": temperature([][]float64{{1, 2}, {1}}, 0, 0),
		"logit 1 of row 0 is +Inf":                   temperature([][]float64{{1, inf}}, 0),
		"no forecasts to calibrate with":             margins(&c, 0.9),
		"level 1; want above 0 and below 1":          margins(&c, 1),
		"1 and 1 ends of intervals for 0 truths":     c.Add([]float64{1}, []float64{1}, nil),
		"the interval from 2 to 1 and the truth 0":   c.Add([]float64{2}, []float64{1}, []float64{0}),
		"level 0; want above 0":                      new(Adaptive).Add(0, 0, 0),
		"rate 2 and window 0; want a rate":           (&Adaptive{Level: 0.9, Rate: 2}).Add(0, 0, 0),
		"the interval from 1 to 0":                   (&Adaptive{Level: 0.9}).Add(1, 0, 0),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := c.Add([]float64{0}, []float64{1}, []float64{2}); err != nil {
		t.Fatal(err)
	}
	if err := c.Add([]float64{0, 1}, []float64{1, 2}, []float64{2, 2}); err == nil || !strings.Contains(err.Error(), "a forecast of 2 steps; those before had 1") {
		t.Error(err)
	}
}
