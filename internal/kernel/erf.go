package kernel

import "math"

// Erf is dst = erf x, the error function.
func Erf[T Float](dst, x []T) { apply(dst, x, erf32, math.Erf) }

// erf32 is x·P(x²)/Q(x²), a rational approximation on [-4, 4], past which float32 has ±1. The coefficients are those of
// Eigen and XLA (generic_fast_erf_float). The conversions have every machine round alike.
func erf32(v float32) float32 {
	x := min(max(float64(v), -4), 4)
	s := x * x
	p := -2.72614225801306e-10
	p = float64(p*s) + 2.77068142495902e-08
	p = float64(p*s) - 2.10102402082508e-06
	p = float64(p*s) - 5.69250639462346e-05
	p = float64(p*s) - 7.34990630326855e-04
	p = float64(p*s) - 2.95459980854025e-03
	p = float64(p*s) - 1.60960333262415e-02
	q := -1.45660718464996e-05
	q = float64(q*s) - 2.13374055278905e-04
	q = float64(q*s) - 1.68282697438203e-03
	q = float64(q*s) - 7.37332916720468e-03
	q = float64(q*s) - 1.42647390514189e-02
	return float32(x * p / q)
}
