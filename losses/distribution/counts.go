package distribution

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// negativeBinomial has the mean μ and the dispersion α: its variance is μ + α·μ². In the words of PyTorch, total_count is
// r = 1/α, and the logits are log(α·μ).
type negativeBinomial struct{ mean, dispersion float64 }

func (d negativeBinomial) Mean() float64     { return d.mean }
func (d negativeBinomial) Variance() float64 { return d.mean + d.dispersion*d.mean*d.mean }

// shares are 1/(1+αμ) and αμ/(1+αμ), the probabilities of a failure's and a success's side in the textbook's form.
func (d negativeBinomial) shares() (p, q float64) {
	w := d.dispersion * d.mean
	return 1 / (1 + w), w / (1 + w)
}

func (d negativeBinomial) LogDensity(x float64) float64 {
	switch {
	case x < 0 || x != math.Floor(x) || math.IsInf(x, 0):
		return math.Inf(-1)
	case x == 0:
		return -math.Log1p(d.dispersion*d.mean) / d.dispersion
	}
	p, q := d.shares()
	return betaTerm(1/d.dispersion, x, p, q) - math.Log(x)
}

func (d negativeBinomial) CDF(x float64) float64 {
	switch {
	case x < 0:
		return 0
	case x != x || math.IsInf(x, 0):
		return min(x, 1)
	}
	p, q := d.shares()
	below, _ := incompleteBeta(1/d.dispersion, math.Floor(x)+1, p, q)
	return below
}

func (d negativeBinomial) Survival(x float64) float64 {
	switch {
	case x < 0:
		return 1
	case x != x || math.IsInf(x, 0):
		return 1 - min(x, 1)
	}
	p, q := d.shares()
	_, above := incompleteBeta(1/d.dispersion, math.Floor(x)+1, p, q)
	return above
}

func (d negativeBinomial) Quantile(p float64) float64 { return countQuantile(d, p) }

// Sample is a Poisson variable whose mean is a Gamma variable.
func (d negativeBinomial) Sample(rng *rand.Rand) float64 {
	if rng == nil {
		return math.NaN()
	}
	r := 1 / d.dispersion
	return poisson{distuv.Gamma{Alpha: r, Beta: r / d.mean, Src: rng}.Rand()}.Sample(rng)
}

type poisson struct{ mean float64 }

func (d poisson) Mean() float64     { return d.mean }
func (d poisson) Variance() float64 { return d.mean }

func (d poisson) LogDensity(x float64) float64 {
	if x < 0 || x != math.Floor(x) || math.IsInf(x, 0) {
		return math.Inf(-1)
	}
	return poissonTerm(x, d.mean)
}

func (d poisson) CDF(x float64) float64 {
	switch {
	case x < 0:
		return 0
	case x != x || math.IsInf(x, 0):
		return min(x, 1)
	}
	return mathext.GammaIncRegComp(math.Floor(x)+1, d.mean)
}

func (d poisson) Survival(x float64) float64 {
	switch {
	case x < 0:
		return 1
	case x != x || math.IsInf(x, 0):
		return 1 - min(x, 1)
	}
	return mathext.GammaIncReg(math.Floor(x)+1, d.mean)
}

func (d poisson) Quantile(p float64) float64 { return countQuantile(d, p) }

func (d poisson) Sample(rng *rand.Rand) float64 {
	if rng == nil {
		return math.NaN()
	}
	return distuv.Poisson{Lambda: d.mean, Src: rng}.Rand()
}

// countQuantile is the smallest count with CDF >= p: steps of growing size from the quantile of a Gaussian of the same mean
// and variance, then halves of what is left.
func countQuantile(d Distribution, p float64) float64 {
	switch {
	case !(p >= 0 && p <= 1):
		return math.NaN()
	case p == 0:
		return 0
	case p == 1:
		return math.Inf(1)
	}
	deviation := math.Sqrt(d.Variance())
	at := max(0, math.Floor(gaussian{d.Mean(), deviation}.Quantile(p)))
	step := max(1, math.Floor(deviation/8))
	low, high := -1.0, at // CDF(low) < p <= CDF(high)
	if d.CDF(at) >= p {
		for at > 0 {
			at = max(0, at-step)
			if d.CDF(at) < p {
				low = at
				break
			}
			high, step = at, 2*step
		}
	} else {
		for low = at; ; step *= 2 {
			high = low + step
			if d.CDF(high) >= p || math.IsInf(high, 0) {
				break
			}
			low = high
		}
	}
	for high-low > 1 {
		middle := low + math.Floor((high-low)/2)
		if middle <= low || middle >= high { // past 2⁵³, whole numbers are further apart
			break
		}
		if d.CDF(middle) >= p {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
