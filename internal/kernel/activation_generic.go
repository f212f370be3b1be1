package kernel

import "math"

// The loops that define the transcendental kernels.

func expGeneric[T Float](dst, x []T) { apply(dst, x, exp32, math.Exp) }

func logGeneric[T Float](dst, x []T) { apply(dst, x, log32, math.Log) }

func tanhGeneric[T Float](dst, x []T) { apply(dst, x, tanh32, math.Tanh) }

func sigmoidGeneric[T Float](dst, x []T) { apply(dst, x, sigmoid32, sigmoid64) }

func softplusGeneric[T Float](dst, x []T) { apply(dst, x, softplus32, softplus64) }

// apply maps x to dst with the function for T.
func apply[T Float](dst, x []T, f32 func(float32) float32, f64 func(float64) float64) {
	x = x[:len(dst)]
	if d, ok := any(dst).([]float32); ok {
		for i, v := range any(x).([]float32) {
			d[i] = f32(v)
		}
		return
	}
	d := any(dst).([]float64)
	for i, v := range any(x).([]float64) {
		d[i] = f64(v)
	}
}

// The float32 functions compute in float64 and round once, which keeps them within one unit in the last place.

func exp32(x float32) float32 { return float32(expShort(float64(x))) }

// expShort is eˣ to about 40 bits: 2ⁿ times a Taylor polynomial on [-ln2/2, ln2/2].
func expShort(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 89:
		return math.Inf(1) // past the largest float32
	case x < -104:
		return 0 // below half the smallest float32
	}
	n := math.RoundToEven(x * math.Log2E)
	r := x - float64(n*math.Ln2)
	p := 1.0/5040 + r/40320
	p = 1.0/720 + float64(r*p) // rounded alike on every machine
	p = 1.0/120 + float64(r*p)
	p = 1.0/24 + float64(r*p)
	p = 1.0/6 + float64(r*p)
	p = 1.0/2 + float64(r*p)
	p = 1 + float64(r*p)
	p = 1 + float64(r*p)
	return p * math.Float64frombits(uint64(1023+int64(n))<<52)
}

func log32(x float32) float32 { return float32(math.Log(float64(x))) }

func tanh32(v float32) float32 {
	x := float64(v)
	if x < 1e-3 && x > -1e-3 {
		return float32(x * (1 - x*x/3)) // keeps the sign of zero, and denormals
	}
	return float32(1 - 2/(expShort(2*x)+1))
}

// sigmoid32 takes the exponential of -|x|, which keeps denormal results.
func sigmoid32(x float32) float32 {
	z := expShort(-math.Abs(float64(x)))
	if x < 0 {
		return float32(z / (1 + z))
	}
	return float32(1 / (1 + z))
}

func sigmoid64(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus32(x float32) float32 { return float32(softplus64(float64(x))) }

func softplus64(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
