package kernel

import "math"

// The functions of the gamma function that likelihoods are made of. They are defined for arguments above 0: +Inf or -Inf at 0,
// NaN below. Float32 goes through float64. Products are converted before they are added, so that every machine rounds alike.

// Log1p is dst = ln(1+x), exact for small x.
func Log1p[T Float](dst, x []T) { apply64(dst, x, math.Log1p) }

// LogGamma is dst = ln Γ(x).
func LogGamma[T Float](dst, x []T) { apply64(dst, x, logGamma) }

// Polygamma is dst = ψ⁽ⁿ⁾(x), derivative n+1 of ln Γ: for n = 0, the digamma function.
func Polygamma[T Float](dst, x []T, n int) {
	if n == 0 {
		apply64(dst, x, digamma)
		return
	}
	apply64(dst, x, func(v float64) float64 { return polygamma(n, v) })
}

// LogRisingFactorial is dst = ln Γ(x+n) - ln Γ(x), without the cancellation of the two for x much larger than n.
func LogRisingFactorial[T Float](dst, x, n []T) {
	x, n = x[:len(dst)], n[:len(dst)]
	for i := range dst {
		dst[i] = T(logRisingFactorial(float64(x[i]), float64(n[i])))
	}
}

// DigammaDifference is dst = ψ(x+n) - ψ(x), without cancellation.
func DigammaDifference[T Float](dst, x, n []T) {
	x, n = x[:len(dst)], n[:len(dst)]
	for i := range dst {
		dst[i] = T(digammaDifference(float64(x[i]), float64(n[i])))
	}
}

// apply64 computes in float64.
func apply64[T Float](dst, x []T, f func(float64) float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(f(float64(x[i])))
	}
}

func logGamma(x float64) float64 {
	if x < 0 {
		return math.NaN()
	}
	y, _ := math.Lgamma(x)
	return y
}

// largeGamma is from where on the asymptotic series below are exact to the last bits: Abramowitz and Stegun (1964), 6.1.41, 6.3.18
// and 6.4.11. Smaller arguments go up by recurrence.
const largeGamma = 12

// bernoulli are B₂, B₄, ..., the numbers of these series.
var bernoulli = [...]float64{1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6, -3617. / 510}

// steps is the number of ones to add to x until it is large.
func steps(x float64) int { return max(0, int(math.Ceil(largeGamma-x))) }

func digamma(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case x < 0:
		return math.NaN()
	case x > 1e16:
		return math.Log(x)
	}
	n := steps(x)
	y := x + float64(n)
	below := 0.0
	for i := n - 1; i >= 0; i-- { // from the small terms to the large
		below += 1 / (x + float64(i))
	}
	return math.Log(y) - (0.5/y + digammaTail(y)) - below
}

// digammaTail is Σ B₂ₖ/(2k·y²ᵏ) = ln y - 1/(2y) - ψ(y), for large y.
func digammaTail(y float64) float64 {
	w, sum := 1/(y*y), 0.0
	for k := len(bernoulli); k >= 1; k-- {
		sum = float64(w * (bernoulli[k-1]/float64(2*k) + sum))
	}
	return sum
}

// polygamma is (-1)ⁿ⁺¹·n!·Σ 1/(x+i)ⁿ⁺¹ over all i >= 0, for n >= 1: the first terms one by one, the rest by the series.
func polygamma(n int, x float64) float64 {
	if x < 0 || x != x {
		return math.NaN()
	}
	sign, factorial := -1.0, 1.0
	for i := 2; i <= n; i++ {
		factorial *= float64(i)
	}
	if n%2 == 1 {
		sign = 1
	}
	m := steps(x - float64(n)) // the series of higher orders needs larger arguments
	y := x + float64(m)
	// rest = 1/(n·yⁿ) + 1/(2yⁿ⁺¹) + Σ B₂ₖ·(n+1)(n+2)…(n+2k-1)/((2k)!·yⁿ⁺²ᵏ), all of it times n!
	w, tail := 1/(y*y), 0.0
	for k := len(bernoulli); k >= 1; k-- {
		tail = float64(w * (float64(bernoulli[k-1]*risingOver(n, k)) + tail))
	}
	power := math.Pow(y, -float64(n))
	sum := float64(power * (1/float64(n) + (0.5/y + tail)))
	for i := m - 1; i >= 0; i-- {
		sum += math.Pow(x+float64(i), -float64(n+1))
	}
	return sign * factorial * sum
}

// risingOver is (n+1)(n+2)…(n+2k-1)/(2k)!.
func risingOver(n, k int) float64 {
	r := 1 / float64(2*k)
	for i := 1; i < 2*k; i++ {
		r *= float64(n+i) / float64(i)
	}
	return r
}

func logRisingFactorial(x, n float64) float64 {
	y := x + n
	if x < 1 || y < 1 || n > x*1e8 { // nothing cancels
		return logGamma(y) - logGamma(x)
	}
	up := 1.0 // (x+n)(x+n+1)… / x(x+1)…, the factors that lead to large arguments
	for i := steps(min(x, y)); i > 0; i-- {
		up *= y / x
		x, y = x+1, y+1
	}
	// ln Γ(x) = (x-½)·ln x - x + ½·ln 2π + s(x), with s(x) = Σ B₂ₖ/(2k(2k-1)·x²ᵏ⁻¹)
	rest := (stirling(y) - stirling(x)) + float64((x-0.5)*math.Log1p(n/x))
	return rest + float64(n*(math.Log(y)-1)) - math.Log(up)
}

func stirling(x float64) float64 {
	w, sum := 1/(x*x), 0.0
	for k := len(bernoulli); k >= 1; k-- {
		sum = float64(w*sum) + bernoulli[k-1]/float64(2*k*(2*k-1))
	}
	return sum / x
}

func digammaDifference(x, n float64) float64 {
	y := x + n
	if x <= 0 || y <= 0 {
		return digamma(y) - digamma(x)
	}
	below := 0.0 // Σ 1/(x+i) - 1/(x+n+i), the terms that lead to large arguments
	m := steps(min(x, y))
	for i := m - 1; i >= 0; i-- {
		below += n / (x + float64(i)) / (y + float64(i))
	}
	x, y = x+float64(m), y+float64(m)
	return math.Log1p(n/x) + (0.5*n/x/y + (digammaTail(x) - digammaTail(y))) + below
}
