package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Comparison predicates, and bits of a float32.
const (
	lessThan    = U8(0x11) // ordered
	notLess     = U8(0x15) // also true of NaN
	greaterThan = U8(0x1e)
	unordered   = U8(0x03)
	equal       = U8(0x00)

	signBit   = 0x80000000
	valueBits = 0x7fffffff
	leastBits = 0x00800000 // the smallest normal number
	infBits   = 0x7f800000
)

// elementwise writes the kernels of one and two operands that round once an operation, as the Go loops do.
func elementwise(m machine) {
	m.binary("add", "is dst = a + b.", func(a, b reg.VecVirtual) { VADDPS(b, a, a) })
	m.binary("sub", "is dst = a - b.", func(a, b reg.VecVirtual) { VSUBPS(b, a, a) })
	m.binary("mul", "is dst = a·b.", func(a, b reg.VecVirtual) { VMULPS(b, a, a) })
	m.binary("div", "is dst = a/b.", func(a, b reg.VecVirtual) { VDIVPS(b, a, a) })
	m.binary("sigmoidGrad", "is dst = b·a·(1-a), flushed.", func(y, g reg.VecVirtual) {
		VMULPS(g, y, g)
		one := m.vec()
		VMOVAPS(table(math.Float32bits(1)), one)
		VSUBPS(y, one, one)
		VMULPS(one, g, y)
		m.flush(y)
	})
	m.binary("tanhGrad", "is dst = b·(1-a²), flushed.", func(y, g reg.VecVirtual) {
		VMULPS(y, y, y)
		one := m.vec()
		VMOVAPS(table(math.Float32bits(1)), one)
		VSUBPS(y, one, one)
		VMULPS(one, g, y)
		m.flush(y)
	})
	m.binary("reluGrad", "is dst = b where a > 0, and 0 elsewhere.", func(y, g reg.VecVirtual) {
		zero := m.vec()
		VXORPS(zero, zero, zero)
		VCMPPS(greaterThan, zero, y, y)
		VANDPS(g, y, y)
	})
	m.unary("relu", "is dst = max(x, 0); NaN stays.", 4, func(x reg.VecVirtual) {
		zero := m.vec()
		VXORPS(zero, zero, zero)
		VMAXPS(x, zero, x) // x where it is NaN or -0
		VADDPS(zero, x, x) // -0 becomes 0
	})
	m.unary("neg", "is dst = -x.", 4, func(x reg.VecVirtual) { VXORPS(table(signBit), x, x) })
	m.unary("abs", "is dst = |x|.", 4, func(x reg.VecVirtual) { VANDPS(table(valueBits), x, x) })
	m.unary("square", "is dst = x².", 4, func(x reg.VecVirtual) { VMULPS(x, x, x) })
	m.unary("sqrt", "is dst = √x.", 2, func(x reg.VecVirtual) { VSQRTPS(x, x) })
}

// binary writes a kernel of two operands; f leaves its result in the first.
func (m machine) binary(name, doc string, f func(a, b reg.VecVirtual)) {
	m.text(name, "(dst, a, b *float32, n int)", doc)
	p, n := vectors("dst a b")
	m.stream(n, 4, func(at access) {
		a, b := at.load(p[1]), at.load(p[2])
		f(a, b)
		at.store(a, p[0])
	})
	m.end()
}

// unary writes a kernel of one operand, u registers a turn; f works in place.
func (m machine) unary(name, doc string, u int, f func(x reg.VecVirtual)) {
	m.text(name, "(dst, x *float32, n int)", doc)
	p, n := vectors("dst x")
	m.stream(n, u, func(at access) {
		x := at.load(p[1])
		f(x)
		at.store(x, p[0])
	})
	m.end()
}

// flush clears the elements below the smallest normal number. NaN stays.
func (m machine) flush(v reg.VecVirtual) {
	size, normal := m.vec(), m.vec()
	VANDPS(table(valueBits), v, size)
	VCMPPS(notLess, table(leastBits), size, normal)
	VANDPS(normal, v, v)
}

// scalars writes the kernels with scalar parameters. The product is rounded before the sum, as in the Go loops.
func scalars(m machine) {
	m.text("axpy", "(dst, x *float32, n int, alpha float32)", "is dst += alpha·x.")
	p, n := vectors("dst x")
	alpha := m.broadcast("alpha")
	m.stream(n, 4, func(at access) {
		x, y := at.load(p[1]), at.load(p[0])
		VMULPS(alpha, x, x)
		VADDPS(x, y, y)
		at.store(y, p[0])
	})
	m.end()

	m.text("affine", "(dst, x *float32, n int, mul, add float32)", "is dst = mul·x + add.")
	p, n = vectors("dst x")
	mul, add := m.broadcast("mul"), m.broadcast("add")
	m.stream(n, 4, func(at access) {
		x := at.load(p[1])
		VMULPS(mul, x, x)
		VADDPS(add, x, x)
		at.store(x, p[0])
	})
	m.end()

	m.text("fill", "(dst *float32, n int, v float32)", "is dst = v.")
	p, n = vectors("dst")
	v := m.broadcast("v")
	m.stream(n, 4, func(at access) { at.store(v, p[0]) })
	m.end()
}

func (m machine) end() {
	VZEROUPPER()
	RET()
}
