package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots writes the products of one row with four.
func dots(m machine) {
	TEXT(m.name("dots"), NOSPLIT, strings.ReplaceAll("func(n int, a *T, b *T, rowB int, s *[4]T)", "T", m.float()))
	Pragma("noescape")
	Doc(m.name("dots")+" is, adding in an order of its own,", "",
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
	SUBQ(U8(steps*m.lanes()), n)
	JL(LabelRef("rest"))
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
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(U8(steps*m.lanes()), n)
	JZ(LabelRef("done"))
	Comment("Up to as many once more, a vector at a time, under a mask")
	Label("some")
	load := m.firstLanes(n)
	load(Mem{Base: a}, m.physical(8))
	for j := range sum {
		load(row(j, 0), m.physical(9))
		m.fma(m.physical(9), m.physical(8), sum[j][0])
	}
	ADDQ(I32(m.size()), a)
	next(m.size())
	SUBQ(U8(m.lanes()), n)
	JG(LabelRef("some"))
	Label("done")
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

// firstLanes gives the loading of the first n lanes of a vector, all of them if n is larger, with zeros in the rest.
func (m machine) firstLanes(n reg.GPVirtual) func(from Mem, to reg.VecPhysical) {
	if m.wide {
		ones := GP64()
		MOVQ(I64(-1), ones)
		BZHIQ(n, ones, ones)
		KMOVW(ones.As32(), reg.K1)
		return func(from Mem, to reg.VecPhysical) { opmasked{m}.load(from, to, 0) }
	}
	count, most, masks := GP64(), GP64(), GP64()
	MOVQ(U32(m.lanes()), most)
	MOVQ(n, count)
	CMPQ(count, most)
	CMOVQGT(most, count)
	SHLQ(U8(2+m.bytes/8), count)
	LEAQ(NewDataAddr(NewStaticSymbol(maskName), maskWords*4), masks)
	SUBQ(count, masks)
	w := vectorMasked{m, masks, reg.Y10}
	return func(from Mem, to reg.VecPhysical) { w.load(from, to, 0) }
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
	Doc("pause leaves the processor to others for n times 40 to 140 cycles, as processors differ.")
	n := pointer("n")
	Label("loop")
	PAUSE()
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}
