package main

import "math"

// activations writes the transcendental kernels. They do the same roundings in the same order as those for AVX2 and
// AVX-512, so that their results are the same to the bit.
func activations() {
	f := begin("expSubChunk", "(dst, x *float32, n int, c float32)", "is dst = e^(x-c).")
	p, n, c := f.loads("dst x"), f.load("n"), f.broadcast("c")
	e := f.exponential(254)
	bound := e.bounds()
	f.stream(p, n, 2, func(at *access) { at.store(e.exp(bound(f.minus(at.load(p[1]), c))), p[0]) })
	f.ret()

	sigmoid()
	tanh()
	logarithm()
	softplus()
	sumExp()
}

// exponential has the constants of e^x = 2ⁿ·e^r with n = x/ln2 rounded to the nearest integer and |r| <= ln2/2.
//
// Adding shift = 1.5·2²³ + bias to x/ln2 rounds it to an integer and leaves n + bias in the low bits of the sum.
type exponential struct {
	f                            *function
	log2e, shift, high, low, one *vec // ln2 = high + low
	shiftBits                    uint32
}

// The coefficients of e^r = 1 + r + r²·q(r), minimax, 0.2 units in the last place.
var expQ = [5]float32{0.5, 0.16666542, 0.0416662768, 0.00836677756, 0.00139467861}

func (f *function) exponential(bias int) exponential {
	shift := float32(3<<22 + bias)
	high := float32(math.Ln2)
	return exponential{f: f, shiftBits: math.Float32bits(shift), log2e: f.float(math.Log2E), shift: f.float(shift),
		high: f.float(high), low: f.float(float32(math.Ln2 - float64(high))), one: f.float(1)}
}

// bounds gives the code that limits x to where the result is 0, or overflows. NaN stays.
func (e exponential) bounds() func(x *vec) *vec {
	top, bottom := e.f.float(89), e.f.float(-104)
	return func(x *vec) *vec { return e.f.max(e.f.min(x, top), bottom) }
}

// reduce splits x, whose register becomes r: t has n + bias in its low bits, n is a float.
func (e exponential) reduce(x *vec) (t, n *vec) {
	t = e.f.fresh(e.shiftBits)
	e.f.fma("4s", t, x, e.log2e)
	n = e.f.minus(t, e.shift)
	e.f.fms(x, e.high, n)
	e.f.fms(x, e.low, n)
	return t, n
}

// minusOne is e^r - 1 = r + r²·q(r).
func (e exponential) minusOne(r *vec) *vec {
	q := e.f.polynomial(r, expQ[:])
	square, sum := e.f.times(r, r), e.f.copy(r)
	e.f.fma("4s", sum, square, q)
	return sum
}

// polynomial is c[0] + c[1]·x + …, from the last coefficient down.
func (f *function) polynomial(x *vec, c []float32) *vec {
	q := f.fresh(math.Float32bits(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		sum := f.fresh(math.Float32bits(c[i]))
		f.fma("4s", sum, x, q)
		q = sum
	}
	return q
}

// exp is e^x for x within bounds, where e has bias 254. 2ⁿ is applied in two steps, as n exceeds the exponents of
// normal numbers at both ends; the last one rounds where the result is denormal.
func (e exponential) exp(x *vec) *vec {
	f := e.f
	t, _ := e.reduce(x)
	p := f.plus(e.minusOne(x), e.one)
	half := f.shift("ushr", t, 1)
	t = f.three("sub", "4s", t, half)
	half, t = f.shift("shl", half, 23), f.shift("shl", t, 23) // shifts the bits of 1.5·2²³ out
	return f.times(f.times(p, half), t)
}

// sigmoid writes 1/(1+e^-x) as z/(1+z) for negative x and 1/(1+z) for others, with z = e^-|x|.
func sigmoid() {
	f := begin("sigmoidChunk", "(dst, x *float32, n int)", "is dst = 1/(1+e^-x).")
	p, n := f.loads("dst x"), f.load("n")
	e := f.exponential(254)
	sign, bottom := f.bits(signBit), f.float(-104)
	f.stream(p, n, 2, func(at *access) {
		x := at.load(p[1])
		z := e.exp(f.max(f.logic("orr", x, sign), bottom))
		upper := f.choose(f.shift("sshr", x, 31), z, e.one) // of the fraction
		at.store(f.over(upper, f.plus(z, e.one)), p[0])
	})
	f.ret()
}

// tanh writes tanh|x| = -u/(2+u) with u = e^(-2|x|) - 1 = 2ⁿ·(e^r-1) + (2ⁿ-1), then the sign of x. For small x, n is
// 0 and u exact to rounding, down to denormals and zero.
func tanh() {
	f := begin("tanhChunk", "(dst, x *float32, n int)", "is dst = tanh x.")
	p, n := f.loads("dst x"), f.load("n")
	e := f.exponential(127)
	sign, bottom, two := f.bits(signBit), f.float(-20), f.float(2) // tanh 10 is 1
	f.stream(p, n, 2, func(at *access) {
		x := at.load(p[1])
		y := f.logic("orr", x, sign)
		y = f.max(f.plus(y, y), bottom)
		power, _ := e.reduce(y)
		less := e.minusOne(y)
		power = f.shift("shl", power, 23)
		u := f.minus(power, e.one)
		f.fma("4s", u, power, less)
		u = f.over(u, f.plus(u, two))
		f.threeInto("bit", "16b", u, x, sign)
		at.store(u, p[0])
	})
	f.ret()
}
