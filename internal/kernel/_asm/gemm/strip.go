package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// stripVectors is the width of a strip of so many rows.
func (m machine) stripVectors(rows int) int {
	if m.wide || rows == 1 {
		return 8
	}
	return 4
}

// strip writes the product of up to three rows with B where it is: wide, because rows of B are read once only, and
// the longer the pieces, the better memory streams.
func strip(m machine) {
	TEXT(m.name("strip"), NOSPLIT, strings.ReplaceAll("func(rows, k int, alpha T, a *T, rowA, colA int, "+
		"b *T, rowB int, beta T, c *T, ldc int)", "T", m.float()))
	Pragma("noescape")
	Doc(m.name("strip") + fmt.Sprintf(" is %s with cols %d for 1 row, %d for 2, %d for 3.", m.name("tile"),
		m.stripVectors(1)*m.lanes(), m.stripVectors(2)*m.lanes(), m.stripVectors(3)*m.lanes()))
	count := pointer("rows")
	CMPQ(count, U8(2))
	JE(LabelRef("strip2"))
	JG(LabelRef("strip3"))
	for r := 1; r <= 3; r++ {
		label := fmt.Sprintf("strip%d", r)
		Label(label)
		t := tileCode{machine: m, vectors: m.stripVectors(r), label: label}
		t.element = r * t.vectors
		t.panel = t.element + r
		t.walkStrip(r)
		t.finish(r)
	}
}

// walkStrip writes the sums of r rows; of B one vector at a time is in a register.
func (t tileCode) walkStrip(r int) {
	for i := range r * t.vectors {
		t.zero(t.physical(i))
	}
	k, a, b := pointer("k"), pointer("a"), pointer("b")
	rowA, colA, rowB := t.distance("rowA"), t.distance("colA"), t.distance("rowB")
	fetch := GP64()
	IMUL3Q(U8(ahead), rowB, fetch)
	ADDQ(b, fetch)
	Label(t.label + "loop")
	for i := range r {
		t.broadcast(at(a, rowA, i, 0), t.physical(t.element+i))
	}
	for v := range t.vectors {
		x := Op(Mem{Base: b, Disp: v * t.size()})
		if r > 1 {
			t.load(x, t.physical(t.panel))
			x = t.physical(t.panel)
		}
		for i := range r {
			t.fma(x, t.physical(t.element+i), t.sum(i, v))
		}
	}
	for at := 0; at < t.vectors*t.size(); at += 64 {
		PREFETCHT1(Mem{Base: fetch, Disp: at})
	}
	ADDQ(rowB, fetch)
	ADDQ(rowB, b)
	ADDQ(colA, a)
	DECQ(k)
	JNZ(LabelRef(t.label + "loop"))
}
