package distribution_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/losses/distribution"
)

// number is a float64 of JSON, or "inf", "-inf" or "nan".
type number float64

func (n *number) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	*n = number(v)
	return err
}

// recorded is testdata/distributions.json, see record.py.
type recorded struct {
	Levels []float64
	Rows   []struct {
		Family                     distribution.Family
		Parameters, X              []float64
		Mean, Variance             number
		Logdensity, CDF, Quantiles []number
	}
}

func read(t *testing.T) recorded {
	t.Helper()
	data, err := os.ReadFile("testdata/distributions.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// near compares relatively, or absolutely below a floor.
func near(t *testing.T, name string, got, want, tolerance, floor float64) {
	t.Helper()
	if got == want || got != got && want != want {
		return
	}
	if e := math.Abs(got-want) / max(math.Abs(want), floor); !(e <= tolerance) {
		t.Errorf("%s is %.17g, want %.17g: off by %.2g", name, got, want, e)
	}
}

func TestDistributionsAgreeWithSciPy(t *testing.T) {
	r := read(t)
	seen := map[distribution.Family]bool{}
	for _, row := range r.Rows {
		seen[row.Family] = true
		d, err := row.Family.New(row.Parameters...)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint(row.Family, row.Parameters)
		near(t, name+": mean", d.Mean(), float64(row.Mean), 1e-14, 0)
		near(t, name+": variance", d.Variance(), float64(row.Variance), 1e-13, 0)
		for i, x := range row.X {
			near(t, fmt.Sprint(name, ": log-density at ", x), d.LogDensity(x), float64(row.Logdensity[i]), 1e-11, 1)
			near(t, fmt.Sprint(name, ": CDF at ", x), d.CDF(x), float64(row.CDF[i]), 1e-11, 1e-300)
		}
		for i, p := range r.Levels {
			near(t, fmt.Sprint(name, ": quantile ", p), d.Quantile(p), float64(row.Quantiles[i]), 1e-11, 1e-300)
		}
	}
	for _, f := range distribution.Families() {
		if !seen[f] {
			t.Errorf("%s is not recorded", f)
		}
	}
}

// The quantile is the inverse of the CDF: for counts, the smallest count that reaches the probability.
func TestQuantilesInvert(t *testing.T) {
	for _, row := range read(t).Rows {
		d, err := row.Family.New(row.Parameters...)
		if err != nil {
			t.Fatal(err)
		}
		for p := 0.01; p < 1; p += 0.02 {
			x := d.Quantile(p)
			if !row.Family.Counts() {
				near(t, fmt.Sprint(row.Family, row.Parameters, ": CDF of quantile ", p), d.CDF(x), p, 1e-9, 0)
			} else if d.CDF(x) < p || x > 0 && d.CDF(x-1) >= p {
				t.Errorf("%s%v: quantile %g is %g, where the CDF is %g, and %g before", row.Family, row.Parameters, p, x, d.CDF(x), d.CDF(x-1))
			}
		}
	}
}

// Samples have the distribution: the share below each quantile is its level, within 4.5 standard errors.
func TestSamples(t *testing.T) {
	const n = 20000
	for i, row := range read(t).Rows {
		d, err := row.Family.New(row.Parameters...)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(7, uint64(i)))
		x := make([]float64, n)
		for j := range x {
			x[j] = d.Sample(rng)
		}
		slices.Sort(x)
		for _, p := range []float64{0.05, 0.25, 0.5, 0.75, 0.95} {
			q := d.Quantile(p)
			level := d.CDF(q) // of counts above p
			below, _ := slices.BinarySearchFunc(x, q, func(v, q float64) int {
				if v <= q {
					return -1
				}
				return 1
			})
			share := float64(below) / n
			if off := math.Abs(share-level) / math.Sqrt(max(level*(1-level), 1e-4)/n); off > 4.5 {
				t.Errorf("%s%v: %.4f of the samples are at most %g, want %.4f", row.Family, row.Parameters, share, q, level)
			}
		}
		again := d.Sample(rand.New(rand.NewPCG(7, uint64(i))))
		if !slices.Contains(x, again) {
			t.Errorf("%s%v: the same seed gives another sample", row.Family, row.Parameters)
		}
	}
}

func TestOddArguments(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	parameters := map[distribution.Family][]float64{
		distribution.Gaussian: {1, 2}, distribution.StudentT: {1, 2, 3}, distribution.NegativeBinomial: {3, 0.5},
		distribution.Poisson: {3}, distribution.Gamma: {2, 3}, distribution.LogNormal: {0, 1},
	}
	for _, f := range distribution.Families() {
		d, err := f.New(parameters[f]...)
		if err != nil {
			t.Fatal(err)
		}
		if d.CDF(inf) != 1 || d.CDF(-inf) != 0 || d.CDF(nan) == d.CDF(nan) {
			t.Errorf("%s: CDF of ±Inf and NaN: %g, %g, %g", f, d.CDF(-inf), d.CDF(inf), d.CDF(nan))
		}
		if d.LogDensity(inf) != -inf || d.LogDensity(-inf) != -inf {
			t.Errorf("%s: log-density of ±Inf: %g, %g", f, d.LogDensity(-inf), d.LogDensity(inf))
		}
		if low := d.Quantile(0); low != -inf && low != 0 || d.Quantile(1) != inf {
			t.Errorf("%s: quantiles 0 and 1: %g, %g", f, low, d.Quantile(1))
		}
		for _, p := range []float64{-0.1, 1.1, nan} {
			if q := d.Quantile(p); q == q {
				t.Errorf("%s: quantile %g is %g", f, p, q)
			}
		}
		if x := d.Sample(nil); x == x {
			t.Errorf("%s: a sample of no random source is %g", f, x)
		}
		for i := range parameters[f] { // parameters at the end of what is allowed
			for _, v := range []float64{1e-100, 1e-12, 1e12, 1e100} {
				at := slices.Clone(parameters[f])
				at[i] = v
				d, err := f.New(at...)
				if err != nil { // of what decides the form
					continue
				}
				for _, p := range []float64{1e-9, 0.5, 0.9} {
					if x := d.Quantile(p); x != x {
						t.Errorf("%s%v: quantile %g is NaN", f, at, p)
					}
					d.CDF(d.Quantile(p))
					d.LogDensity(d.Mean())
				}
				d.Sample(rand.New(rand.NewPCG(1, 2)))
			}
		}
	}
}

func TestBadParameters(t *testing.T) {
	of := func(d distribution.Distribution, err error) error { return err }
	for want, err := range map[string]error{
		`no family "cauchy"; there are gaussian, student-t`: of(distribution.Family("cauchy").New(1)),
		"1 parameters of gaussian; want mean, standard dev": of(distribution.Gaussian.New(1)),
		"the mean of gaussian is NaN; want a finite number": of(distribution.Gaussian.New(math.NaN(), 1)),
		"the rate of gamma is 0; want a number above 0":     of(distribution.Gamma.New(1, 0)),
		"the scale of student-t is -1; want a number above": of(distribution.StudentT.New(0, -1, 3)),
		"3 outputs for poisson; want 1":                     of(distribution.Poisson.FromOutputs([]float64{1, 2, 3}, 1)),
		"scale 0; want a number above 0":                    of(distribution.Poisson.FromOutputs([]float64{1}, 0)),
		"value 1 is -1; poisson has the counts 0, 1, 2":     distribution.Poisson.Check([]float64{0, -1}),
		"value 0 is 1.5; negative-binomial has the counts":  distribution.NegativeBinomial.Check([]float64{1.5}),
		"value 2 is 0; gamma has numbers above 0":           distribution.Gamma.Check([]float64{1, math.NaN(), 0}),
		"value 0 is +Inf; want finite numbers":              distribution.Gaussian.Check([]float64{math.Inf(1)}),
		`no family ""`:                                      distribution.Family("").Check(nil),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := distribution.Poisson.Check([]float64{3, math.NaN(), 0}); err != nil {
		t.Error(err)
	}
	if distribution.Family("x").Parameters() != nil || len(distribution.StudentT.Parameters()) != 3 {
		t.Error("parameters")
	}
}
