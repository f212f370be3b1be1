package distribution

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

var halfLog2Pi = 0.5 * math.Log(2*math.Pi)

type gaussian struct{ mean, deviation float64 }

func (d gaussian) Mean() float64     { return d.mean }
func (d gaussian) Variance() float64 { return d.deviation * d.deviation }

func (d gaussian) LogDensity(x float64) float64 {
	z := (x - d.mean) / d.deviation
	return -0.5*z*z - math.Log(d.deviation) - halfLog2Pi
}

func (d gaussian) CDF(x float64) float64 {
	return 0.5 * math.Erfc((d.mean-x)/d.deviation/math.Sqrt2)
}

func (d gaussian) Survival(x float64) float64 {
	return 0.5 * math.Erfc((x-d.mean)/d.deviation/math.Sqrt2)
}

func (d gaussian) Quantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return d.mean + d.deviation*mathext.NormalQuantile(p)
}

func (d gaussian) Sample(rng *rand.Rand) float64 {
	if rng == nil {
		return math.NaN()
	}
	return d.mean + d.deviation*rng.NormFloat64()
}

type studentT struct{ location, scale, freedom float64 }

func (d studentT) Mean() float64 {
	if d.freedom <= 1 {
		return math.NaN()
	}
	return d.location
}

func (d studentT) Variance() float64 {
	switch {
	case d.freedom <= 1:
		return math.NaN()
	case d.freedom <= 2:
		return math.Inf(1)
	}
	return d.scale * d.scale * d.freedom / (d.freedom - 2)
}

func (d studentT) LogDensity(x float64) float64 {
	z := (x - d.location) / d.scale
	return -logBeta(d.freedom/2, 0.5) - 0.5*math.Log(d.freedom) - math.Log(d.scale) - (d.freedom+1)/2*math.Log1p(z*z/d.freedom)
}

// halves are the probabilities that a standard variable lies between 0 and t, and above t, for t >= 0; they add up to ½.
func (d studentT) halves(t float64) (between, above float64) {
	switch {
	case t != t:
		return t, t
	case math.IsInf(t, 0):
		return 0.5, 0
	}
	s := t / math.Sqrt(d.freedom)
	x, y := 1/(1+s*s), s*s/(1+s*s)
	if s > 1e100 {
		x, y = 1/s/s, 1
	}
	above, between = incompleteBeta(d.freedom/2, 0.5, x, y)
	return between / 2, above / 2
}

func (d studentT) CDF(x float64) float64 {
	t := (x - d.location) / d.scale
	between, above := d.halves(math.Abs(t))
	if t < 0 {
		return above
	}
	return 0.5 + between
}

// Survival uses that the distribution is symmetric.
func (d studentT) Survival(x float64) float64 {
	return studentT{-d.location, d.scale, d.freedom}.CDF(-x)
}

func (d studentT) Quantile(p float64) float64 {
	switch {
	case !(p >= 0 && p <= 1):
		return math.NaN()
	case p == 0 || p == 1:
		return math.Inf(int(2*p - 1))
	case p == 0.5:
		return d.location
	}
	standard := studentT{0, 1, d.freedom}
	density := func(t float64) float64 { return math.Exp(standard.LogDensity(t)) }
	t, tail := 0.0, min(p, 1-p)
	if tail < 0.25 {
		t = solve(tail, 1, func(t float64) float64 { _, above := d.halves(t); return above },
			func(t float64) float64 { return -density(t) })
	} else {
		t = solve(math.Abs(p-0.5), 1, func(t float64) float64 { between, _ := d.halves(t); return between }, density)
	}
	return d.location + d.scale*math.Copysign(t, p-0.5)
}

// Sample is a normal variable over the root of a χ² variable divided by its degrees of freedom.
func (d studentT) Sample(rng *rand.Rand) float64 {
	if rng == nil {
		return math.NaN()
	}
	z := rng.NormFloat64()
	chi := distuv.Gamma{Alpha: d.freedom / 2, Beta: d.freedom / 2, Src: rng}.Rand()
	return d.location + d.scale*z/math.Sqrt(chi)
}

type gamma struct{ shape, rate float64 }

func (d gamma) Mean() float64     { return d.shape / d.rate }
func (d gamma) Variance() float64 { return d.shape / d.rate / d.rate }

func (d gamma) LogDensity(x float64) float64 {
	if x <= 0 {
		return math.Inf(-1)
	}
	return poissonTerm(d.shape, d.rate*x) + math.Log(d.shape) - math.Log(x)
}

func (d gamma) CDF(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return mathext.GammaIncReg(d.shape, d.rate*x)
}

func (d gamma) Survival(x float64) float64 {
	if x <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(d.shape, d.rate*x)
}

func (d gamma) Quantile(p float64) float64 {
	switch {
	case !(p >= 0 && p <= 1):
		return math.NaN()
	case p == 0:
		return 0
	case p == 1:
		return math.Inf(1)
	}
	unit := gamma{d.shape, 1}
	density := func(x float64) float64 { return math.Exp(unit.LogDensity(x)) }
	x := 0.0
	if p <= 0.5 {
		// For small x, CDF(x) is about xᵃ/Γ(a+1).
		low, _ := math.Lgamma(d.shape + 1)
		start := min(math.Exp((math.Log(p)+low)/d.shape), d.shape)
		if start == 0 { // below the smallest number
			return 0
		}
		x = solve(p, start, func(x float64) float64 { return mathext.GammaIncReg(d.shape, x) }, density)
	} else {
		x = solve(1-p, d.shape, func(x float64) float64 { return mathext.GammaIncRegComp(d.shape, x) },
			func(x float64) float64 { return -density(x) })
	}
	return x / d.rate
}

func (d gamma) Sample(rng *rand.Rand) float64 {
	if rng == nil {
		return math.NaN()
	}
	return distuv.Gamma{Alpha: d.shape, Beta: d.rate, Src: rng}.Rand()
}

// logNormal has a logarithm that is Gaussian.
type logNormal struct{ log gaussian }

func (d logNormal) Mean() float64 { return math.Exp(d.log.mean + d.log.Variance()/2) }

func (d logNormal) Variance() float64 {
	return math.Expm1(d.log.Variance()) * math.Exp(2*d.log.mean+d.log.Variance())
}

func (d logNormal) LogDensity(x float64) float64 {
	if x <= 0 {
		return math.Inf(-1)
	}
	return d.log.LogDensity(math.Log(x)) - math.Log(x)
}

func (d logNormal) CDF(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return d.log.CDF(math.Log(x))
}

func (d logNormal) Survival(x float64) float64 {
	if x <= 0 {
		return 1
	}
	return d.log.Survival(math.Log(x))
}

func (d logNormal) Quantile(p float64) float64 { return math.Exp(d.log.Quantile(p)) }

func (d logNormal) Sample(rng *rand.Rand) float64 {
	if rng == nil {
		return math.NaN()
	}
	return math.Exp(d.log.Sample(rng))
}
