package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowPanels is how many panels a row is multiplied by at a time: their sums are independent, so that neither the
// multiply-adds nor the fetching of one panel wait for each other.
func (m machine) rowPanels() int {
	if m.wide {
		return 4
	}
	return 2
}

// row writes the product of one row with several panels side by side.
func row(m machine) {
	_, each := m.shape() // vectors of a panel
	panels := m.rowPanels()
	t := tileCode{machine: m, vectors: panels * each, label: "row"}
	t.element = t.vectors
	TEXT(m.name("row"), NOSPLIT, strings.ReplaceAll("func(rows, k int, alpha T, a *T, colA int, "+
		"b *T, panel int, beta T, c *T, ldc int)", "T", m.float()))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is %s with rows 1 and cols %d, of which each %d are in a panel of b, panel elements after the one before.",
		m.name("row"), m.name("tile"), t.vectors*m.lanes(), each*m.lanes()))
	for v := range t.vectors {
		t.zero(t.physical(v))
	}
	k, a, colA := pointer("k"), pointer("a"), t.distance("colA")
	bases := []reg.GPVirtual{pointer("b")}
	panel := t.distance("panel")
	for range panels - 1 {
		next := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: panel, Scale: 1}, next)
		bases = append(bases, next)
	}
	Label("rowloop")
	t.broadcast(Mem{Base: a}, t.physical(t.element))
	for p, b := range bases {
		for v := range each {
			t.fma(Mem{Base: b, Disp: v * t.size()}, t.physical(t.element), t.sum(0, p*each+v))
		}
	}
	for _, b := range bases {
		ADDQ(I32(each*t.size()), b)
	}
	ADDQ(colA, a)
	DECQ(k)
	JNZ(LabelRef("rowloop"))
	t.finish(1)
}
