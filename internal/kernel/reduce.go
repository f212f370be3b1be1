package kernel

import "math"

// Sum is Σx, added up in eight interleaved parts, so the order is the same on every machine.
func Sum[T Float](x []T) T {
	var s [8]T
	i := 0
	for ; i+8 <= len(x); i += 8 {
		v := x[i : i+8 : i+8]
		for j := range s {
			s[j] += v[j]
		}
	}
	for j := 0; i < len(x); i, j = i+1, j+1 {
		s[j] += x[i]
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// Dot is Σa·b over the length of a, in four interleaved parts.
func Dot[T Float](a, b []T) T {
	b = b[:len(a)]
	var s0, s1, s2, s3 T
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s2) + (s1 + s3)
}

// SumSquares is Σx², in float64.
func SumSquares[T Float](x []T) float64 {
	var s0, s1 float64
	i := 0
	for ; i+2 <= len(x); i += 2 {
		s0 += float64(x[i]) * float64(x[i])
		s1 += float64(x[i+1]) * float64(x[i+1])
	}
	if i < len(x) {
		s0 += float64(x[i]) * float64(x[i])
	}
	return s0 + s1
}

// Max is the largest element of x, which must not be empty; a NaN wins.
func Max[T Float](x []T) T {
	m := x[0]
	for _, v := range x[1:] {
		m = max(m, v)
	}
	return m
}

// AddRows adds the rows of x [rows, cols] to dst [cols], from the first to the last.
func AddRows[T Float](dst, x []T, rows, cols int) {
	for r := 0; r < rows; r++ {
		AddTo(dst[:cols], x[r*cols:(r+1)*cols])
	}
}

// AllFinite tells whether x holds neither NaN nor Inf.
func AllFinite[T Float](x []T) bool {
	var s T
	for _, v := range x {
		s += v - v // 0 for finite numbers, NaN for others
	}
	return s == 0
}

// LogSumExpRow is ln Σeˣ, safe for elements of any size; -Inf for a row of -Inf.
func LogSumExpRow[T Float](x []T) T {
	m := Max(x)
	if math.IsInf(float64(m), 0) || m != m {
		return m
	}
	return m + T(math.Log(sumExp(x, m)))
}

// sumExp is Σe^(x-m), in float64.
func sumExp[T Float](x []T, m T) float64 {
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

// SoftmaxRow is dst = e^(x-l) with l = ln Σeˣ, which it returns.
func SoftmaxRow[T Float](dst, x []T) T {
	l := LogSumExpRow(x)
	Affine(dst, x, 1, -l)
	Exp(dst, dst)
	return l
}
