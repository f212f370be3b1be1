package main

import (
	"fmt"
	"strings"
)

// machine is an element type of matrix products.
type machine struct{ bytes int }

func (m machine) lanes() lanes {
	if m.bytes == 4 {
		return "4s"
	}
	return "2d"
}

// size is the number of elements in a register.
func (m machine) size() int { return 16 / m.bytes }

func (m machine) name(base string) string { return fmt.Sprintf("%s%dNEON", base, 8*m.bytes) }

// text begins a function whose signature has T for the type.
func (m machine) text(base, signature, doc string) *function {
	return begin(m.name(base), strings.ReplaceAll(signature, "T", fmt.Sprintf("float%d", 8*m.bytes)), doc)
}

// distance is an int parameter in elements, made bytes.
func (m machine) distance(f *function, name string) gp {
	d := f.load(name)
	f.asm("LSL $%d, %s, %[2]s", m.shift(), d)
	return d
}

func (m machine) shift() int { return map[int]int{4: 2, 8: 3}[m.bytes] }

// move is the instruction that loads or stores so many elements.
func (m machine) move(elements int) string {
	return map[int]string{4: "FMOVS", 8: "FMOVD", 16: "FMOVQ"}[elements*m.bytes]
}

// list is count registers from n on, as operands of VLD1 and VST1.
func (m machine) list(n, count int) string {
	lanes, all := map[int]string{4: "S4", 8: "D2"}[m.bytes], make([]string, count)
	for i := range all {
		all[i] = fmt.Sprintf("V%d.%s", n+i, lanes)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// The largest tile: its 24 sums, and what they are made of, fill the registers.
const (
	tileRows    = 6
	tileVectors = 4
)

// sums is the part that tiles, strips and rows have in common: rows·vectors sums in the registers from 0, row by row.
// Those from 24 on hold what they are made of.
type sums struct {
	machine
	*function
	rows, vectors int
	prefix        string // of labels
}

func (s sums) sum(i, v int) *vec { return fixed(i*s.vectors + v) }

func (s sums) clearAll() {
	for i := range s.rows * s.vectors {
		s.clear(fixed(i))
	}
}

// addProducts is sum[i][v] += b·a[i] for registers b to b+count-1, which belong to vectors v, v+1, ….
func (s sums) addProducts(v, b, count int, a func(i int) (register, index int)) {
	for w := range count {
		for i := range s.rows {
			register, index := a(i)
			s.fmaElement(s.lanes(), s.sum(i, v+w), fixed(b+w), fixed(register), index)
		}
	}
}

// single is addProducts' a for rows whose elements are alone in registers from n on.
func single(n int) func(i int) (register, index int) {
	return func(i int) (int, int) { return n + i, 0 }
}

// scalars loads alpha and beta into registers 24 and 25, and tells in an integer register whether beta is something
// else than 0 of either sign.
func (s sums) scalars() gp {
	s.asm("%s %s, F24", s.move(1), s.parameter("alpha"))
	s.asm("%s %s, F25", s.move(1), s.parameter("beta"))
	adds := s.new()
	if s.bytes == 4 {
		s.asm("MOVWU %s, %s", s.parameter("beta"), adds)
		s.asm("LSLW $1, %s, %[1]s", adds)
	} else {
		s.asm("MOVD %s, %s", s.parameter("beta"), adds)
		s.asm("LSL $1, %s, %[1]s", adds)
	}
	return adds
}

// combine turns count registers of sums from n on into new elements of C; with add, the old ones are in registers from
// old on, and the new ones get there.
func (s sums) combine(n, count int, add bool, old int) {
	for v := range count {
		if !add {
			s.timesElement(s.lanes(), fixed(n+v), fixed(24))
			continue
		}
		s.timesElement(s.lanes(), fixed(old+v), fixed(25))
		s.fmaElement(s.lanes(), fixed(old+v), fixed(n+v), fixed(24), 0)
	}
}

// write writes all sums to C, row by row, of which there may be fewer than sums, and returns.
func (s sums) write(c, ldc, left gp, add bool, name string) {
	const group = 4
	to := s.new()
	for i := range s.rows {
		s.asm("MOVD %s, %s", c, to)
		for v := 0; v < s.vectors; v += group {
			from := s.sum(i, v).n
			if add {
				s.asm("VLD1 (%s), %s", to, s.list(26, group))
			}
			s.combine(from, group, add, 26)
			if add {
				from = 26
			}
			s.asm("VST1.P %s, %d(%s)", s.list(from, group), 16*group, to)
		}
		if i+1 < s.rows {
			s.step(left, 1, "BEQ", name+"Done")
			s.asm("ADD %s, %s, %[2]s", ldc, c)
		}
	}
	s.label(name + "Done")
	s.ret()
}

// finish writes whole rows of sums to C.
func (s sums) finish() {
	c, ldc, left := s.load("c"), s.distance(s.function, "ldc"), s.load("rows")
	adds := s.scalars()
	s.jump(fmt.Sprintf("CBZ %s,", adds), s.prefix+"only")
	s.write(c, ldc, left, true, s.prefix+"add")
	s.label(s.prefix + "only")
	s.write(c, ldc, left, false, s.prefix+"set")
}
