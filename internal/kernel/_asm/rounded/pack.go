package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of vectors that packing uses.
const (
	vLow    = 0 // 16 elements, and 16 more
	vHigh   = 1
	vResult = 2
	vFirst  = 3 // the first parts of the two
	vSecond = 4
	vHalf   = 5 // 0x8000 in each lane
	vMask   = 6 // 0xffff0000 in each lane
	vOrder  = 7
)

// constant sets all lanes.
func constant(bits uint32, v int) {
	MOVL(U32(bits), reg.EAX)
	VPBROADCASTD(reg.EAX, zmm[v])
}

// beginSplit loads what the first part is rounded with.
func beginSplit(split bool) {
	if split {
		constant(0x8000, vHalf)
		constant(0xffff0000, vMask)
	}
}

// convert rounds vLow and vHigh, and stores them as 32 bfloat16 at dst; after has the result put into order. Split, a
// number becomes the sum of two: the nearest bfloat16, ties away from zero, and what it is off by, rounded itself.
func convert(split bool, dst reg.Register, after func()) {
	first, second := vLow, vHigh
	if split {
		first, second = vFirst, vSecond
		for _, v := range [][2]int{{vLow, vFirst}, {vHigh, vSecond}} {
			VPADDD(zmm[vHalf], zmm[v[0]], zmm[v[1]])
			VPANDD(zmm[vMask], zmm[v[1]], zmm[v[1]])
			VSUBPS(zmm[v[1]], zmm[v[0]], zmm[v[0]])
		}
	}
	store := func(low, high, disp int) {
		raw(toBFloat16(low, high, vResult), "VCVTNE2PS2BF16 Z%d, Z%d, Z%d", low, high, vResult)
		after()
		VMOVDQU32(zmm[vResult], Mem{Base: dst, Disp: disp})
	}
	store(first, second, 0)
	if split {
		store(vLow, vHigh, halfBytes)
	}
}

func packName(split bool, of string) (name string, doc []string) {
	if split {
		return "split" + of + "AVX512", []string{"", "and the second parts 2048 bytes after the first:", "",
			"\tfirst := x+0x8000 & 0xffff0000 // bits", "\tsecond := bfloat16(x - first)"}
	}
	return "round" + of + "AVX512", nil
}

// packRows turns rows of 32 elements into rows of 16 pairs.
func packRows(split bool) {
	name, more := packName(split, "Rows")
	text(name, "dst *uint32, src *float32, ld, rows int, mask uint32", append([]string{
		name + " rounds the elements of rows, of which the bits in mask tell which are there:", "",
		"\tfor r := range rows { // > 0",
		"\t\tfor p := range 16 {",
		"\t\t\tdst[16*r+p] = pair(bfloat16(src[r*ld+2*p]), bfloat16(src[r*ld+2*p+1]))",
		"\t\t}",
		"\t}"}, more...)...)
	dst, src, ld, n := reg.RDI, reg.RSI, reg.R9, reg.RCX
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("ld"), ld)
	SHLQ(U8(2), ld)
	Load(Param("rows"), n)
	Load(Param("mask"), reg.EAX)
	KMOVD(reg.EAX, reg.K1)
	SHRL(U8(16), reg.EAX)
	KMOVD(reg.EAX, reg.K2)
	beginSplit(split)
	Label("row")
	VMOVUPS_Z(Mem{Base: src}, reg.K1, zmm[vLow])
	VMOVUPS_Z(Mem{Base: src, Disp: rowBytes}, reg.K2, zmm[vHigh])
	convert(split, dst, func() {})
	ADDQ(ld, src)
	ADDQ(U8(rowBytes), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// packPairs turns pairs of rows of 16 elements into one row of 16 pairs each.
func packPairs(split bool) {
	name, more := packName(split, "Pairs")
	text(name, "dst *uint32, src *float32, ld, rows int, mask uint32, order *uint16", append([]string{
		name + " rounds the elements of pairs of rows, of which the bits in mask tell which are there; order is", "0, 16, 1, 17 and so on:", "",
		"\tfor p := range (rows + 1) / 2 { // > 0; a row beyond the last is 0",
		"\t\tfor j := range 16 {",
		"\t\t\tdst[16*p+j] = pair(bfloat16(src[2*p*ld+j]), bfloat16(src[(2*p+1)*ld+j]))",
		"\t\t}",
		"\t}"}, more...)...)
	dst, src, ld, n := reg.RDI, reg.RSI, reg.R9, reg.RCX
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("ld"), ld)
	SHLQ(U8(2), ld)
	Load(Param("rows"), n)
	Load(Param("mask"), reg.EAX)
	KMOVD(reg.EAX, reg.K1)
	Load(Param("order"), reg.RAX)
	VMOVDQU32(Mem{Base: reg.RAX}, zmm[vOrder])
	beginSplit(split)
	inOrder := func() { VPERMW(zmm[vResult], zmm[vOrder], zmm[vResult]) }
	SUBQ(U8(2), n)
	JLT(LabelRef("last"))
	Label("pair")
	VMOVUPS_Z(Mem{Base: src}, reg.K1, zmm[vLow])
	VMOVUPS_Z(Mem{Base: src, Index: ld, Scale: 1}, reg.K1, zmm[vHigh])
	convert(split, dst, inOrder)
	LEAQ(Mem{Base: src, Index: ld, Scale: 2}, src)
	ADDQ(U8(rowBytes), dst)
	SUBQ(U8(2), n)
	JGE(LabelRef("pair"))
	Label("last")
	CMPQ(n, I8(-1))
	JNE(LabelRef("end"))
	VMOVUPS_Z(Mem{Base: src}, reg.K1, zmm[vLow])
	VPXORD(zmm[vHigh], zmm[vHigh], zmm[vHigh])
	convert(split, dst, inOrder)
	Label("end")
	VZEROUPPER()
	RET()
}

// transpose turns the rows of a tile into columns: blocks of 4·4 within each 128 bits, then the blocks themselves.
func transpose() {
	text("transposeTileAVX512", "tile *uint32",
		"transposeTileAVX512 makes rows columns:", "",
		"\tfor i := range 16 {",
		"\t\tfor j := range i {",
		"\t\t\ttile[16*i+j], tile[16*j+i] = tile[16*j+i], tile[16*i+j]",
		"\t\t}",
		"\t}")
	tile := reg.RDI
	Load(Param("tile"), tile)
	x, y := zmm[:16], zmm[16:]
	for i := range 16 {
		VMOVDQU32(Mem{Base: tile, Disp: rowBytes * i}, x[i])
	}
	// Of x[2i] and x[2i+1], the first two and the last two of each four elements alternate.
	for i := 0; i < 16; i += 2 {
		VUNPCKLPS(x[i+1], x[i], y[i])
		VUNPCKHPS(x[i+1], x[i], y[i+1])
	}
	// x[4i+c] has column c of rows 4i to 4i+3: element 4b+c of each in the b-th 128 bits.
	for i := 0; i < 16; i += 4 {
		VUNPCKLPD(y[i+2], y[i], x[i])
		VUNPCKHPD(y[i+2], y[i], x[i+1])
		VUNPCKLPD(y[i+3], y[i+1], x[i+2])
		VUNPCKHPD(y[i+3], y[i+1], x[i+3])
	}
	// Row 4b+c of the result has the b-th 128 bits of x[c], x[4+c], x[8+c] and x[12+c].
	for c := range 4 {
		VSHUFF32X4(U8(0x88), x[4+c], x[c], y[c])      // blocks 0, 2 of x[c], 0, 2 of x[4+c]
		VSHUFF32X4(U8(0xdd), x[4+c], x[c], y[4+c])    // blocks 1, 3
		VSHUFF32X4(U8(0x88), x[12+c], x[8+c], y[8+c]) // the same of the lower rows
		VSHUFF32X4(U8(0xdd), x[12+c], x[8+c], y[12+c])
		VSHUFF32X4(U8(0x88), y[8+c], y[c], x[c])
		VSHUFF32X4(U8(0xdd), y[8+c], y[c], x[8+c])
		VSHUFF32X4(U8(0x88), y[12+c], y[4+c], x[4+c])
		VSHUFF32X4(U8(0xdd), y[12+c], y[4+c], x[12+c])
	}
	for i := range 16 {
		VMOVDQU32(x[i], Mem{Base: tile, Disp: rowBytes * i})
	}
	VZEROUPPER()
	RET()
}
