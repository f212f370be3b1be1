package kernel

import "math"

// sumLanes is the number of partial sums that sums are made of: element i belongs to number i mod sumLanes. So many
// let a processor add without waiting for the sum before, and the order is the same on every machine.
const sumLanes = 32

// fold adds partial sums by halves, the upper to the lower.
func fold[T Float](s *[sumLanes]T) T {
	for n := sumLanes / 2; n > 0; n /= 2 {
		for i := range s[:n] {
			s[i] += s[i+n]
		}
	}
	return s[0]
}

func sumGeneric[T Float](x []T) T {
	var s [sumLanes]T
	for i, v := range x {
		s[i%sumLanes] += v
	}
	return fold(&s)
}

func dotGeneric[T Float](a, b []T) T {
	b = b[:len(a)]
	var s [sumLanes]T
	for i, v := range a {
		s[i%sumLanes] += T(v * b[i])
	}
	return fold(&s)
}

func sumSquaresGeneric[T Float](x []T) float64 {
	var s [sumLanes]float64
	for i, v := range x {
		s[i%sumLanes] += float64(float64(v) * float64(v))
	}
	return fold(&s)
}

func maxGeneric[T Float](x []T) T {
	m := x[0]
	for _, v := range x[1:] {
		m = max(m, v)
	}
	return m
}

func allFiniteGeneric[T Float](x []T) bool {
	var s T
	for _, v := range x {
		s += v - v // 0 for finite numbers, NaN for others
	}
	return s == 0
}

// sumExpGeneric is Σe^(x-m), in float64.
func sumExpGeneric[T Float](x []T, m T) float64 {
	s := 0.0
	if f, ok := any(x).([]float32); ok {
		for _, v := range f {
			s += expShort(float64(v) - float64(m))
		}
		return s
	}
	for _, v := range x {
		s += math.Exp(float64(v - m))
	}
	return s
}
