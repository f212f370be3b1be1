package main

// dots writes the products of one row with four. The order is that of AVX2: a sum has the lanes of four registers, and
// the elements at the end go to the first two of them.
func dots(m machine) {
	f := m.text("dots", "(n int, a *T, b *T, rowB int, s *[4]T)", `is, adding in the order of dots32AVX2,

	for j := range s {
		s[j] = Σ a[l]·b[j*rowB+l] // l < n
	}`)
	d := dotCode{machine: m, function: f, n: f.load("n"), rows: [5]gp{f.load("a"), f.load("b")}}
	rowB, step := m.distance(f, "rowB"), 4*m.size()
	for j := 1; j < 4; j++ {
		d.rows[1+j] = f.new()
		f.asm("ADD %s, %s, %s", rowB, d.rows[j], d.rows[1+j])
	}
	for i := range 16 {
		f.clear(fixed(i))
	}
	f.step(d.n, step, "BLT", "rest")
	f.label("loop")
	d.multiply(4, d.rows)
	f.step(d.n, step, "BGE", "loop")
	f.label("rest")
	f.add(step, d.n)
	f.step(d.n, step/2, "BLT", "some")
	d.multiply(2, d.rows)
	f.jump("B", "end")
	f.label("some")
	f.add(step/2, d.n)
	f.label("end")
	f.jump("CBZ "+string(d.n)+",", "done")
	d.fill()
	f.label("done")
	s := f.load("s")
	for j := range 4 {
		l, v := m.lanes(), func(i int) *vec { return fixed(4*j + i) }
		f.addTo(l, v(0), v(2))
		f.addTo(l, v(1), v(3))
		f.addTo(l, v(0), v(1))
		sum := v(0)
		if m.bytes == 4 {
			sum = f.plus(sum, f.upper(sum))
		}
		f.asm("%s %v, %s", m.move(1), f.pair(l, sum), at(s, j*m.bytes))
	}
	f.ret()
}

type dotCode struct {
	machine
	*function
	n    gp
	rows [5]gp // a, and four rows of b
}

// multiply adds the products of the first so many registers' worth of each row.
func (d dotCode) multiply(registers int, rows [5]gp) {
	load := func(n int, from gp) {
		d.asm("VLD1.P %d(%s), %s", 16*registers, from, d.list(n, registers))
	}
	load(16, rows[0])
	for j := range 4 {
		load(20, rows[1+j])
		for i := range registers {
			d.fma(d.lanes(), fixed(4*j+i), fixed(16+i), fixed(20+i))
		}
	}
}

// fill multiplies the last elements, fewer than two registers' worth, from copies that zeros follow.
func (d dotCode) fill() {
	const place = "ends-160(SP)"
	d.frame = 160
	to, one := d.new(), d.new()
	d.asm("MOVD $%s, %s", place, to)
	d.clear(fixed(16))
	d.clear(fixed(17))
	for range 5 {
		d.asm("VST1.P %s, 32(%s)", d.list(16, 2), to)
	}
	d.asm("MOVD $%s, %s", place, to)
	d.label("copy")
	for i, from := range d.rows {
		move := map[int]string{4: "MOVWU", 8: "MOVD"}[d.bytes]
		store := map[int]string{4: "MOVW", 8: "MOVD"}[d.bytes]
		d.asm("%s.P %d(%s), %s", move, d.bytes, from, one)
		d.asm("%s %s, %s", store, one, at(to, 32*i))
	}
	d.add(d.bytes, to)
	d.step(d.n, 1, "BNE", "copy")
	d.asm("MOVD $%s, %s", place, to)
	var rows [5]gp
	for i := range rows {
		rows[i] = to
	}
	d.multiply(2, rows) // one after the other
}
