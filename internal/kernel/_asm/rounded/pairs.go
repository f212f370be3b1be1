package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairs multiplies 8 rows with 32 columns by VDPBF16PS: two products and two additions in a lane of 32 bits.
func pairs() {
	text("dotPairsAVX512", "blocks int, a, b *uint32, c *float32, ldc int",
		"dotPairsAVX512 multiplies 8 rows of packed blocks with 32 columns; sums of the second of each pair come first:", "",
		"\tfor r := range 8 {",
		"\t\tfor j := range 32 {",
		"\t\t\ts := 0",
		"\t\t\tfor k := range blocks { // > 0",
		"\t\t\t\tfor p := range 16 {",
		"\t\t\t\t\tx, y := a[512*k+16*r+p], b[512*k+256*(j/16)+16*p+j%16]",
		"\t\t\t\t\ts = fma(low(x), low(y), fma(high(x), high(y), s))",
		"\t\t\t\t}",
		"\t\t\t}",
		"\t\t\tc[r*ldc+j] = s",
		"\t\t}",
		"\t}")
	a, b, c, ldc, n := reg.RSI, reg.RDI, reg.R8, reg.R10, reg.RCX
	Load(Param("blocks"), n)
	Load(Param("a"), a)
	Load(Param("b"), b)
	Load(Param("c"), c)
	Load(Param("ldc"), ldc)
	SHLQ(U8(2), ldc)
	const rows, columns = 8, 16 // the first registers that are no sums: two for columns twice, 8 for rows
	for i := range 16 {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	Label("block")
	for p := range 16 {
		left, right := columns+p%2*2, columns+p%2*2+1
		VMOVDQU32(Mem{Base: b, Disp: rowBytes * p}, zmm[left])
		VMOVDQU32(Mem{Base: b, Disp: tileBytes + rowBytes*p}, zmm[right])
		for r := range rows {
			x := columns + 4 + r
			VPBROADCASTD(Mem{Base: a, Disp: rowBytes*r + 4*p}, zmm[x])
			raw(dots(x, left, 2*r), "VDPBF16PS Z%d, Z%d, Z%d", left, x, 2*r)
			raw(dots(x, right, 2*r+1), "VDPBF16PS Z%d, Z%d, Z%d", right, x, 2*r+1)
		}
	}
	ADDQ(U32(halfBytes), a)
	ADDQ(U32(halfBytes), b)
	DECQ(n)
	JNZ(LabelRef("block"))
	for r := range rows {
		VMOVUPS(zmm[2*r], Mem{Base: c})
		VMOVUPS(zmm[2*r+1], Mem{Base: c, Disp: 64})
		if r < rows-1 {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}
