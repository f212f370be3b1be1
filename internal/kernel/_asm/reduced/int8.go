package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots multiplies rows of bytes from 0 to 255 with weights of 8 bits, four products and three additions at a time
// (VPDPBUSD of AVX512_VNNI). Sums of integers are exact, so their order does not matter.
type dots struct{ rows, vectors int }

func (d dots) write() {
	const lanes = 16
	name := fmt.Sprintf("int8Rows%dVNNI", d.rows)
	text(name, "k int, a *uint32, lda int, b *uint32, step int, offset *int32, scale *float32, scales *float32, c *float32, ldc int",
		fmt.Sprintf("%s multiplies %s of a, four elements in 32 bits and each 128 too large, with %d columns of weights, k > 0:",
			name, rowsOf(d.rows), d.vectors*lanes), "",
		fmt.Sprintf("\tfor i := range %d {", d.rows),
		fmt.Sprintf("\t\tfor j := range %d {", d.vectors*lanes),
		"\t\t\ts := 0",
		"\t\t\tfor l := range k {",
		"\t\t\t\ts += dot(a[i*lda+l], b[l*step+j]) // of 4 bytes: unsigned and signed",
		"\t\t\t}",
		"\t\t\tc[i*ldc+j] = float(s-offset[j]) * scale[i] * scales[j]",
		"\t\t}",
		"\t}")
	r := registers{of: avx512.of}
	sums, elements, w := r.some(d.rows*d.vectors), r.some(d.rows), r.take()
	for _, s := range sums {
		clear(s)
	}
	a, b, step := rowPointers("a", "lda", d.rows, 4), pointer("b"), pointer("step")
	SHLQ(U8(2), step)
	loop("next", func() {
		for i, p := range a {
			VPBROADCASTD(Mem{Base: p}, elements[i])
		}
		for v := range d.vectors {
			at := Mem{Base: b, Disp: 64 * v}
			if d.rows == 1 {
				VPDPBUSD(at, elements[0], sums[v])
				continue
			}
			VMOVDQU32(at, w)
			for i, e := range elements {
				VPDPBUSD(w, e, sums[i*d.vectors+v])
			}
		}
		ADDQ(step, b)
		for _, p := range a {
			ADDQ(U8(4), p)
		}
	})
	offset, scale, scales := pointer("offset"), pointer("scale"), pointer("scales")
	for i, p := range rowPointers("c", "ldc", d.rows, 4) {
		VBROADCASTSS(Mem{Base: scale, Disp: 4 * i}, w)
		for v := range d.vectors {
			s := sums[i*d.vectors+v]
			VPSUBD(Mem{Base: offset, Disp: 64 * v}, s, s)
			VCVTDQ2PS(s, s)
			VMULPS(w, s, s)
			VMULPS(Mem{Base: scales, Disp: 64 * v}, s, s)
			VMOVUPS(s, Mem{Base: p, Disp: 64 * v})
		}
	}
	VZEROUPPER()
	RET()
}

// VPDPBUSD is sum += dot(a, w) in each 32 bits, a unsigned and w signed bytes. avo does not know it; Go's assembler does.
func VPDPBUSD(w, a, sum Op) {
	Instruction(&ir.Instruction{Opcode: "VPDPBUSD", Operands: []Op{w, a, sum}, Inputs: []Op{w, a, sum}, Outputs: []Op{sum}})
}

// widened writes the same for AVX2, with one row and 32 columns: weights become 16 bits (VPMOVSXBW), and products of two
// pairs of them 32 (VPMADDWD).
func widened() {
	const vectors = 8 // of sums, with two sums for each of 4 columns
	text("int8RowAVX2", "k int, a *uint64, b *uint32, step int, scale *float32, scales *float32, c *float32",
		"int8RowAVX2 multiplies one row of a, four elements of 16 bits in 64 bits, with 32 columns of weights, k > 0:", "",
		"\tfor j := range 32 {",
		"\t\ts := 0",
		"\t\tfor l := range k {",
		"\t\t\ts += dot(a[l], b[l*step+j]) // of 4 numbers: 16 bits and 8",
		"\t\t}",
		"\t\tc[j] = float(s) * *scale * scales[j]",
		"\t}")
	r := registers{of: avx2.of}
	sums, element, w := r.some(vectors), r.take(), r.take()
	for _, s := range sums {
		clear(s)
	}
	a, b, step := pointer("a"), pointer("b"), pointer("step")
	SHLQ(U8(2), step)
	loop("next", func() {
		VPBROADCASTQ(Mem{Base: a}, element)
		for v, s := range sums {
			VPMOVSXBW(Mem{Base: b, Disp: 16 * v}, w)
			VPMADDWD(element, w, w)
			VPADDD(w, s, s)
		}
		ADDQ(step, b)
		ADDQ(U8(8), a)
	})
	scale, scales, c := pointer("scale"), pointer("scales"), pointer("c")
	VBROADCASTSS(Mem{Base: scale}, element)
	for v := 0; v < vectors; v += 2 {
		s := sums[v]
		// Columns 0, 1, 4, 5, 2, 3, 6, 7 of eight, in pairs of 64 bits, then in order.
		VPHADDD(sums[v+1], s, s)
		VPERMQ(U8(0b11011000), s, s)
		finish(s, element, scales, c, 16*v)
	}
	VZEROUPPER()
	RET()
}

func finish(s, scale reg.VecPhysical, scales, c reg.GPVirtual, disp int) {
	VCVTDQ2PS(s, s)
	VMULPS(scale, s, s)
	VMULPS(Mem{Base: scales, Disp: disp}, s, s)
	VMOVUPS(s, Mem{Base: c, Disp: disp})
}
