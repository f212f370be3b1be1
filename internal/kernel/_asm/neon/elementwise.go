package main

// Bits of a float32.
const (
	signBit   = 0x80000000
	valueBits = 0x7fffffff
	leastBits = 0x00800000 // the smallest normal number
	infBits   = 0x7f800000
)

// elementwise writes the kernels of one and two operands that round once an operation, as the Go loops do.
func elementwise() {
	binary("add", "is dst = a + b.", 4, (*function).plus)
	binary("sub", "is dst = a - b.", 4, (*function).minus)
	binary("mul", "is dst = a·b.", 4, (*function).times)
	binary("div", "is dst = a/b.", 4, (*function).over)
	binary("sigmoidGrad", "is dst = b·a·(1-a), flushed.", 2, func(f *function, y, g *vec) *vec {
		return f.flush(f.times(f.times(g, y), f.minus(f.float(1), y)))
	})
	binary("tanhGrad", "is dst = b·(1-a²), flushed.", 2, func(f *function, y, g *vec) *vec {
		return f.flush(f.times(g, f.minus(f.float(1), f.times(y, y))))
	})
	binary("reluGrad", "is dst = b where a > 0, and 0 elsewhere.", 4, func(f *function, y, g *vec) *vec {
		return f.logic("and", g, f.two("fcmgt", y))
	})
	unary("relu", "is dst = max(x, 0); NaN stays.", 4, func(f *function, x *vec) *vec { return f.max(x, f.bits(0)) })
	unary("neg", "is dst = -x.", 4, func(f *function, x *vec) *vec { return f.two("fneg", x) })
	unary("abs", "is dst = |x|.", 4, func(f *function, x *vec) *vec { return f.two("fabs", x) })
	unary("square", "is dst = x².", 4, func(f *function, x *vec) *vec { return f.times(x, x) })
	unary("sqrt", "is dst = √x.", 4, func(f *function, x *vec) *vec { return f.two("fsqrt", x) })
}

// flush clears the elements below the smallest normal number. NaN stays.
func (f *function) flush(v *vec) *vec {
	return f.logic("bic", v, f.less(f.two("fabs", v), f.bits(leastBits)))
}

// binary writes a kernel of two operands, u registers a turn.
func binary(name, doc string, u int, op func(f *function, a, b *vec) *vec) {
	f := begin(name+"Chunk", "(dst, a, b *float32, n int)", doc)
	p, n := f.loads("dst a b"), f.load("n")
	f.stream(p, n, u, func(at *access) { at.store(op(f, at.load(p[1]), at.load(p[2])), p[0]) })
	f.ret()
}

// unary writes a kernel of one operand, u registers a turn.
func unary(name, doc string, u int, op func(f *function, x *vec) *vec) {
	f := begin(name+"Chunk", "(dst, x *float32, n int)", doc)
	p, n := f.loads("dst x"), f.load("n")
	f.stream(p, n, u, func(at *access) { at.store(op(f, at.load(p[1])), p[0]) })
	f.ret()
}

// scalars writes the kernels with scalar parameters. The product is rounded before the sum, as in the Go loops.
func scalars() {
	f := begin("axpyChunk", "(dst, x *float32, n int, alpha float32)", "is dst += alpha·x.")
	p, n, alpha := f.loads("dst x"), f.load("n"), f.broadcast("alpha")
	f.stream(p, n, 4, func(at *access) {
		at.store(f.plus(at.load(p[0]), f.times(alpha, at.load(p[1]))), p[0])
	})
	f.ret()

	f = begin("affineChunk", "(dst, x *float32, n int, mul, add float32)", "is dst = mul·x + add.")
	p, n = f.loads("dst x"), f.load("n")
	mul, add := f.broadcast("mul"), f.broadcast("add")
	f.stream(p, n, 4, func(at *access) { at.store(f.plus(f.times(mul, at.load(p[1])), add), p[0]) })
	f.ret()

	f = begin("fillChunk", "(dst *float32, n int, v float32)", "is dst = v.")
	p, n = f.loads("dst"), f.load("n")
	v := f.broadcast("v")
	f.stream(p, n, 4, func(at *access) { at.store(v, p[0]) })
	f.ret()
}
