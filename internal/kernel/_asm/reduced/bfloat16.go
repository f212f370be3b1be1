package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bfloat16 multiplies rows of float32 with weights of bfloat16. A bfloat16 is the upper half of a float32, so two weights in
// 32 bits become two float32 by a shift and by a mask, exactly.
type bfloat16 struct {
	set
	rows, vectors int // of sums: rows·vectors·2
}

func (b bfloat16) write() {
	lanes := b.bytes / 4
	name := fmt.Sprintf("bfloat16Rows%d%s", b.rows, b.name)
	text(name, "k int, a *float32, lda int, b *uint32, step int, c *float32, ldc int",
		fmt.Sprintf("%s multiplies %s of a with %d columns of weights, k > 0:", name, rowsOf(b.rows), 2*b.vectors*lanes), "",
		fmt.Sprintf("\tfor i := range %d {", b.rows),
		fmt.Sprintf("\t\tfor v := range %d {", b.vectors),
		fmt.Sprintf("\t\t\tfor j := range %d {", lanes),
		"\t\t\t\tlow, high := 0, 0",
		"\t\t\t\tfor l := range k {",
		fmt.Sprintf("\t\t\t\t\tpair := b[l*step+v*%d+j]", lanes),
		"\t\t\t\t\tlow = fma(a[i*lda+l], float(pair<<16), low)",
		"\t\t\t\t\thigh = fma(a[i*lda+l], float(pair&0xffff0000), high)",
		"\t\t\t\t}",
		fmt.Sprintf("\t\t\t\tc[i*ldc+v*%d+j], c[i*ldc+v*%d+%d+j] = low, high", 2*lanes, 2*lanes, lanes),
		"\t\t\t}",
		"\t\t}",
		"\t}")
	r := registers{of: b.of}
	sums, elements, mask, low, high := r.some(2*b.rows*b.vectors), r.some(b.rows), r.take(), r.take(), r.take()
	for _, s := range sums {
		clear(s)
	}
	ones(mask)
	VPSLLD(U8(16), mask, mask)
	a := rowPointers("a", "lda", b.rows, 4)
	w, step := pointer("b"), pointer("step")
	SHLQ(U8(2), step)
	loop("next", func() {
		for i, p := range a {
			VBROADCASTSS(Mem{Base: p}, elements[i])
		}
		for v := range b.vectors {
			at := Mem{Base: w, Disp: v * b.bytes}
			if b.bytes == 64 {
				VPSLLD(U8(16), at, low)
				VPANDD(at, mask, high)
			} else {
				VMOVDQU(at, high)
				VPSLLD(U8(16), high, low)
				VPAND(high, mask, high)
			}
			for i, e := range elements {
				s := sums[2*(i*b.vectors+v):]
				VFMADD231PS(low, e, s[0])
				VFMADD231PS(high, e, s[1])
			}
		}
		ADDQ(step, w)
		for _, p := range a {
			ADDQ(U8(4), p)
		}
	})
	for i, p := range rowPointers("c", "ldc", b.rows, 4) {
		for v := range 2 * b.vectors {
			VMOVUPS(sums[2*i*b.vectors+v], Mem{Base: p, Disp: v * b.bytes})
		}
	}
	VZEROUPPER()
	RET()
}

// ones sets all bits.
func ones(x reg.VecPhysical) {
	if x.Size() == 64 {
		VPTERNLOGD(U8(255), x, x, x)
	} else {
		VPCMPEQD(x, x, x)
	}
}
