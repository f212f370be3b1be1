package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// series has the constants of ln(1+f) = f - f²/2 + f³·p(f) for 1+f in [√½, √2], minimax, 0.1 units in the last place.
type series struct {
	m         machine
	p         [8]Op
	minusHalf Op
	high, low Op // ln2 = high + low
}

func (m machine) series() series {
	s := series{m: m}
	for i, c := range []float32{0.333333313, -0.250008255, 0.200012505, -0.166231483, 0.142010316, -0.131615967,
		0.127677679, -0.0763859451} {
		s.p[i] = m.float(c)
	}
	s.minusHalf = m.float(-0.5)
	high := float32(math.Ln2)
	s.high, s.low = m.float(high), m.float(float32(math.Ln2-float64(high)))
	return s
}

// log is ln(1+f) + n·ln2, in the register of f. The largest summand comes last.
func (s series) log(f, n reg.VecVirtual) {
	p, square, rest := s.m.vec(), s.m.vec(), s.m.vec()
	VMOVAPS(s.p[7], p)
	for i := 6; i >= 0; i-- {
		VFMADD213PS(s.p[i], f, p)
	}
	VMULPS(f, f, square)
	VMULPS(f, p, p)
	VADDPS(s.minusHalf, p, p)
	VMULPS(square, p, rest) // f³·p - f²/2
	VFMADD231PS(s.low, n, rest)
	VADDPS(rest, f, f)
	VFMADD231PS(s.high, n, f)
}

// logarithm writes ln x = n·ln2 + ln m with x = 2ⁿ·m, m in [√½, √2].
func logarithm(m machine) {
	m.text("log", "(dst, x *float32, n int)", "is dst = ln x.")
	p, n := vectors("dst x")
	s := m.series()
	const root = 0x3f3504f3 // √½
	least, up, back := m.word(leastBits), m.float(1<<23), m.float(-23)
	rootHalf, one := m.word(root), m.float(1)
	inf, minusInf, nan := m.word(infBits), m.word(0xff800000), m.word(math.MaxUint32)
	m.stream(n, 1, func(at access) {
		x := at.load(p[1])
		zero, y, shift := m.vec(), m.vec(), m.vec()
		VXORPS(zero, zero, zero)

		// Denormals are scaled by 2²³ first.
		small := m.compare(lessThan, least, x)
		VMULPS(up, x, y)
		m.choose(small, x, y, y)
		m.choose(small, zero, m.inRegister(back), shift)

		// n is the exponent of x/√½, m = x/2ⁿ.
		exponent, f := m.vec(), m.vec()
		VPSUBD(rootHalf, y, exponent)
		VPSRAD(U8(23), exponent, exponent)
		VPSLLD(U8(23), exponent, f)
		VPSUBD(f, y, f)
		VSUBPS(one, f, f)
		VCVTDQ2PS(exponent, exponent)
		VADDPS(shift, exponent, exponent)
		s.log(f, exponent)

		m.choose(m.compare(notLess, inf, x), f, x, f) // infinity and NaN stay
		m.choose(m.compare(equal, zero, x), f, m.inRegister(minusInf), f)
		bad := m.compare(lessThan, zero, x)
		m.choose(bad, f, m.inRegister(nan), f) // NaN
		at.store(f, p[0])
	})
	m.end()
}

// inRegister loads a constant that is wanted in a register.
func (m machine) inRegister(c Op) reg.VecVirtual {
	if v, ok := c.(reg.VecVirtual); ok {
		return v
	}
	v := m.vec()
	VMOVUPS(c, v)
	return v
}

// compare is the mask of lanes where a stands in the relation to b.
func (m machine) compare(relation U8, b Op, a reg.VecVirtual) reg.Register {
	if m.wide {
		k := K()
		VCMPPS(relation, b, a, k)
		return k
	}
	v := m.vec()
	VCMPPS(relation, b, a, v)
	return v
}

// choose is out = mask ? b : a.
func (m machine) choose(mask reg.Register, a, b, out reg.VecVirtual) {
	if m.wide {
		VBLENDMPS(b, a, mask, out)
		return
	}
	VBLENDVPS(mask, b, a, out)
}

// softplus writes max(x, 0) + ln(1+z) with z = e^-|x|. Where z > √2 - 1, 1+z is halved and ln2 added.
func softplus(m machine) {
	m.text("softplus", "(dst, x *float32, n int)", "is dst = ln(1+e^x).")
	p, n := vectors("dst x")
	e, s := m.exponential(254), m.series()
	sign, bottom := m.word(signBit), m.float(-104)
	limit, half, one := m.float(math.Sqrt2-1), m.float(0.5), m.float(1)
	m.stream(n, 1, func(at access) {
		x := at.load(p[1])
		y, floor := m.negated(x, sign), m.vec()
		VMOVAPS(bottom, floor)
		VMAXPS(y, floor, y)
		z := e.exp(y)

		big, f, exponent, zero := m.compare(greaterThan, limit, z), m.vec(), m.vec(), m.vec()
		VXORPS(zero, zero, zero)
		VSUBPS(one, z, f)
		VMULPS(half, f, f) // (1+z)/2 - 1
		m.choose(big, z, f, f)
		m.choose(big, zero, m.inRegister(one), exponent)
		s.log(f, exponent)

		VMAXPS(x, zero, x)
		VADDPS(x, f, f)
		at.store(f, p[0])
	})
	m.end()
}
