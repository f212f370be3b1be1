package kernel

import "math"

// Add is dst = a + b.
func Add[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// Sub is dst = a - b.
func Sub[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// Mul is dst = a·b, element by element.
func Mul[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// Div is dst = a/b, element by element.
func Div[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

// AddTo is dst += a.
func AddTo[T Float](dst, a []T) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] += a[i]
	}
}

// Axpy is dst += alpha·x.
func Axpy[T Float](dst []T, alpha T, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += alpha * x[i]
	}
}

// Affine is dst = mul·x + add.
func Affine[T Float](dst, x []T, mul, add T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = mul*x[i] + add
	}
}

// Fill is dst = v.
func Fill[T Float](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

// Neg is dst = -x.
func Neg[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = -x[i]
	}
}

// Abs is dst = |x|.
func Abs[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(math.Abs(float64(x[i])))
	}
}

// Square is dst = x².
func Square[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * x[i]
	}
}

// Sqrt is dst = √x.
func Sqrt[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(math.Sqrt(float64(x[i])))
	}
}

// ReLU is dst = max(x, 0); NaN stays.
func ReLU[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], 0)
	}
}

// SigmoidGrad is dst = g·y·(1-y): the derivative of a sigmoid from its result y and the gradient g of that. Results
// below the smallest normal number become 0, see tiny.
func SigmoidGrad[T Float](dst, y, g []T) {
	y, g = y[:len(dst)], g[:len(dst)]
	least := tiny[T]()
	for i := range dst {
		dst[i] = flush(g[i]*y[i]*(1-y[i]), least)
	}
}

// TanhGrad is dst = g·(1-y²): the derivative of tanh from its result y and the gradient g of that. Results below the
// smallest normal number become 0, see tiny.
func TanhGrad[T Float](dst, y, g []T) {
	y, g = y[:len(dst)], g[:len(dst)]
	least := tiny[T]()
	for i := range dst {
		dst[i] = flush(g[i]*(1-y[i]*y[i]), least)
	}
}

// ReLUGrad is dst = g where y > 0 and 0 elsewhere.
func ReLUGrad[T Float](dst, y, g []T) {
	y, g = y[:len(dst)], g[:len(dst)]
	for i := range dst {
		v := g[i]
		if !(y[i] > 0) {
			v = 0
		}
		dst[i] = v
	}
}

// tiny is the smallest normal number. A gradient that passes many saturated gates shrinks below it, where processors
// compute a hundred times slower; the kernels of the gates' derivatives return 0 there instead.
func tiny[T Float]() T {
	var v T
	if _, ok := any(v).(float32); ok {
		return T(math.Float32frombits(0x00800000))
	}
	least := math.Float64frombits(0x0010000000000000)
	return T(least)
}

func flush[T Float](v, least T) T {
	if v < least && v > -least {
		return 0
	}
	return v
}
