package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairs multiplies a few rows with 32 columns by VDPBF16PS: two products and two additions in a lane of 32 bits.
func pairs(rows int) {
	count := strconv.Itoa(rows)
	text("dotPairs"+count+"AVX512", "blocks int, a, b *uint32, c *float32, ldc, add int",
		"dotPairs"+count+"AVX512 multiplies "+count+" rows of packed blocks with 32 columns; sums of the second of each pair come first:", "",
		"\tfor r := range "+count+" {",
		"\t\tfor j := range 32 {",
		"\t\t\ts := 0",
		"\t\t\tfor k := range blocks { // > 0",
		"\t\t\t\tfor p := range 16 {",
		"\t\t\t\t\tx, y := a[512*k+16*r+p], b[512*k+256*(j/16)+16*p+j%16]",
		"\t\t\t\t\ts = fma(low(x), low(y), fma(high(x), high(y), s))",
		"\t\t\t\t}",
		"\t\t\t}",
		"\t\t\tif add > 0 {",
		"\t\t\t\ts += c[r*ldc+j]",
		"\t\t\t}",
		"\t\t\tc[r*ldc+j] = s",
		"\t\t}",
		"\t}")
	a, b, c, ldc, n, add := reg.RSI, reg.RDI, reg.R8, reg.R10, reg.RCX, reg.RAX
	Load(Param("blocks"), n)
	Load(Param("a"), a)
	Load(Param("b"), b)
	Load(Param("c"), c)
	Load(Param("ldc"), ldc)
	Load(Param("add"), add)
	SHLQ(U8(2), ldc)
	sums := zmm[:2*rows]
	columns, x := 16, 20 // registers: two for columns, twice, and those for rows
	at := reg.RDX
	eachRow := func(row reg.Register, do func(r int)) { // with row at where it begins in c
		for r := range rows {
			do(r)
			if r < rows-1 {
				ADDQ(ldc, row)
			}
		}
	}
	MOVQ(c, at)
	eachRow(at, func(int) { // c is there by the time that the sums are
		PREFETCHT0(Mem{Base: at})
		PREFETCHT0(Mem{Base: at, Disp: 64})
	})
	for _, s := range sums {
		VPXORD(s, s, s)
	}
	Label("block")
	for p := range 16 {
		left, right := columns+p%2*2, columns+p%2*2+1
		VMOVDQU32(Mem{Base: b, Disp: rowBytes * p}, zmm[left])
		VMOVDQU32(Mem{Base: b, Disp: tileBytes + rowBytes*p}, zmm[right])
		for r := range rows {
			VPBROADCASTD(Mem{Base: a, Disp: rowBytes*r + 4*p}, zmm[x+r])
			raw(dots(x+r, left, 2*r), "VDPBF16PS Z%d, Z%d, Z%d", left, x+r, 2*r)
			raw(dots(x+r, right, 2*r+1), "VDPBF16PS Z%d, Z%d, Z%d", right, x+r, 2*r+1)
		}
	}
	ADDQ(U32(halfBytes), a)
	ADDQ(U32(halfBytes), b)
	DECQ(n)
	JNZ(LabelRef("block"))
	TESTQ(add, add)
	JZ(LabelRef("store"))
	MOVQ(c, at)
	eachRow(at, func(r int) {
		VADDPS(Mem{Base: at}, zmm[2*r], zmm[2*r])
		VADDPS(Mem{Base: at, Disp: 64}, zmm[2*r+1], zmm[2*r+1])
	})
	Label("store")
	eachRow(c, func(r int) {
		VMOVUPS(zmm[2*r], Mem{Base: c})
		VMOVUPS(zmm[2*r+1], Mem{Base: c, Disp: 64})
	})
	VZEROUPPER()
	RET()
}
