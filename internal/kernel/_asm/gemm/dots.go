package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots writes the products of one row with four, and the measuring loop.
func dots(m machine) {
	TEXT(m.name("dots"), NOSPLIT, strings.ReplaceAll("func(n int, a *T, b *T, rowB int, s *[4]T)", "T", m.float()))
	Pragma("noescape")
	Doc(m.name("dots")+" adds in an order of its own, n being a positive multiple of 32:", "",
		"\tfor j := range s {",
		"\t\ts[j] = Σ a[l]·b[j*rowB+l] // l < n",
		"\t}")
	n, a, b, s := pointer("n"), pointer("a"), pointer("b"), pointer("s")
	row, next := rowPointers(b, m.distance("rowB"), 4)
	steps := 2
	var sum [4][2]reg.VecPhysical
	for j := range sum {
		for u := range steps {
			sum[j][u] = m.physical(steps*j + u)
			m.zero(sum[j][u])
		}
	}
	Label("loop")
	for u := range steps {
		x := m.physical(8 + u)
		m.load(Mem{Base: a, Disp: u * m.size()}, x)
		for j := range sum {
			m.fma(row(j, u*m.size()), x, sum[j][u])
		}
	}
	ADDQ(I32(steps*m.size()), a)
	next(steps * m.size())
	SUBQ(U8(steps*m.lanes()), n)
	JNZ(LabelRef("loop"))
	Comment("Each sum: lanes by halves")
	for j := range sum {
		x := sum[j][0]
		m.add(sum[j][1], x)
		y, yt := x.AsY(), m.physical(8).AsY()
		low, t := x.AsX(), m.physical(8).AsX()
		if m.wide {
			VEXTRACTF64X4(U8(1), x, yt)
			m.add(yt, y)
		}
		VEXTRACTF128(U8(1), y, t)
		m.add(t, low)
		VPERMILPD(U8(1), low, t)
		m.add(t, low)
		if m.bytes == 4 {
			VMOVSHDUP(low, t)
			m.add(t, low)
			VMOVSS(low, Mem{Base: s, Disp: 4 * j})
		} else {
			VMOVSD(low, Mem{Base: s, Disp: 8 * j})
		}
	}
	VZEROUPPER()
	RET()
}

// peakChains is the number of independent sums of the measuring loop: more than latency times throughput.
const peakChains = 12

// peak writes the loop that finds how many multiply-adds the processor can do.
func peak(m machine) {
	TEXT(m.name("peak"), NOSPLIT, "func(n int)")
	Doc(m.name("peak") + " does 12·n multiply-adds of vectors, with nothing in their way.")
	n := pointer("n")
	for i := range peakChains + 1 {
		m.zero(m.physical(i))
	}
	Label("loop")
	for i := range peakChains {
		m.fma(m.physical(peakChains), m.physical(peakChains), m.physical(i))
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// pause writes the wait of a spinning worker.
func pause() {
	TEXT("pause", NOSPLIT, "func(n int)")
	Doc("pause leaves the processor to others for n times some 40 cycles.")
	n := pointer("n")
	Label("loop")
	PAUSE()
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}
