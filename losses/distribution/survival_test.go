package distribution_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/unroll-go/unroll/losses/distribution"
)

// Far out the tail has all its digits; the values are those of mpmath at 40 digits.
func TestSurvivalFarOut(t *testing.T) {
	for _, c := range []struct {
		family     distribution.Family
		parameters []float64
		x, want    float64
	}{
		{distribution.Gaussian, []float64{1, 2}, 25, 1.776482112077679e-33},
		{distribution.StudentT, []float64{1, 2, 5}, 1001, 3.036723371763901e-13},
		{distribution.Gamma, []float64{3, 2}, 40, 5.9217174035208072e-32},
		{distribution.LogNormal, []float64{1, 0.5}, 1e6, 3.4416754770828724e-145},
		{distribution.NegativeBinomial, []float64{4, 0.5}, 100, 5.6845346747622721e-17},
		{distribution.Poisson, []float64{4}, 60, 2.0507273039282641e-49},
	} {
		d, err := c.family.New(c.parameters...)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprint(c.family, " above ", c.x), d.Survival(c.x), c.want, 1e-11, 0)
	}
}

// What lies above x and what does not are all there is.
func TestSurvivalAndCDF(t *testing.T) {
	for _, f := range distribution.Families() {
		parameters := []float64{3, 0.7, 4}[:len(f.Parameters())]
		d, err := f.New(parameters...)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []float64{math.Inf(-1), -2, -0.5, 0, 0.5, 1, 2, 3, 3.5, 7, 20, math.Inf(1)} {
			near(t, fmt.Sprint(f, " at ", x), d.CDF(x)+d.Survival(x), 1, 1e-14, 0)
		}
		if got := d.Survival(math.NaN()); got == got {
			t.Errorf("%s: %g lies above NaN", f, got)
		}
	}
}
