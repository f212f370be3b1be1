package main

import "math"

// series has the constants of ln(1+f) = f - f²/2 + f³·p(f) for 1+f in [√½, √2], minimax, 0.1 units in the last place.
type series struct {
	f                    *function
	minusHalf, high, low *vec // ln2 = high + low
}

var logP = [8]float32{0.333333313, -0.250008255, 0.200012505, -0.166231483, 0.142010316, -0.131615967, 0.127677679,
	-0.0763859451}

func (f *function) series() series {
	high := float32(math.Ln2)
	return series{f: f, minusHalf: f.float(-0.5), high: f.float(high), low: f.float(float32(math.Ln2 - float64(high)))}
}

// log is ln(1+x) + n·ln2. The largest summand comes last.
func (s series) log(x, n *vec) *vec {
	f := s.f
	p, square := f.polynomial(x, logP[:]), f.times(x, x)
	rest := f.times(f.plus(f.times(p, x), s.minusHalf), square) // x³·p - x²/2
	f.fma("4s", rest, n, s.low)
	sum := f.plus(x, rest)
	f.fma("4s", sum, n, s.high)
	return sum
}

// logarithm writes ln x = n·ln2 + ln m with x = 2ⁿ·m, m in [√½, √2].
func logarithm() {
	f := begin("logChunk", "(dst, x *float32, n int)", "is dst = ln x.")
	p, n := f.loads("dst x"), f.load("n")
	s := f.series()
	least, up, back := f.bits(leastBits), f.float(1<<23), f.float(-23)
	rootHalf, one := f.bits(0x3f3504f3), f.float(1)
	inf, minusInf := f.bits(infBits), f.bits(0xff800000)
	f.stream(p, n, 2, func(at *access) {
		x := at.load(p[1])

		// Denormals are scaled by 2²³ first.
		small := f.less(x, least)
		shift := f.logic("and", small, back)
		y := f.choose(small, f.times(x, up), x)

		// The exponent is that of x/√½, m = x/2ⁿ.
		exponent := f.shift("sshr", f.three("sub", "4s", y, rootHalf), 23)
		m := f.three("sub", "4s", y, f.shift("shl", exponent, 23))
		log := s.log(f.minus(m, one), f.plus(f.two("scvtf", exponent), shift))

		log = f.choose(f.less(x, inf), log, x) // infinity and NaN stay
		log = f.choose(f.two("fcmeq", x), minusInf, log)
		at.store(f.logic("orr", log, f.two("fcmlt", x)), p[0]) // all bits are NaN
	})
	f.ret()
}

// softplus writes max(x, 0) + ln(1+z) with z = e^-|x|. Where z > √2 - 1, 1+z is halved and ln2 added.
func softplus() {
	f := begin("softplusChunk", "(dst, x *float32, n int)", "is dst = ln(1+e^x).")
	p, n := f.loads("dst x"), f.load("n")
	e := f.exponential(254)
	s := f.series()
	sign, bottom, zero := f.bits(signBit), f.float(-104), f.bits(0)
	limit, half := f.float(math.Sqrt2-1), f.float(0.5)
	f.stream(p, n, 2, func(at *access) {
		x := at.load(p[1])
		z := e.exp(f.max(f.logic("orr", x, sign), bottom))
		big := f.less(limit, z)
		exponent := f.logic("and", big, e.one)
		m := f.choose(big, f.times(f.minus(z, e.one), half), z) // (1+z)/2 - 1
		at.store(f.plus(s.log(m, exponent), f.max(x, zero)), p[0])
	})
	f.ret()
}
