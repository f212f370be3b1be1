package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reductions writes the kernels that reduce a vector to a number. Element i goes to partial result i mod 32. Those
// are kept in memory between calls; the result of a call is all of them added by halves.
func reductions(m machine) {
	m.text("sum", "(x *float32, n int, s *[32]float32) float32", "is Σs after s[i mod 32] += x[i].")
	p, n := vectors("x")
	m.float32Parts(n, func(at access, s reg.VecVirtual) {
		VADDPS(at.load(p[0]), s, s)
	})

	m.text("dot", "(a, b *float32, n int, s *[32]float32) float32", "is Σs after s[i mod 32] += a[i]·b[i].")
	p, n = vectors("a b")
	m.float32Parts(n, func(at access, s reg.VecVirtual) {
		a := at.load(p[0])
		VMULPS(at.load(p[1]), a, a)
		VADDPS(a, s, s)
	})

	sumSquares(m)
	maximum(m)
	allFinite(m)
	addRows(m)
}

// float32Parts is the body of a kernel with 32 partial results s.
func (m machine) float32Parts(n reg.GPVirtual, body func(at access, s reg.VecVirtual)) {
	at, parts := Load(Param("s"), GP64()), make([]reg.VecVirtual, 4)
	for j := range parts {
		parts[j] = m.vec()
		VMOVUPS(Mem{Base: at, Disp: 32 * j}, parts[j])
	}
	m.parts(n, 4, func(a access, j int) { body(a, parts[j]) })
	for j, v := range parts {
		VMOVUPS(v, Mem{Base: at, Disp: 32 * j})
	}
	VADDPS(parts[2], parts[0], parts[0])
	VADDPS(parts[3], parts[1], parts[1])
	VADDPS(parts[1], parts[0], parts[0])
	sum, other := XMM(), XMM()
	VEXTRACTF128(U8(1), parts[0], other)
	VADDPS(other, parts[0].AsX(), sum)
	VMOVHLPS(sum, sum, other)
	VADDPS(other, sum, sum)
	VMOVSHDUP(sum, other)
	VADDSS(other, sum, sum)
	Store(sum, ReturnIndex(0))
	m.end()
}

// parts calls body for all of n elements with j the number of the register modulo u. n is destroyed.
func (m machine) parts(n reg.GPVirtual, u int, body func(at access, j int)) {
	i, w := GP64(), m.lanes()
	XORQ(i, i)
	SUBQ(I32(u*w), n)
	JL(LabelRef("few"))
	Label("many")
	for j := range u {
		body(access{m: m, i: i, off: j * w}, j)
	}
	ADDQ(I32(u*w), i)
	SUBQ(I32(u*w), n)
	JGE(LabelRef("many"))
	Label("few")
	ADDQ(I32(u*w), n)
	rests := []string{"rest0", "rest1", "rest2", "rest3"}
	for j := range u {
		SUBQ(I32(w), n)
		JL(LabelRef(rests[j]))
		if j < u-1 { // the last register is never full here
			body(access{m: m, i: i, off: j * w}, j)
		}
	}
	for j := range u {
		Label(rests[j])
		ADDQ(I32(w), n)
		JZ(LabelRef("done"))
		body(access{m: m, i: i, off: j * w, mask: m.mask(n)}, j)
		JMP(LabelRef("done"))
	}
	Label("done")
}

// sumSquares squares in float64, where the product of two float32 is exact.
func sumSquares(m machine) {
	m.text("sumSquares", "(x *float32, n int, s *[32]float64) float64", "is Σs after s[i mod 32] += x[i]², in float64.")
	p, n := vectors("x")
	at, parts := Load(Param("s"), GP64()), make([]reg.VecVirtual, 8)
	for j := range parts {
		parts[j] = YMM()
		VMOVUPD(Mem{Base: at, Disp: 32 * j}, parts[j])
	}
	m.parts(n, 4, func(a access, j int) {
		x, low, high := a.load(p[0]), YMM(), YMM()
		widen(x, low, high)
		VFMADD231PD(low, low, parts[2*j])
		VFMADD231PD(high, high, parts[2*j+1])
	})
	for j, v := range parts {
		VMOVUPD(v, Mem{Base: at, Disp: 32 * j})
	}
	for half := 4; half > 0; half /= 2 {
		for j := range half {
			VADDPD(parts[j+half], parts[j], parts[j])
		}
	}
	storeSum(parts[0])
	m.end()
}

// widen converts eight float32 to float64.
func widen(x, low, high reg.VecVirtual) {
	top := XMM()
	VEXTRACTF128(U8(1), x, top)
	VCVTPS2PD(x.AsX(), low)
	VCVTPS2PD(top, high)
}

// maximum compares as integers: a negative float's value bits are inverted. That orders -0 below +0 as Go's max does.
// A NaN is noted apart, since a negative one would be the least of all.
func maximum(m machine) {
	m.text("max", "(x *float32, n int) (largest float32, nan bool)",
		"is the largest of n > 0 elements of x, and whether x holds a NaN.")
	p, n := vectors("x")
	best, nan := m.vec(), m.vec()
	VXORPS(nan, nan, nan)
	VBROADCASTSS(Mem{Base: p[0]}, best)
	fold := func(v reg.VecVirtual) { // floats to ordered integers and back
		s := m.vec()
		VPSRAD(U8(31), v, s)
		VPSRLD(U8(1), s, s)
		VPXOR(s, v, v)
	}
	fold(best)
	m.stream(n, 4, func(at access) {
		v := at.load(p[0])
		if at.mask != nil {
			first := m.vec()
			VBROADCASTSS(Mem{Base: p[0]}, first)
			VBLENDVPS(at.mask, v, first, v)
		}
		odd := m.vec()
		VCMPPS(unordered, v, v, odd)
		VORPS(odd, nan, nan)
		fold(v)
		VPMAXSD(v, best, best)
	})
	half := XMM()
	VEXTRACTI128(U8(1), best, half)
	VPMAXSD(half, best.AsX(), half)
	other := XMM()
	for _, order := range []U8{0x4e, 0xb1} { // the upper half, then the neighbour
		VPSHUFD(order, half, other)
		VPMAXSD(other, half, half)
	}
	VPSRAD(U8(31), half, other)
	VPSRLD(U8(1), other, other)
	VPXOR(other, half, half)
	Store(half, Return("largest"))
	found := GP32()
	VMOVMSKPS(nan, found)
	TESTL(found, found)
	SETNE(found.As8())
	Store(found.As8(), Return("nan"))
	m.end()
}

// allFinite looks for the exponent of infinities and NaN.
func allFinite(m machine) {
	m.text("allFinite", "(x *float32, n int) bool", "tells whether x holds neither NaN nor Inf.")
	p, n := vectors("x")
	found, inf := m.vec(), m.held(infBits)
	VXORPS(found, found, found)
	m.stream(n, 4, func(at access) {
		v := at.load(p[0])
		VPAND(inf, v, v)
		VPCMPEQD(inf, v, v)
		VPOR(v, found, found)
	})
	bits := GP32()
	VMOVMSKPS(found, bits)
	TESTL(bits, bits)
	SETEQ(bits.As8())
	Store(bits.As8(), ReturnIndex(0))
	m.end()
}

// addRows keeps 32 columns in registers over all rows.
func addRows(m machine) {
	m.text("addRows", "(dst, x *float32, n, rows, stride int)",
		"is dst += Σ over r < rows of x[r·stride + column], from the first row to the last. rows must not be 0.")
	p, n := vectors("dst x")
	rows, stride := GP64(), GP64()
	Load(Param("rows"), rows)
	Load(Param("stride"), stride)
	SHLQ(U8(2), stride)
	i, w := GP64(), m.lanes()
	XORQ(i, i)
	block := func(label string, u int, mask reg.Register) {
		row, left := GP64(), GP64()
		MOVQ(p[1], row)
		MOVQ(rows, left)
		sums := make([]reg.VecVirtual, u)
		for j := range sums {
			sums[j] = access{m: m, i: i, off: j * w, mask: mask}.load(p[0])
		}
		Label(label)
		for j := range sums {
			VADDPS(access{m: m, i: i, off: j * w, mask: mask}.load(row), sums[j], sums[j])
		}
		ADDQ(stride, row)
		DECQ(left)
		JNZ(LabelRef(label))
		for j := range sums {
			access{m: m, i: i, off: j * w, mask: mask}.store(sums[j], p[0])
		}
	}
	SUBQ(I32(4*w), n)
	JL(LabelRef("few"))
	Label("many")
	block("manyRows", 4, nil)
	ADDQ(I32(4*w), i)
	SUBQ(I32(4*w), n)
	JGE(LabelRef("many"))
	Label("few")
	ADDQ(I32(4*w), n)
	SUBQ(I32(w), n)
	JL(LabelRef("rest"))
	Label("one")
	block("oneRows", 1, nil)
	ADDQ(I32(w), i)
	SUBQ(I32(w), n)
	JGE(LabelRef("one"))
	Label("rest")
	ADDQ(I32(w), n)
	JZ(LabelRef("done"))
	block("restRows", 1, m.mask(n))
	Label("done")
	m.end()
}

// sumExp adds e^(x-c) in float64, element i to partial result i mod 8, and folds them by halves.
func sumExp(m machine) {
	m.text("sumExp", "(x *float32, n int, c float32) float64", "is Σe^(x-c), added in float64.")
	p, n := vectors("x")
	c := m.broadcast("c")
	e := m.exponential(254)
	bound := e.bounds()
	parts := []reg.VecVirtual{YMM(), YMM()}
	if m.wide {
		parts = []reg.VecVirtual{ZMM()}
	}
	for _, v := range parts {
		VXORPD(v, v, v)
	}
	m.stream(n, 1, func(at access) {
		x := at.load(p[0])
		VSUBPS(c, x, x)
		bound(x)
		y := e.exp(x)
		if !m.wide {
			if at.mask != nil {
				VANDPS(at.mask, y, y)
			}
			low, high := YMM(), YMM()
			widen(y, low, high)
			VADDPD(low, parts[0], parts[0])
			VADDPD(high, parts[1], parts[1])
			return
		}
		if at.mask != nil {
			VMOVAPS_Z(y, at.mask, y)
		}
		top, d := YMM(), ZMM()
		VCVTPS2PD(y.AsY(), d)
		VADDPD(d, parts[0], parts[0])
		VEXTRACTF64X4(U8(1), y, top)
		VCVTPS2PD(top, d)
		VADDPD(d, parts[0], parts[0])
	})
	low, high := parts[0], YMM()
	if m.wide {
		VEXTRACTF64X4(U8(1), parts[0], high)
		low = YMM()
		VMOVAPD(parts[0].AsY(), low)
		VADDPD(high, low, low)
	} else {
		VADDPD(parts[1], low, low)
	}
	storeSum(low)
	m.end()
}

// storeSum returns the sum of four float64, added by halves.
func storeSum(v reg.VecVirtual) {
	s, other := XMM(), XMM()
	VEXTRACTF128(U8(1), v, other)
	VADDPD(other, v.AsX(), s)
	VUNPCKHPD(s, s, other)
	VADDSD(other, s, s)
	Store(s, ReturnIndex(0))
}
