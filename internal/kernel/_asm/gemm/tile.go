package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// shape is the largest tile: its sums, a row of B and one or more elements of A fill the registers.
func (m machine) shape() (rows, vectors int) {
	if m.wide {
		return 8, 2
	}
	return 4, 3
}

// tileCode writes one tile function. Sums are in the registers from 0, row by row.
type tileCode struct {
	machine
	vectors  int
	element  int // the register for an element of A, the first after the sums
	panel    int // those for a row of B
	c, ldc   reg.GPVirtual
	rowsLeft reg.GPVirtual
}

func (t tileCode) sum(i, v int) reg.VecPhysical { return t.physical(i*t.vectors + v) }

func tile(m machine) {
	rows, vectors := m.shape()
	t := tileCode{machine: m, vectors: vectors, element: rows * vectors}
	t.panel = t.element + 1
	TEXT(m.name("tile"), NOSPLIT, strings.ReplaceAll("func(rows, cols, k int, alpha T, a *T, rowA, colA int, "+
		"b *T, rowB int, beta T, c *T, ldc int)", "T", m.float()))
	Pragma("noescape")
	Doc(m.name("tile")+" is, with k > 0,",
		"",
		fmt.Sprintf("\tfor i := range rows { // at most %d", rows),
		fmt.Sprintf("\t\tfor j := range cols { // at most %d", vectors*m.lanes()),
		"\t\t\ts := 0",
		"\t\t\tfor l := range k {",
		"\t\t\t\ts = fma(a[i*rowA+l*colA], b[l*rowB+j], s)",
		"\t\t\t}",
		"\t\t\tc[i*ldc+j] = fma(alpha, s, beta*c[i*ldc+j]) // alpha*s if beta is 0",
		"\t\t}",
		"\t}",
		"",
		fmt.Sprintf("Of b it reads %d columns, whatever cols.", vectors*m.lanes()))

	t.rowsLeft = pointer("rows")
	Comment("One loop for each number of rows")
	for r := 1; r < rows; r++ {
		CMPQ(t.rowsLeft, U8(r))
		JE(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := rows; r > 0; r-- {
		Label(fmt.Sprintf("rows%d", r))
		t.walk(r)
		if r > 1 {
			JMP(LabelRef("finish"))
		}
	}
	t.finish(rows)
	RET()
}

// walk writes the sums of r rows.
func (t tileCode) walk(r int) {
	Comment(fmt.Sprintf("%d rows: sums start at zero", r))
	for i := range r {
		for v := range t.vectors {
			t.zero(t.sum(i, v))
		}
	}
	k, a, b := pointer("k"), pointer("a"), pointer("b")
	colA, rowB := t.distance("colA"), t.distance("rowB")
	var rowA, rowA3, a4 reg.GPVirtual
	if r > 1 {
		rowA = t.distance("rowA")
	}
	if r > 3 {
		rowA3 = GP64()
		LEAQ(Mem{Base: rowA, Index: rowA, Scale: 2}, rowA3)
	}
	if r > 4 {
		a4 = GP64()
		LEAQ(Mem{Base: a, Index: rowA, Scale: 4}, a4)
	}
	element := func(i int) Mem {
		base := a
		if i >= 4 {
			base = a4
		}
		if i%4 == 3 {
			return at(base, rowA3, 1, 0)
		}
		return at(base, rowA, i%4, 0)
	}

	loop := fmt.Sprintf("loop%d", r)
	Label(loop)
	Comment("A row of B")
	for v := range t.vectors {
		t.load(Mem{Base: b, Disp: v * t.size()}, t.physical(t.panel+v))
	}
	Comment("An element of each row of A, times that")
	for i := range r {
		t.broadcast(element(i), t.physical(t.element))
		for v := range t.vectors {
			t.fma(t.physical(t.panel+v), t.physical(t.element), t.sum(i, v))
		}
	}
	ADDQ(rowB, b)
	ADDQ(colA, a)
	if r > 4 {
		ADDQ(colA, a4)
	}
	DECQ(k)
	JNZ(LabelRef(loop))
}

// finish writes the sums to C, for up to rows rows.
func (t tileCode) finish(rows int) {
	Label("finish")
	t.c, t.ldc = pointer("c"), t.distance("ldc")
	cols := pointer("cols")
	alpha, beta := t.physical(t.element), t.physical(t.panel)
	Comment("Sums times alpha; without beta that is all")
	bits := GP64()
	if t.bytes == 4 {
		MOVL(NewParamAddr("alpha", 24), bits.As32())
		MOVL(NewParamAddr("beta", 72), bits.As32())
	}
	_ = bits
	t.broadcast(t.param("alpha"), alpha)
	_ = beta
	_ = cols
	_ = rows
}
