// Package distribution has the probability distributions that a forecast can be: a Family names one, and says how a network's
// outputs become its parameters; a Distribution has numbers for them, and with them quantiles, samples and probabilities.
//
//	Gaussian          mean, standard deviation
//	StudentT          location, scale, degrees of freedom: heavy tails
//	NegativeBinomial  mean, dispersion: counts whose variance is above the mean
//	Poisson           mean: counts
//	Gamma             shape, rate: sizes above 0
//	LogNormal         mean and standard deviation of the logarithm: sizes above 0 over orders of magnitude
//
// losses.Likelihood trains a network towards a family; the package itself knows nothing of networks.
package distribution

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
)

// Distribution is a probability distribution of one number. Those of this package are safe for concurrent use.
type Distribution interface {
	// Mean is the expectation; NaN if there is none.
	Mean() float64
	// Variance is the expected squared distance from the mean; +Inf or NaN if there is none.
	Variance() float64
	// LogDensity is the logarithm of the density at x, for counts of the probability of x; -Inf where x cannot be.
	LogDensity(x float64) float64
	// CDF is the probability of x or less.
	CDF(x float64) float64
	// Survival is the probability of more than x: 1 - CDF(x), with all digits where that is small.
	Survival(x float64) float64
	// Quantile is the smallest x with CDF(x) >= p, for p from 0 to 1; NaN for others.
	Quantile(p float64) float64
	// Sample draws a number. The same rng in the same state gives the same number; nil gives NaN.
	Sample(rng *rand.Rand) float64
}

// Family is a kind of distribution, by name.
type Family string

// The families.
const (
	Gaussian         Family = "gaussian"
	StudentT         Family = "student-t"
	NegativeBinomial Family = "negative-binomial"
	Poisson          Family = "poisson"
	Gamma            Family = "gamma"
	LogNormal        Family = "log-normal"
)

// Families are all of them.
func Families() []Family {
	all := make([]Family, len(table))
	for i, r := range table {
		all[i] = r.of
	}
	return all
}

// Least is added to what has to be above 0, so that a network's output cannot reach 0.
const Least = 1e-6

// kind is what a parameter is: anywhere, a size, or a number that decides the form of the distribution. The value is the largest
// that there may be, the smallest is its inverse: what is made of it does not overflow, or take for ever.
type kind float64

const (
	place kind = 0
	size  kind = 1e100
	form  kind = 1e12
)

// row is what there is to know about a family.
type row struct {
	of         Family
	parameters []string // in the order of New and of a network's outputs
	kinds      []kind
	counts     bool // of values 0, 1, 2, ...
	above0     bool // of values above 0
	make       func(v []float64) Distribution
	// outputs makes parameters of a network's outputs and a scale; losses.Likelihood does the same in a graph.
	outputs func(o []float64, scale float64) []float64
}

// fix makes a number above 0 of any.
func fix(o float64) float64 { return softplus(o) + Least }

// softplus is log(1+eˣ).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

var table = []row{
	{Gaussian, []string{"mean", "standard deviation"}, []kind{place, size}, false, false,
		func(v []float64) Distribution { return gaussian{v[0], v[1]} },
		func(o []float64, scale float64) []float64 { return []float64{scale * o[0], scale * fix(o[1])} }},
	{StudentT, []string{"location", "scale", "degrees of freedom"}, []kind{place, size, form}, false, false,
		func(v []float64) Distribution { return studentT{v[0], v[1], v[2]} },
		func(o []float64, scale float64) []float64 {
			return []float64{scale * o[0], scale * fix(o[1]), 2 + softplus(o[2])} // above 2, the variance is finite
		}},
	{NegativeBinomial, []string{"mean", "dispersion"}, []kind{form, form}, true, false,
		func(v []float64) Distribution { return negativeBinomial{v[0], v[1]} },
		func(o []float64, scale float64) []float64 { return []float64{scale * fix(o[0]), fix(o[1])} }},
	{Poisson, []string{"mean"}, []kind{form}, true, false,
		func(v []float64) Distribution { return poisson{v[0]} },
		func(o []float64, scale float64) []float64 { return []float64{scale * fix(o[0])} }},
	{Gamma, []string{"shape", "rate"}, []kind{form, size}, false, true,
		func(v []float64) Distribution { return gamma{v[0], v[1]} },
		func(o []float64, scale float64) []float64 { return []float64{fix(o[0]), fix(o[1]) / scale} }},
	{LogNormal, []string{"mean of the logarithm", "standard deviation of the logarithm"}, []kind{place, size}, false, true,
		func(v []float64) Distribution { return logNormal{gaussian{v[0], v[1]}} },
		func(o []float64, scale float64) []float64 { return []float64{o[0] + math.Log(scale), fix(o[1])} }},
}

func (f Family) row() (row, error) {
	names := make([]string, len(table))
	for i, r := range table {
		if r.of == f {
			return r, nil
		}
		names[i] = string(r.of)
	}
	return row{}, errors.Errorf("distribution: no family %q; there are %s", string(f), strings.Join(names, ", "))
}

// Parameters are the names of the parameters that New takes, in its order; nil of an unknown family.
func (f Family) Parameters() []string {
	r, err := f.row()
	if err != nil {
		return nil
	}
	return append([]string(nil), r.parameters...)
}

// Counts tells whether the values are the whole numbers from 0 on.
func (f Family) Counts() bool {
	r, err := f.row()
	return err == nil && r.counts
}

// New is the distribution with the given parameters, see Parameters. All must be finite; those that
// measure a size or decide the form, above 0: deviations, scales and rates from 1e-100 to 1e100, degrees of freedom, shapes,
// dispersions and the means of counts from 1e-12 to 1e12. Up to 1e10, quantiles and the CDF are right to ten digits or more.
func (f Family) New(parameters ...float64) (Distribution, error) {
	r, err := f.row()
	if err != nil {
		return nil, err
	}
	if len(parameters) != len(r.parameters) {
		return nil, errors.Errorf("distribution: %d parameters of %s; want %s", len(parameters), f, strings.Join(r.parameters, ", "))
	}
	for i, v := range parameters {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			return nil, errors.Errorf("distribution: the %s of %s is %g; want a finite number", r.parameters[i], f, v)
		case r.kinds[i] != place && !(v >= float64(1/r.kinds[i]) && v <= float64(r.kinds[i])):
			return nil, errors.Errorf("distribution: the %s of %s is %g; want a number above 0, from %g to %g", r.parameters[i], f, v,
				1/r.kinds[i], r.kinds[i])
		}
	}
	return r.make(append([]float64(nil), parameters...)), nil
}

// FromOutputs is the distribution that a network means by its outputs, one for each parameter, and a scale, above 0, that the
// values are a multiple of: what losses.Likelihood trains. With s(x) = log(1+eˣ) and s₊(x) = s(x) + Least:
//
//	Gaussian          mean scale·o₀, standard deviation scale·s₊(o₁)
//	StudentT          location scale·o₀, scale scale·s₊(o₁), degrees of freedom 2 + s(o₂)
//	NegativeBinomial  mean scale·s₊(o₀), dispersion s₊(o₁)
//	Poisson           mean scale·s₊(o₀)
//	Gamma             shape s₊(o₀), rate s₊(o₁)/scale
//	LogNormal         mean of the logarithm o₀ + log scale, its standard deviation s₊(o₁)
func (f Family) FromOutputs(outputs []float64, scale float64) (Distribution, error) {
	r, err := f.row()
	if err != nil {
		return nil, err
	}
	if len(outputs) != len(r.parameters) {
		return nil, errors.Errorf("distribution: %d outputs for %s; want %d", len(outputs), f, len(r.parameters))
	}
	if !(scale > 0) || math.IsInf(scale, 0) {
		return nil, errors.Errorf("distribution: scale %g; want a number above 0", scale)
	}
	return f.New(r.outputs(outputs, scale)...)
}

// Check tells whether values can be of the family: whole numbers from 0 on of a family of counts, numbers above 0 of Gamma and
// LogNormal. NaN, a value that is missing, can be of any.
func (f Family) Check(values []float64) error {
	r, err := f.row()
	if err != nil {
		return err
	}
	for i, v := range values {
		switch {
		case math.IsNaN(v):
		case math.IsInf(v, 0):
			return errors.Errorf("distribution: value %d is %g; want finite numbers", i, v)
		case r.counts && (v < 0 || v != math.Floor(v)):
			return errors.Errorf("distribution: value %d is %g; %s has the counts 0, 1, 2, ...", i, v, f)
		case r.above0 && v <= 0:
			return errors.Errorf("distribution: value %d is %g; %s has numbers above 0", i, v, f)
		}
	}
	return nil
}
