package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// activations writes the transcendental kernels. Both instruction sets do the same roundings in the same order, so
// that their results are the same to the bit.
func activations(m machine) {
	m.text("expSub", "(dst, x *float32, n int, c float32)", "is dst = e^(x-c).")
	p, n := vectors("dst x")
	c := m.broadcast("c")
	e := m.exponential(254)
	bound := e.bounds()
	m.stream(n, 1, func(at access) {
		x := at.load(p[1])
		VSUBPS(c, x, x)
		bound(x)
		at.store(e.exp(x), p[0])
	})
	m.end()

	sigmoid(m)
	tanh(m)
	logarithm(m)
	softplus(m)
	sumExp(m)
}

// exponential has the constants of e^x = 2ⁿ·e^r with n = x/ln2 rounded to the nearest integer and |r| <= ln2/2.
//
// Adding shift = 1.5·2²³ + bias to x/ln2 rounds it to an integer and leaves n + bias in the low bits of the sum.
type exponential struct {
	m                machine
	log2e            reg.VecVirtual
	shift, high, low Op // ln2 = high + low
	one              Op
	q                [5]Op // e^r = 1 + r + r²·q(r), minimax, 0.2 units in the last place
}

func (m machine) exponential(bias int) exponential {
	e := exponential{m: m, log2e: m.held(math.Float32bits(math.Log2E))}
	e.shift = m.float(float32(3<<22 + bias))
	high := float32(math.Ln2)
	e.high, e.low = m.float(high), m.float(float32(math.Ln2-float64(high)))
	e.one = m.float(1)
	for i, c := range []float32{0.5, 0.16666542, 0.0416662768, 0.00836677756, 0.00139467861} {
		e.q[i] = m.float(c)
	}
	return e
}

// bounds gives the code that limits x to where the result is 0, or overflows. NaN stays.
func (e exponential) bounds() func(x reg.VecVirtual) {
	top, bottom := e.m.float(89), e.m.float(-104)
	return func(x reg.VecVirtual) {
		limit := e.m.vec()
		VMOVAPS(top, limit)
		VMINPS(x, limit, limit) // the first source where it is NaN
		VMOVAPS(limit, x)
		VMOVAPS(bottom, limit)
		VMAXPS(x, limit, x)
	}
}

// reduce splits x: t has n + bias in its low bits, n is a float, and x becomes r.
func (e exponential) reduce(x reg.VecVirtual) (t, n reg.VecVirtual) {
	t, n = e.m.vec(), e.m.vec()
	VMOVAPS(e.shift, t)
	VFMADD231PS(x, e.log2e, t)
	VSUBPS(e.shift, t, n)
	VFNMADD231PS(e.high, n, x)
	VFNMADD231PS(e.low, n, x)
	return t, n
}

// minusOne is e^r - 1 = r + r²·q(r).
func (e exponential) minusOne(r reg.VecVirtual) reg.VecVirtual {
	q, square := e.m.vec(), e.m.vec()
	VMOVAPS(e.q[4], q)
	for i := 3; i >= 0; i-- {
		VFMADD213PS(e.q[i], r, q)
	}
	VMULPS(r, r, square)
	VFMADD213PS(r, square, q)
	return q
}

// exp is e^x for x within bounds, where e has bias 254. 2ⁿ is applied in two steps, as n exceeds the exponents of
// normal numbers at both ends; the last one rounds where the result is denormal.
func (e exponential) exp(x reg.VecVirtual) reg.VecVirtual {
	t, n := e.reduce(x)
	p := e.minusOne(x)
	VADDPS(e.one, p, p)
	if e.m.wide {
		VSCALEFPS(n, p, p)
		return p
	}
	half := e.m.vec()
	VPSRLD(U8(1), t, half)
	VPSUBD(half, t, t)
	VPSLLD(U8(23), half, half) // shifts the bits of 1.5·2²³ out
	VPSLLD(U8(23), t, t)
	VMULPS(half, p, p)
	VMULPS(t, p, p)
	return p
}

// negated writes -|x|.
func (m machine) negated(x reg.VecVirtual, sign Op) reg.VecVirtual {
	v := m.vec()
	VORPS(sign, x, v)
	return v
}

// sigmoid writes 1/(1+e^-x) as z/(1+z) for negative x and 1/(1+z) for others, with z = e^-|x|.
func sigmoid(m machine) {
	m.text("sigmoid", "(dst, x *float32, n int)", "is dst = 1/(1+e^-x).")
	p, n := vectors("dst x")
	e := m.exponential(254)
	sign, bottom, one := m.word(signBit), m.float(-104), m.held(math.Float32bits(1))
	m.stream(n, 1, func(at access) {
		x := at.load(p[1])
		y, limit := m.negated(x, sign), m.vec()
		VMOVAPS(bottom, limit)
		VMAXPS(y, limit, y)
		z := e.exp(y)
		under := m.vec()
		VADDPS(one, z, under)
		m.blend(x, one, z, x) // the upper of the fraction
		VDIVPS(under, x, x)
		at.store(x, p[0])
	})
	m.end()
}

// blend is out = where's sign bit ? b : a.
func (m machine) blend(where, a, b, out reg.VecVirtual) {
	if m.wide {
		k := K()
		VPMOVD2M(where, k)
		VBLENDMPS(b, a, k, out)
		return
	}
	VBLENDVPS(where, b, a, out)
}

// tanh writes tanh|x| = -u/(2+u) with u = e^(-2|x|) - 1 = 2ⁿ·(e^r-1) + (2ⁿ-1), then the sign of x. For small x, n is
// 0 and u exact to rounding, down to denormals and zero.
func tanh(m machine) {
	m.text("tanh", "(dst, x *float32, n int)", "is dst = tanh x.")
	p, n := vectors("dst x")
	e := m.exponential(127)
	sign, value := m.word(signBit), m.word(valueBits)
	bottom, two := m.float(-20), m.float(2) // tanh 10 is 1
	m.stream(n, 1, func(at access) {
		x := at.load(p[1])
		y, limit := m.negated(x, sign), m.vec()
		VADDPS(y, y, y)
		VMOVAPS(bottom, limit)
		VMAXPS(y, limit, y)
		power, _ := e.reduce(y)
		u, less := e.minusOne(y), m.vec()
		VPSLLD(U8(23), power, power)
		VSUBPS(e.one, power, less)
		VFMADD213PS(less, power, u)
		under := m.vec()
		VADDPS(two, u, under)
		VDIVPS(under, u, u)
		VANDPS(value, u, u)
		VANDPS(sign, x, x)
		VORPS(x, u, u)
		at.store(u, p[0])
	})
	m.end()
}
