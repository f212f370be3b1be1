package kernel

import "math"

// The loops that define the element-wise kernels. A product is converted to T before it is added to anything: that
// keeps the compiler from fusing the two, so that every machine rounds alike.

func addGeneric[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func subGeneric[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func mulGeneric[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func divGeneric[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func addToGeneric[T Float](dst, a []T) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] += a[i]
	}
}

func axpyGeneric[T Float](dst []T, alpha T, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += T(alpha * x[i])
	}
}

func affineGeneric[T Float](dst, x []T, mul, add T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(mul*x[i]) + add
	}
}

func fillGeneric[T Float](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

func negGeneric[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = -x[i]
	}
}

func absGeneric[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(math.Abs(float64(x[i])))
	}
}

func squareGeneric[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * x[i]
	}
}

func sqrtGeneric[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(math.Sqrt(float64(x[i])))
	}
}

func reluGeneric[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = max(x[i], 0)
	}
}

func sigmoidGradGeneric[T Float](dst, y, g []T) {
	y, g = y[:len(dst)], g[:len(dst)]
	least := tiny[T]()
	for i := range dst {
		dst[i] = flush(T(g[i]*y[i])*(1-y[i]), least)
	}
}

func tanhGradGeneric[T Float](dst, y, g []T) {
	y, g = y[:len(dst)], g[:len(dst)]
	least := tiny[T]()
	for i := range dst {
		dst[i] = flush(g[i]*(1-T(y[i]*y[i])), least)
	}
}

func reluGradGeneric[T Float](dst, y, g []T) {
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

func scatterAddRowsGeneric[T Float](dst, src []T, ids []int, cols, skip int) {
	for i, id := range ids {
		if id != skip {
			addToGeneric(dst[id*cols:(id+1)*cols], src[i*cols:(i+1)*cols])
		}
	}
}
