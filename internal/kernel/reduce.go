package kernel

import "math"

// Sum is Σx, added up in sumLanes interleaved parts: the order depends on the length alone.
func Sum[T Float](x []T) T {
	if vectorised[T]() {
		return T(sum32(as32(x)))
	}
	return sumGeneric(x)
}

// Dot is Σa·b over the length of a, in the order of Sum.
func Dot[T Float](a, b []T) T {
	if vectorised[T]() {
		return T(dot32(as32(a), as32(b[:len(a)])))
	}
	return dotGeneric(a, b)
}

// SumSquares is Σx², in float64 and in the order of Sum.
func SumSquares[T Float](x []T) float64 {
	if vectorised[T]() {
		return sumSquares32(as32(x))
	}
	return sumSquaresGeneric(x)
}

// Max is the largest element of x, which must not be empty; a NaN wins.
func Max[T Float](x []T) T {
	if vectorised[T]() {
		return T(max32(as32(x)))
	}
	return maxGeneric(x)
}

// AddRows adds the rows of x [rows, cols] to dst [cols], from the first to the last.
func AddRows[T Float](dst, x []T, rows, cols int) { AddRowsOf(dst, x, rows, cols, cols) }

// AddRowsOf is AddRows for rows that begin ld elements apart.
func AddRowsOf[T Float](dst, x []T, rows, cols, ld int) {
	if rows <= 0 {
		return
	}
	dst, x = dst[:cols], x[:(rows-1)*ld+cols]
	if vectorised[T]() {
		addRows32(as32(dst), as32(x), rows, cols, ld)
		return
	}
	for r := range rows {
		addToGeneric(dst, x[r*ld:][:cols])
	}
}

// AllFinite tells whether x holds neither NaN nor Inf.
func AllFinite[T Float](x []T) bool {
	if vectorised[T]() {
		return allFinite32(as32(x))
	}
	return allFiniteGeneric(x)
}

// LogSumExpRow is ln Σeˣ, safe for elements of any size; -Inf for a row of -Inf, or of nothing.
func LogSumExpRow[T Float](x []T) T {
	if len(x) == 0 {
		return T(math.Inf(-1))
	}
	m := Max(x)
	if math.IsInf(float64(m), 0) || m != m {
		return m
	}
	return m + T(math.Log(sumExp(x, m)))
}

// sumExp is Σe^(x-m), in float64.
func sumExp[T Float](x []T, m T) float64 {
	if vectorised[T]() {
		return sumExp32(as32(x), float32(m))
	}
	return sumExpGeneric(x, m)
}

// LogSoftmaxRow is dst = x - ln Σeˣ. With m the largest of x it computes (x-m) - ln Σe^(x-m): m + ln Σe^(x-m), rounded
// to the size of x, would leave its error in every element.
func LogSoftmaxRow[T Float](dst, x []T) {
	if len(x) == 0 {
		return
	}
	m := Max(x)
	if math.IsInf(float64(m), 0) || m != m {
		Affine(dst, x, 1, -m)
		return
	}
	log := T(math.Log(sumExp(x, m)))
	Affine(dst, x, 1, -m)
	Affine(dst, dst, 1, -log)
}

// SoftmaxRow is dst = eˣ/Σeˣ, and returns ln Σeˣ. With m the largest of x it computes e^(x-m)/Σe^(x-m): the
// logarithm, rounded to the size of x, would leave its error in every element. Elements are NaN, or 0 beside an Inf,
// if m is not finite.
func SoftmaxRow[T Float](dst, x []T) T {
	if len(x) == 0 {
		return T(math.Inf(-1))
	}
	m := Max(x)
	if math.IsInf(float64(m), 0) || m != m {
		expSub(dst, x, m)
		return m
	}
	sum := sumExp(x, m)
	expSub(dst, x, m)
	Affine(dst, dst, T(1/sum), 0)
	return m + T(math.Log(sum))
}

// expSub is dst = e^(x-c).
func expSub[T Float](dst, x []T, c T) {
	if vectorised[T]() {
		expSub32(as32(dst), as32(x[:len(dst)]), float32(c))
		return
	}
	affineGeneric(dst, x, 1, -c)
	expGeneric(dst, dst)
}
