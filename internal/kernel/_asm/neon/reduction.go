package main

// reductions writes the kernels that reduce a vector to a number. Element i goes to partial result i mod 32. Those
// are kept in memory between calls; the result of a call is all of them added by halves.
func reductions() {
	f := begin("sumChunk", "(x *float32, n int, s *[32]float32) float32", "is Σs after s[i mod 32] += x[i].")
	p, n := f.loads("x"), f.load("n")
	f.sums("4s", p, n, func(at *access, s []*vec) { f.addTo("4s", s[at.place], at.load(p[0])) })

	f = begin("dotChunk", "(a, b *float32, n int, s *[32]float32) float32", "is Σs after s[i mod 32] += a[i]·b[i].")
	p, n = f.loads("a b"), f.load("n")
	f.sums("4s", p, n, func(at *access, s []*vec) {
		f.addTo("4s", s[at.place], f.times(at.load(p[0]), at.load(p[1])))
	})

	// The product of two float32 is exact in float64.
	f = begin("sumSquaresChunk", "(x *float32, n int, s *[32]float64) float64",
		"is Σs after s[i mod 32] += x[i]², in float64.")
	p, n = f.loads("x"), f.load("n")
	f.sums("2d", p, n, func(at *access, s []*vec) {
		low, high := f.widen(at.load(p[0]))
		f.fma("2d", s[2*at.place], low, low)
		f.fma("2d", s[2*at.place+1], high, high)
	})
	maximum()
	allFinite()
	addRows()
}

func (f *function) addTo(l lanes, s, x *vec) { f.threeInto("fadd", l, s, s, x) }

// sums is the body of a kernel with 32 partial results s, and its end. They are in 8 registers of float32, or 16 of
// float64.
func (f *function) sums(l lanes, p []gp, n gp, body func(at *access, s []*vec)) {
	memory, registers := f.load("s"), 8
	if l == "2d" {
		registers = 16
	}
	s := make([]*vec, registers)
	for j := range s {
		s[j] = &vec{-1}
		f.asm("FMOVQ %s, %v", at(memory, 16*j), s[j])
	}
	f.parts(p, n, 8, func(at *access) { body(at, s) })
	for j, v := range s {
		f.asm("FMOVQ %v, %s", v, at(memory, 16*j))
	}
	for half := registers / 2; half > 0; half /= 2 {
		for j := range half {
			f.addTo(l, s[j], s[j+half])
		}
	}
	f.returnSum(l, s[0])
}

// returnSum ends a function with the sum of the lanes of s, added by halves.
func (f *function) returnSum(l lanes, s *vec) {
	if l == "2d" {
		f.result("FMOVD", f.pair(l, s))
	} else {
		f.result("FMOVS", f.pair(l, f.plus(s, f.upper(s))))
	}
	f.ret()
}

// maximum lets the processor do what Go's max does: NaN wins, and -0 is less than +0.
func maximum() {
	f := begin("maxChunk", "(x *float32, n int) (largest float32, nan bool)",
		"is the largest of n > 0 elements of x, and whether x holds a NaN.")
	x, n := f.load("x"), f.load("n")
	var best [4]*vec
	for j := range best {
		best[j] = &vec{-1}
		f.asm("VLD1R (%s), [%v.S4]", x, vector{best[j]})
	}
	f.step(n, 16, "BLT", "few")
	f.label("many")
	for j, b := range best {
		f.threeInto("fmax", "4s", b, b, (&access{f: f, off: 16 * j}).load(x))
	}
	f.add(64, x)
	f.step(n, 16, "BGE", "many")
	f.label("few")
	f.add(16, n)
	f.step(n, 4, "BLT", "rest")
	f.label("one")
	f.threeInto("fmax", "4s", best[0], best[0], (&access{f: f}).load(x))
	f.add(16, x)
	f.step(n, 4, "BGE", "one")
	f.label("rest")
	f.add(4, n)
	f.jump("CBZ "+string(n)+",", "done")
	f.label("last")
	f.threeInto("fmax", "4s", best[0], best[0], f.spread(x))
	f.step(n, 1, "BNE", "last")
	f.label("done")
	largest := f.across("fmaxv", f.max(f.max(best[0], best[1]), f.max(best[2], best[3])))
	f.asm("FMOVS %v, %s", largest, f.parameter("largest"))
	f.asm("FCMPS %v, %[1]v", largest)
	nan := f.new()
	f.asm("CSET VS, %s", nan)
	f.asm("MOVB %s, %s", nan, f.parameter("nan"))
	f.ret()
}

// allFinite looks for the exponent of infinities and NaN.
func allFinite() {
	f := begin("allFiniteChunk", "(x *float32, n int) bool", "tells whether x holds neither NaN nor Inf.")
	p, n := f.loads("x"), f.load("n")
	found, inf := f.zero(), f.bits(infBits)
	f.stream(p, n, 4, func(at *access) {
		v := f.three("cmeq", "4s", f.logic("and", at.load(p[0]), inf), inf)
		f.threeInto("orr", "16b", found, found, v)
	})
	bits := f.new()
	f.asm("FMOVS %v, %s", f.across("umaxv", found), bits)
	f.asm("CMPW $0, %s", bits)
	f.asm("CSET EQ, %s", bits)
	f.asm("MOVB %s, %s", bits, f.parameter("ret"))
	f.ret()
}

// addRows keeps 32 columns in registers over all rows.
func addRows() {
	f := begin("addRowsChunk", "(dst, x *float32, n, rows, stride int)",
		"is dst += Σ over r < rows of x[r·stride + column], from the first row to the last. rows must not be 0.")
	dst, x, n, rows, stride := f.load("dst"), f.load("x"), f.load("n"), f.load("rows"), f.load("stride")
	f.asm("LSL $2, %s, %[1]s", stride)
	row, left := f.new(), f.new()
	block := func(label string, u int, some gp) {
		f.asm("MOVD %s, %s", x, row)
		f.asm("MOVD %s, %s", rows, left)
		accesses := make([]access, u)
		sums := make([]*vec, u)
		for j := range sums {
			accesses[j] = access{f: f, off: 16 * j, place: j, some: some}
			sums[j] = accesses[j].load(dst)
		}
		f.label(label)
		for j := range sums {
			f.addTo("4s", sums[j], accesses[j].load(row))
		}
		f.add(stride, row)
		f.step(left, 1, "BNE", label)
		for j := range sums {
			accesses[j].store(sums[j], dst)
		}
	}
	few := func(u int, name, next string) {
		f.step(n, u*width, "BLT", next)
		f.label(name)
		block(name+"Rows", u, "")
		f.add(16*u, dst)
		f.add(16*u, x)
		f.step(n, u*width, "BGE", name)
		f.label(next)
		f.add(u*width, n)
	}
	few(8, "many", "few")
	few(1, "one", "rest")
	f.jump("CBZ "+string(n)+",", "done")
	block("restRows", 1, n)
	f.label("done")
	f.ret()
}

// sumExp adds e^(x-c) in float64, element i to partial result i mod 8, and folds them by halves.
func sumExp() {
	f := begin("sumExpChunk", "(x *float32, n int, c float32) float64", "is Σe^(x-c), added in float64.")
	p, n, c := f.loads("x"), f.load("n"), f.broadcast("c")
	e := f.exponential(254)
	bound := e.bounds()
	s := []*vec{f.zero(), f.zero(), f.zero(), f.zero()}
	f.parts(p, n, 2, func(at *access) {
		y := e.exp(bound(f.minus(at.load(p[0]), c)))
		if at.some != "" {
			y = f.logic("and", y, at.mask())
		}
		low, high := f.widen(y)
		f.addTo("2d", s[2*at.place], low)
		f.addTo("2d", s[2*at.place+1], high)
	})
	f.addTo("2d", s[0], s[2])
	f.addTo("2d", s[1], s[3])
	f.addTo("2d", s[0], s[1])
	f.returnSum("2d", s[0])
}
