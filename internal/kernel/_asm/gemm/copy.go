package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// copyRows writes the copying of rows of 16, 32, 64, 96 or 128 bytes, the widths of panels.
func copyRows() {
	TEXT("copyRowsAVX", NOSPLIT, "func(dst *byte, dstRow int, src *byte, srcRow, rows, width int)")
	Pragma("noescape")
	Doc("copyRowsAVX is, all in bytes, with rows > 0 and width one of 16, 32, 64, 96, 128,", "",
		"\tfor r := range rows {",
		"\t\tcopy(dst[r*dstRow:], src[r*srcRow:r*srcRow+width])",
		"\t}")
	dst, src, rows, width := pointer("dst"), pointer("src"), pointer("rows"), pointer("width")
	dstRow, srcRow := pointer("dstRow"), pointer("srcRow")
	widths := []int{128, 96, 64, 32, 16}
	for _, w := range widths[1:] {
		CMPQ(width, U8(w))
		JE(LabelRef(fmt.Sprintf("width%d", w)))
	}
	for _, w := range widths {
		Label(fmt.Sprintf("width%d", w))
		var v []reg.Register
		for at := 0; at < w; at += 32 {
			if w == 16 {
				v = append(v, XMM())
			} else {
				v = append(v, YMM())
			}
			VMOVUPS(Mem{Base: src, Disp: at}, v[len(v)-1])
		}
		for i, x := range v {
			VMOVUPS(x, Mem{Base: dst, Disp: 32 * i})
		}
		ADDQ(srcRow, src)
		ADDQ(dstRow, dst)
		DECQ(rows)
		JNZ(LabelRef(fmt.Sprintf("width%d", w)))
		VZEROUPPER()
		RET()
	}
}

// rowPointers gives the places of rows p, p+d, ..., of up to 8 rows, and how to move them on.
func rowPointers(p, d reg.GPVirtual, n int) (row func(i, disp int) Mem, advance func(bytes int)) {
	d3 := GP64()
	LEAQ(Mem{Base: d, Index: d, Scale: 2}, d3)
	base := []reg.GPVirtual{p}
	if n > 4 {
		p4 := GP64()
		LEAQ(Mem{Base: p, Index: d, Scale: 4}, p4)
		base = append(base, p4)
	}
	row = func(i, disp int) Mem {
		if i%4 == 3 {
			return at(base[i/4], d3, 1, disp)
		}
		return at(base[i/4], d, i%4, disp)
	}
	advance = func(bytes int) {
		for _, b := range base {
			ADDQ(I32(bytes), b)
		}
	}
	return row, advance
}

// transposeAhead is how many elements of each row are fetched in advance: the packing of a panel comes back to a row
// after so many of all rows.
const transposeAhead = 128

// fetchRows writes the fetching of what will be needed of n rows.
func fetchRows(row func(i, disp int) Mem, n, bytes int) {
	Comment("What will be needed of these rows")
	for r := range n {
		PREFETCHT1(row(r, transposeAhead*bytes))
	}
}

// transpose32 writes the copying of 8 rows to 8 columns, 8 by 8.
func transpose32() {
	TEXT("transpose32AVX", NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow, n int)")
	Pragma("noescape")
	Doc("transpose32AVX turns 8 rows into 8 columns; n, a multiple of 8, is positive:", "",
		"\tfor l := range n {",
		"\t\tfor r := range 8 {",
		"\t\t\tdst[l*dstRow+r] = src[r*srcRow+l]",
		"\t\t}",
		"\t}", "",
		fmt.Sprintf("It fetches what is %d elements farther in each row, too.", transposeAhead))
	m := machine{bytes: 4}
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	from, next := rowPointers(src, m.distance("srcRow"), 8)
	dstRow := m.distance("dstRow")
	to, _ := rowPointers(dst, dstRow, 4)
	Label("block")
	Comment("Rows r and r+4 side by side: x[r] = r[0:4] | (r+4)[0:4], x[r+4] = r[4:8] | (r+4)[4:8]")
	var x [8]reg.VecVirtual
	for r := range 4 {
		x[r], x[r+4] = YMM(), YMM()
		VMOVUPS(from(r, 0), x[r].AsX())
		VINSERTF128(U8(1), from(r+4, 0), x[r], x[r])
		VMOVUPS(from(r, 16), x[r+4].AsX())
		VINSERTF128(U8(1), from(r+4, 16), x[r+4], x[r+4])
	}
	Comment("4 by 4 in each half")
	for h := 0; h < 8; h += 4 {
		lo02, hi02, lo13, hi13 := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(x[h+2], x[h], lo02)
		VUNPCKHPS(x[h+2], x[h], hi02)
		VUNPCKLPS(x[h+3], x[h+1], lo13)
		VUNPCKHPS(x[h+3], x[h+1], hi13)
		for i, pair := range [][2]reg.VecVirtual{{lo02, lo13}, {hi02, hi13}} {
			y := YMM()
			VUNPCKLPS(pair[1], pair[0], y)
			VMOVUPS(y, to(2*i, 0))
			y = YMM()
			VUNPCKHPS(pair[1], pair[0], y)
			VMOVUPS(y, to(2*i+1, 0))
		}
		LEAQ(Mem{Base: dst, Index: dstRow, Scale: 4}, dst)
	}
	fetchRows(from, 8, 4)
	next(32)
	SUBQ(U8(8), n)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// transpose64 writes the copying of 4 rows to 4 columns, 4 by 4.
func transpose64() {
	TEXT("transpose64AVX", NOSPLIT, "func(dst *float64, dstRow int, src *float64, srcRow, n int)")
	Pragma("noescape")
	Doc("transpose64AVX turns 4 rows into 4 columns; n, a multiple of 4, is positive:", "",
		"\tfor l := range n {",
		"\t\tfor r := range 4 {",
		"\t\t\tdst[l*dstRow+r] = src[r*srcRow+l]",
		"\t\t}",
		"\t}", "",
		fmt.Sprintf("It fetches what is %d elements farther in each row, too.", transposeAhead))
	m := machine{bytes: 8}
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	from, next := rowPointers(src, m.distance("srcRow"), 4)
	dstRow := m.distance("dstRow")
	to, _ := rowPointers(dst, dstRow, 4)
	Label("block")
	Comment("Rows r and r+2 side by side, halves 0:2 and 2:4")
	for h := range 2 {
		x0, x1, y := YMM(), YMM(), YMM()
		VMOVUPD(from(0, 16*h), x0.AsX())
		VINSERTF128(U8(1), from(2, 16*h), x0, x0)
		VMOVUPD(from(1, 16*h), x1.AsX())
		VINSERTF128(U8(1), from(3, 16*h), x1, x1)
		VUNPCKLPD(x1, x0, y)
		VMOVUPD(y, to(2*h, 0))
		VUNPCKHPD(x1, x0, y)
		VMOVUPD(y, to(2*h+1, 0))
	}
	LEAQ(Mem{Base: dst, Index: dstRow, Scale: 4}, dst)
	fetchRows(from, 4, 8)
	next(32)
	SUBQ(U8(4), n)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}
