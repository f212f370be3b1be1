package distribution

import "math"

// Densities and the incomplete beta function without cancellation for large parameters, after Loader (2000), "Fast and accurate
// computation of binomial probabilities": factorials by Stirling's formula and its error, the rest by how far the parameters
// are from the best ones.

// stirlingError is ln Γ(z) - ((z-½)·ln z - z + ½·ln 2π), for z > 0.
func stirlingError(z float64) float64 {
	if z < 12 {
		g, _ := math.Lgamma(z)
		return g - ((z-0.5)*math.Log(z) - z + halfLog2Pi)
	}
	w := 1 / (z * z)
	return (1./12 - w*(1./360-w*(1./1260-w*(1./1680-w*(1./1188-w*(691./360360-w/156)))))) / z
}

// gap is z·(ln(m/z) - off/z) for off = m-z, at most 0: how much less likely the best parameter z is than m.
func gap(z, m, off float64) float64 {
	if math.Abs(off) > z/2 {
		return z*math.Log(m/z) - off
	}
	// With u = off/z and r = u/(2+u), ln(1+u) = 2(r + r³/3 + r⁵/5 + ...), and 2r - u = -u·r.
	u := off / z
	r := u / (2 + u)
	sum, power := 0.0, 2*r*r*r
	for k := 3.0; k < 100; k += 2 { // r² is at most 1/9
		next := sum + power/k
		if next == sum {
			break
		}
		sum, power = next, power*r*r
	}
	return z * (sum - u*r)
}

// poissonTerm is ln(λᶻ·e^-λ/Γ(z+1)), for z >= 0 and λ >= 0.
func poissonTerm(z, lambda float64) float64 {
	switch {
	case z == 0:
		return -lambda
	case lambda == 0 || math.IsInf(lambda, 0):
		return math.Inf(-1)
	}
	return gap(z, lambda, lambda-z) - 0.5*math.Log(z) - halfLog2Pi - stirlingError(z)
}

// betaTerm is ln(xᵃ·yᵇ/B(a, b)), for y = 1-x.
func betaTerm(a, b, x, y float64) float64 {
	if x == 0 || y == 0 {
		return math.Inf(-1)
	}
	off := b*x - a*y // (a+b) times the distance of x from the best one, a/(a+b)
	return gap(a, (a+b)*x, off) + gap(b, (a+b)*y, -off) + peak(a, b)
}

// peak is betaTerm at the best x, a/(a+b).
func peak(a, b float64) float64 {
	return 0.5*(math.Log(a)+math.Log(b)-math.Log(a+b)) - halfLog2Pi + stirlingError(a+b) - stirlingError(a) - stirlingError(b)
}

// logBeta is ln B(a, b).
func logBeta(a, b float64) float64 { return a*logShare(a, b) + b*logShare(b, a) - peak(a, b) }

// logShare is ln(a/(a+b)).
func logShare(a, b float64) float64 {
	if a > b {
		return math.Log1p(-b / (a + b))
	}
	return math.Log(a / (a + b))
}

// incompleteBeta is the regularised incomplete beta function at x, and what it lacks to 1, for y = 1-x: by a continued fraction
// on the side of the maximum where it converges (Didonato and Morris, 1992, as in Boost's ibeta).
func incompleteBeta(a, b, x, y float64) (below, above float64) {
	switch {
	case x <= 0:
		return 0, 1
	case y <= 0:
		return 1, 0
	case b*x-a*y > y-x: // x > (a+1)/(a+b+2)
		above, below = incompleteBeta(b, a, y, x)
		return below, above
	}
	below = min(1, math.Exp(betaTerm(a, b, x, y))/betaFraction(a, b, x, y))
	return below, 1 - below
}

// betaFraction is b₀ + a₁/(b₁ + a₂/(b₂ + ...)), by Lentz's method. It takes about √max(a, b) steps.
func betaFraction(a, b, x, y float64) float64 {
	off := a*y - b*x
	f := a * (off + 1) / (a + 1)
	c, d := f, 0.0
	for m := 1.0; m < 1e6; m++ {
		middle := a + 2*m - 1
		above := m * (a + m - 1) / middle * ((a + b + m - 1) / middle) * (b - m) * x * x
		below := m + m*(b-m)*x/middle + (a+m)*(off+1+m*(2-x))/(middle+2)
		d = 1 / (below + above*d)
		c = below + above/c
		f *= c * d
		if math.Abs(c*d-1) < 1e-16 {
			break
		}
	}
	return f
}

// solve finds the x > 0 with f(x) = want, for f above 0 that grows or falls everywhere and has the derivative slope: Newton's
// method for ln f as a function of ln x, which is close to a line in the tails; halves of the interval where that leaves it.
func solve(want, start float64, f, slope func(x float64) float64) float64 {
	low, high := -745.0, 710.0 // the logarithms of all numbers
	u := min(max(math.Log(start), low), high)
	for range 200 {
		x := math.Exp(u)
		y, s := f(x), slope(x)
		if y == want {
			return x
		}
		if grows := !math.Signbit(s); (y < want) == grows {
			low = u
		} else {
			high = u
		}
		step := -(math.Log(y) - math.Log(want)) * y / (s * x)
		if math.Abs(step) <= 1e-10 { // it converges quadratically
			return x * math.Exp(step)
		}
		if !(u+step > low && u+step < high) {
			step = (low+high)/2 - u
		}
		u += step
	}
	return math.Exp(u)
}
