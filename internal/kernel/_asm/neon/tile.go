package main

import "fmt"

const tileSignature = "rows, cols, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int"

// tile writes tile and tileCopy.
func tile(m machine) {
	cols := tileVectors * m.size()
	f := m.text("tile", "("+tileSignature+")", fmt.Sprintf(`is, with k > 0, and one of rowA and colA 1,

	for i := range rows { // at most %d
		for j := range cols { // at most %d
			s := 0
			for l := range k {
				s = fma(a[i*rowA+l*colA], b[l*rowB+j], s)
			}
			c[i*ldc+j] = fma(alpha, s, beta*c[i*ldc+j]) // alpha*s if beta is 0
		}
	}

Of b it may read %[2]d columns, whatever cols.`, tileRows, cols))
	count, columns := f.load("rows"), f.load("cols")
	integers := f.integers
	w := newWalk(m, f)
	f.asm("CMP $%d, %s", 2*m.size(), columns)
	f.jump("BLE", "slim")
	w.loops(count, tileVectors, "wide")
	f.label("slim")
	w.loops(count, tileVectors/2, "slim")
	f.label("finish")
	f.integers = integers // the walk is over
	s := sums{m, f, tileRows, tileVectors, ""}
	f.asm("CMP $%d, %s", cols, columns)
	f.jump("BLT", "part")
	s.finish()
	f.label("part")
	f.integers = integers
	s.finishPart(columns)

	f = m.text("tileCopy", "("+tileSignature+", panel *T)", fmt.Sprintf(`is %s with rows %d and cols %d, and besides

	copy(panel[l*cols:][:cols], b[l*rowB:]) // l < k

which costs little on the way. It fetches rows of b ahead, for they may be far apart.`, m.name("tile"), tileRows, cols))
	w = newWalk(m, f)
	w.panel = f.load("panel")
	w.fetch = f.new()
	f.asm("ADD %s<<5, %s, %s", w.rowB, w.b, w.fetch)
	w.rows(tileRows, tileVectors, "")
	f.label("finish")
	sums{m, f, tileRows, tileVectors, ""}.finish()
}

// walk is what walks along k.
type walk struct {
	machine
	*function
	k, a, rowA, colA, b, rowB gp
	row                       [tileRows]gp
	half                      gp // from the second half of a row of B to the next row
	panel, fetch              gp // "" without copies
}

func newWalk(m machine, f *function) *walk {
	w := &walk{machine: m, function: f, k: f.load("k"), a: f.load("a"), rowA: m.distance(f, "rowA"),
		colA: m.distance(f, "colA"), b: f.load("b"), rowB: m.distance(f, "rowB"), half: f.new()}
	for i := range w.row {
		w.row[i] = f.new()
	}
	f.asm("SUB $32, %s, %s", w.rowB, w.half)
	return w
}

// loops writes a loop for each number of rows, of the first so many vectors of a row of sums.
func (w *walk) loops(count gp, vectors int, name string) {
	for r := 1; r < tileRows; r++ {
		w.asm("CMP $%d, %s", r, count)
		w.jump("BEQ", fmt.Sprint(name, r))
	}
	for r := tileRows; r > 0; r-- {
		if r < tileRows {
			w.label(fmt.Sprint(name, r))
		}
		w.rows(r, vectors, fmt.Sprint(name, r))
		w.jump("B", "finish")
	}
}

// rows writes the sums of r rows and so many vectors; the other vectors are not used. What to do depends on how A lies.
func (w *walk) rows(r, vectors int, name string) {
	s := sums{w.machine, w.function, r, vectors, name}
	if vectors < tileVectors {
		s.vectors = tileVectors // they keep their places
	}
	for i := range r {
		for v := range vectors {
			w.clear(s.sum(i, v))
		}
	}
	w.asm("CMP $%d, %s", w.bytes, w.colA)
	w.jump("BNE", name+"Across")
	w.along(s, vectors)
	w.jump("B", "finish")
	w.label(name + "Across")
	w.across(s, vectors)
}

// along is for rows of A whose elements lie side by side: each row fills a register with its elements for the next few
// rows of B.
func (w *walk) along(s sums, vectors int) {
	w.asm("MOVD %s, %s", w.a, w.row[0])
	for i := 1; i < s.rows; i++ {
		w.asm("ADD %s, %s, %s", w.rowA, w.row[i-1], w.row[i])
	}
	elements := func(count int) {
		for i := range s.rows {
			w.asm("%s.P %d(%s), F%d", w.move(count), count*w.bytes, w.row[i], 24+i)
		}
	}
	w.step(w.k, w.size(), "BLT", s.prefix+"Few")
	w.label(s.prefix + "Many")
	elements(w.size())
	for u := range w.size() {
		w.rowOfB(s, vectors, func(i int) (int, int) { return 24 + i, u })
	}
	w.step(w.k, w.size(), "BGE", s.prefix+"Many")
	w.label(s.prefix + "Few")
	w.asm("ADDS $%d, %s, %[2]s", w.size(), w.k)
	w.jump("BEQ", "finish")
	w.label(s.prefix + "One")
	elements(1)
	w.rowOfB(s, vectors, single(24))
	w.step(w.k, 1, "BNE", s.prefix+"One")
}

// rowOfB multiplies a row of B, half of it at a time, in registers 30 and 31.
func (w *walk) rowOfB(s sums, vectors int, a func(i int) (register, index int)) {
	for v := 0; v < vectors; v += 2 {
		if v+2 < vectors {
			w.asm("VLD1.P 32(%s), %s", w.b, w.list(30, 2))
		} else if vectors == tileVectors {
			w.asm("VLD1.P (%s)(%s), %s", w.b, w.half, w.list(30, 2))
		} else {
			w.asm("VLD1.P (%s)(%s), %s", w.b, w.rowB, w.list(30, 2))
		}
		if w.panel != "" {
			w.asm("VST1.P %s, 32(%s)", w.list(30, 2), w.panel)
		}
		s.addProducts(v, 30, 2, a)
	}
	w.fetchAhead()
}

// across is for columns of A whose elements lie side by side, as they do when A is packed.
func (w *walk) across(s sums, vectors int) {
	w.label(s.prefix + "AcrossLoop")
	place := map[int][2]int{}
	register := 28
	for i := 0; i < s.rows; register++ {
		count := w.size()
		for count > s.rows-i {
			count /= 2
		}
		w.asm("%s %s, F%d", w.move(count), at(w.a, i*w.bytes), register)
		for x := range count {
			place[i+x] = [2]int{register, x}
		}
		i += count
	}
	w.asm("ADD %s, %s, %[2]s", w.colA, w.a)
	w.asm("VLD1.P (%s)(%s), %s", w.b, w.rowB, w.list(24, vectors))
	if w.panel != "" {
		w.asm("VST1.P %s, %d(%s)", w.list(24, vectors), 16*vectors, w.panel)
	}
	s.addProducts(0, 24, vectors, func(i int) (int, int) { return place[i][0], place[i][1] })
	w.fetchAhead()
	w.step(w.k, 1, "BNE", s.prefix+"AcrossLoop")
}

// fetchAhead asks for a row of B that is needed soon.
func (w *walk) fetchAhead() {
	if w.fetch != "" {
		w.asm("PRFM (%s), PLDL2KEEP", w.fetch)
		w.asm("ADD %s, %s, %[2]s", w.rowB, w.fetch)
	}
}

// finishPart writes rows of fewer columns than there are sums: it puts the sums into memory, and takes them from there
// a register and then an element at a time.
func (s sums) finishPart(cols gp) {
	const place = "sums-384(SP)"
	s.frame = 384
	c, ldc, left := s.load("c"), s.distance(s.function, "ldc"), s.load("rows")
	adds := s.scalars()
	row, from, to, n := s.new(), s.new(), s.new(), s.new()
	s.asm("MOVD $%s, %s", place, row)
	for i := range s.rows {
		s.asm("VST1.P %s, 64(%s)", s.list(s.sum(i, 0).n, s.vectors), row)
	}
	s.asm("MOVD $%s, %s", place, row)
	s.label("partRow")
	s.asm("MOVD %s, %s", row, from)
	s.asm("MOVD %s, %s", c, to)
	s.asm("SUBS $%d, %s, %s", s.size(), cols, n)
	s.jump("BLT", "partElements")
	for _, count := range []int{s.size(), 1} {
		name, move, bytes, again := fmt.Sprint("part", count), s.move(count), count*s.bytes, "BNE"
		if count > 1 {
			again = "BGE"
		}
		s.label(name)
		s.asm("%s.P %d(%s), F26", move, bytes, from)
		s.jump(fmt.Sprintf("CBZ %s,", adds), name+"Only")
		s.asm("%s (%s), F27", move, to)
		s.combine(26, 1, true, 27)
		s.asm("%s.P F27, %d(%s)", move, bytes, to)
		s.step(n, count, again, name)
		s.jump("B", name+"Done")
		s.label(name + "Only")
		s.combine(26, 1, false, 0)
		s.asm("%s.P F26, %d(%s)", move, bytes, to)
		s.step(n, count, again, name)
		s.label(name + "Done")
		if count > 1 {
			s.label("partElements")
			s.asm("ADDS $%d, %s, %[2]s", s.size(), n)
			s.jump("BEQ", "part1Done")
		}
	}
	s.add(64, row)
	s.add(ldc, c)
	s.step(left, 1, "BNE", "partRow")
	s.ret()
}
