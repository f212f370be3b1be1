package main

import "fmt"

// stripVectors is the width of a strip of so many rows.
func stripVectors(rows int) int {
	if rows == 1 {
		return 16
	}
	return 8
}

// strip writes the product of up to three rows with B where it is: wide, because rows of B are read once only, and
// the longer the pieces, the better memory streams.
func strip(m machine) {
	cols := func(rows int) int { return stripVectors(rows) * m.size() }
	f := m.text("strip", "(rows, k int, alpha T, a *T, rowA, colA int, b *T, rowB int, beta T, c *T, ldc int)",
		fmt.Sprintf("is %s with cols %d for 1 row, %d for 2, %d for 3.", m.name("tile"), cols(1), cols(2), cols(3)))
	k, a, b, count := f.load("k"), f.load("a"), f.load("b"), f.load("rows")
	rowA, colA, rowB := m.distance(f, "rowA"), m.distance(f, "colA"), m.distance(f, "rowB")
	row := []gp{a, f.new(), f.new()}
	fetch, last := f.new(), f.new()
	f.asm("ADD %s, %s, %s", rowA, row[0], row[1])
	f.asm("ADD %s, %s, %s", rowA, row[1], row[2])
	f.asm("ADD %s<<5, %s, %s", rowB, b, fetch)
	f.asm("CMP $2, %s", count)
	f.jump("BEQ", "strip2")
	f.jump("BGT", "strip3")
	integers := f.integers
	for r := 1; r <= 3; r++ {
		f.integers = integers // each strip is a way of its own
		s := sums{m, f, r, stripVectors(r), fmt.Sprint("strip", r)}
		if r > 1 {
			f.label(s.prefix)
		}
		s.clearAll()
		bytes := 16 * s.vectors
		f.asm("SUB $%d, %s, %s", bytes-64, rowB, last)
		f.label(s.prefix + "Loop")
		for i := range r {
			f.asm("%s (%s), F%d", m.move(1), row[i], 24+i)
			f.asm("ADD %s, %s, %[2]s", colA, row[i])
		}
		for v := 0; v < s.vectors; v += 4 {
			if v+4 < s.vectors {
				f.asm("VLD1.P 64(%s), %s", b, m.list(28, 4))
			} else {
				f.asm("VLD1.P (%s)(%s), %s", b, last, m.list(28, 4))
			}
			s.addProducts(v, 28, 4, single(24))
		}
		for at := 0; at < bytes; at += 64 {
			f.asm("PRFM %d(%s), PLDL2KEEP", at, fetch)
		}
		f.asm("ADD %s, %s, %[2]s", rowB, fetch)
		f.step(k, 1, "BNE", s.prefix+"Loop")
		s.finish()
	}
}

// rowPanels is how many panels a row is multiplied by at a time: their sums are independent, so that neither the
// multiply-adds nor the fetching of one panel wait for each other.
const rowPanels = 4

// row writes the product of one row with several panels side by side.
func row(m machine) {
	s := sums{machine: m, rows: 1, vectors: rowPanels * tileVectors, prefix: "row"}
	f := m.text("row", "(rows, k int, alpha T, a *T, colA int, b *T, panel int, beta T, c *T, ldc int)",
		fmt.Sprintf("is %s with rows 1 and cols %d, of which each %d are in a panel of b, panel elements after the one before.",
			m.name("tile"), s.vectors*m.size(), tileVectors*m.size()))
	s.function = f
	s.clearAll()
	k, a, colA, panel := f.load("k"), f.load("a"), m.distance(f, "colA"), m.distance(f, "panel")
	bases := []gp{f.load("b")}
	for p := range rowPanels - 1 {
		bases = append(bases, f.new())
		f.asm("ADD %s, %s, %s", panel, bases[p], bases[p+1])
	}
	f.label("rowLoop")
	f.asm("%s (%s), F24", m.move(1), a)
	f.asm("ADD %s, %s, %[2]s", colA, a)
	for p, b := range bases {
		f.asm("VLD1.P 64(%s), %s", b, m.list(28, 4))
		s.addProducts(p*tileVectors, 28, tileVectors, single(24))
	}
	f.step(k, 1, "BNE", "rowLoop")
	s.finish()
}
